package retryotel_test

import (
	"maps"
	"testing"
	"time"

	"github.com/callagain/retry/retryotel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// The metrics have the names, units and labels of gRFC A96, and nothing is reported of what didn't happen. With clients and servers they
// are in retrygrpc/internal/peers.
func TestGRPC(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	g := retryotel.NewGRPC(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	g.RecordCall(t.Context(), "dns:///shop:443", "shop.Cart/Get", 2, 0, 0, 1500*time.Millisecond)
	g.RecordCall(t.Context(), "dns:///shop:443", "shop.Cart/Get", 1, 3, 0, 0)
	g.RecordCall(t.Context(), "dns:///shop:443", "shop.Cart/List", 0, 0, 4, 0)
	want := map[string]string{
		"grpc.client.call.retries{shop.Cart/Get,dns:///shop:443}":             "2 3 {retry}",
		"grpc.client.call.transparent_retries{shop.Cart/Get,dns:///shop:443}": "1 3 {transparent_retry}",
		"grpc.client.call.hedges{shop.Cart/List,dns:///shop:443}":             "1 4 {hedge}",
		"grpc.client.call.retry_delay{shop.Cart/Get,dns:///shop:443}":         "1 1.5 s",
	}
	if got := collect(t, reader); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	retryotel.NewGRPC(nil).RecordCall(t.Context(), "", "", 1, 1, 1, 1) // to nobody
}
