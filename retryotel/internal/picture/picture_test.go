package picture

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retryotel"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

var update = flag.Bool("update", false, "draw the picture anew")

// A server is busy, then silent, then well again.
type server struct{ n int }

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}
	switch s.n++; s.n {
	case 1:
		time.Sleep(60 * time.Millisecond)
		resp.StatusCode = http.StatusServiceUnavailable
	case 2:
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	default:
		time.Sleep(80 * time.Millisecond)
	}
	return resp, nil
}

// record records a call that needs three attempts, in virtual time.
func record(t *testing.T) tracetest.SpanStubs {
	spans := tracetest.NewInMemoryExporter()
	synctest.Test(t, func(t *testing.T) {
		tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
		client := &http.Client{Transport: &retryhttp.Transport{
			Policy: retryotel.Instrument(retry.Policy{
				Name:    "orders",
				Backoff: retry.List{0, 100 * time.Millisecond, 200 * time.Millisecond},
				Timeout: 250 * time.Millisecond,
			}, retryotel.Settings{TracerProvider: tp, MeterProvider: noop.NewMeterProvider()}),
			Base: otelhttp.NewTransport(retryotel.Resend(new(server)), otelhttp.WithTracerProvider(tp), otelhttp.WithMeterProvider(noop.NewMeterProvider())),
		}}
		ctx, span := tp.Tracer("shop").Start(t.Context(), "show order 7")
		req, err := http.NewRequestWithContext(ctx, "GET", "http://orders.example/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		span.End()
	})
	return spans.GetSpans()
}

// The picture is what is recorded now.
func TestPictureIsUpToDate(t *testing.T) {
	const file = "../../../docs/pictures/trace.svg"
	got := Draw("A call that needed three attempts", record(t))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("docs/pictures/trace.svg isn't what is drawn now (%v); run: go -C retryotel test ./internal/picture -update", err)
	}
	if strings.Count(got, "<rect") != 7 || strings.Count(got, `class="bad"`) != 4 {
		t.Errorf("it has not a caller's span, three attempts and three requests, of which two failed:\n%s", got)
	}
}
