package peers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"github.com/callagain/retry/retryotel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// reported returns the number of calls in each histogram and their sum, by name and labels; no sum for seconds.
func reported(t *testing.T, r sdkmetric.Reader) map[string]string {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.Collect(context.Background(), &data); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range data.ScopeMetrics {
		for _, m := range s.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Histogram[int64]:
				for _, p := range d.DataPoints {
					method, _ := p.Attributes.Value("grpc.method")
					target, _ := p.Attributes.Value("grpc.target")
					got[m.Name+" "+method.AsString()+" "+target.AsString()] = fmt.Sprint(p.Count, " ", p.Sum)
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					method, _ := p.Attributes.Value("grpc.method")
					if p.Sum > 0 {
						got[m.Name+" "+method.AsString()] = fmt.Sprint(p.Count)
					}
				}
			}
		}
	}
	return got
}

// A client of a real server reports what gRFC A96 asks for: retries, those that grpc-go makes by itself, hedges and delays, by target and method.
func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	recorder := retrygrpc.WithRecorder(retryotel.NewGRPC(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	hedge := retrygrpc.WithHedge(retry.HedgeSettings{AtOnce: true, Attempts: 3, Unlimited: true}, Get)
	policy := retry.Policy{Backoff: retry.Constant(time.Millisecond)}

	var calls atomic.Int64
	var hedged sync.WaitGroup // an answer before the last hedge starts would keep it from starting
	hedged.Add(3)
	_, addr := Serve(t, Service{
		Unary: func(_ context.Context, method string, v int64) (int64, error) {
			if method == Get {
				hedged.Done()
				hedged.Wait()
				return v, nil
			}
			if calls.Add(1)%3 != 0 {
				return 0, status.Error(codes.Unavailable, "no")
			}
			return v, nil
		},
		Stream: func(_ string, s grpc.ServerStream) error {
			if calls.Add(1)%3 != 0 {
				return status.Error(codes.Unavailable, "no")
			}
			return nil
		},
	})
	conn := Dial(t, addr, retrygrpc.DialOptions(policy, noBudget, recorder, hedge)...)
	for range 2 {
		if _, err := Call(t.Context(), conn, Add, 1); err != nil { // two retries each
			t.Fatal(err)
		}
	}
	if _, err := Call(t.Context(), conn, Get, 1); err != nil { // two hedges
		t.Fatal(err)
	}
	s, err := Open(t.Context(), conn, List, 1) // two retries
	if err != nil {
		t.Fatal(err)
	}
	Recv(s)
	target := conn.CanonicalTarget()

	// grpc-go makes a call again by itself that the server refused before looking at it.
	raw := NewRaw(t, func(n int64, s RawStream) {
		if n == 1 {
			s.Framer.WriteRSTStream(s.ID, http2.ErrCodeRefusedStream)
			return
		}
		s.OK(7)
	})
	refused := Dial(t, raw.Addr, retrygrpc.DialOptions(policy, recorder)...)
	if _, err := Call(t.Context(), refused, Put, 1); err != nil {
		t.Fatal(err)
	}

	// A name that no generated code has may be anybody's.
	Call(t.Context(), Dial(t, "127.0.0.1:1", retrygrpc.DialOptions(policy, recorder)...), "/from/outside", 1)

	const add, get, list, put = "callagain.test.Counter/Add", "callagain.test.Counter/Get", "callagain.test.Counter/List", "callagain.test.Counter/Put"
	want := map[string]string{
		"grpc.client.call.retries " + add + " " + target:                                "2 4",
		"grpc.client.call.retries " + list + " " + target:                               "1 2",
		"grpc.client.call.hedges " + get + " " + target:                                 "1 2",
		"grpc.client.call.transparent_retries " + put + " " + refused.CanonicalTarget(): "1 1",
		"grpc.client.call.retries other dns:///127.0.0.1:1":                             "1 3",
		"grpc.client.call.retry_delay " + add:                                           "2",
		"grpc.client.call.retry_delay " + list:                                          "1",
		"grpc.client.call.retry_delay other":                                            "1",
	}
	if got := reported(t, reader); !maps.Equal(got, want) {
		for _, k := range slices.Sorted(maps.Keys(got)) {
			t.Logf("%s: %s", k, got[k])
		}
		t.Errorf("want %v", want)
	}
}
