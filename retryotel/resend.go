package retryotel

import (
	"net/http"

	"github.com/callagain/retry"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Resend returns a RoundTripper that sets http.request.resend_count on the span of each request that is sent again, as OpenTelemetry's
// conventions for HTTP ask, and is like base otherwise. It stands inside of the transport that makes the spans, and retryhttp outside, so
// that there is a span for each sending:
//
//	&retryhttp.Transport{Base: otelhttp.NewTransport(retryotel.Resend(http.DefaultTransport))}
//
// A nil base is http.DefaultTransport.
func Resend(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return resend{base}
}

type resend struct{ base http.RoundTripper }

func (r resend) RoundTrip(req *http.Request) (*http.Response, error) {
	if n := retry.Attempt(req.Context()); n > 1 {
		trace.SpanFromContext(req.Context()).SetAttributes(attribute.Int("http.request.resend_count", n-1))
	}
	return r.base.RoundTrip(req)
}

// CloseIdleConnections does what the base does.
func (r resend) CloseIdleConnections() {
	if c, ok := r.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
