package retryotel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// GRPC makes the metrics of gRFC A96 of what packages retrygrpc and retryconnect tell it, as their option WithRecorder wants it:
//
//	retrygrpc.DialOptions(policy, retrygrpc.WithRecorder(retryotel.NewGRPC(nil)))
//
// They are grpc.client.call.retries ({retry}), grpc.client.call.transparent_retries ({transparent_retry}), grpc.client.call.hedges ({hedge}) and
// grpc.client.call.retry_delay (s), histograms by grpc.target and grpc.method; a 0 isn't reported. It may be shared by any number of clients.
type GRPC struct {
	retries, transparent, hedges metric.Int64Histogram
	delay                        metric.Float64Histogram
}

// NewGRPC returns a GRPC that reports to the provider; to the global one if that is nil. An instrument that can't be made is reported to
// OpenTelemetry's error handler, and records nothing.
func NewGRPC(provider metric.MeterProvider) *GRPC {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	m := provider.Meter(scope)
	count := func(name, unit, text string, bounds ...float64) metric.Int64Histogram {
		h, err := m.Int64Histogram(name, metric.WithUnit(unit), metric.WithDescription(text), metric.WithExplicitBucketBoundaries(bounds...))
		if err != nil {
			otel.Handle(err)
		}
		return h
	}
	g := &GRPC{
		retries:     count("grpc.client.call.retries", "{retry}", "Retries of a call that was retried.", 1, 2, 3, 4, 5),
		transparent: count("grpc.client.call.transparent_retries", "{transparent_retry}", "Transparent retries of a call that had some.", 1, 2, 3, 4, 5, 10),
		hedges:      count("grpc.client.call.hedges", "{hedge}", "Hedges of a call that was hedged.", 1, 2, 3, 4, 5),
	}
	var err error
	g.delay, err = m.Float64Histogram("grpc.client.call.retry_delay", metric.WithUnit("s"),
		metric.WithDescription("Delays of a call during which it had no attempt."),
		metric.WithExplicitBucketBoundaries(latencyBounds...))
	if err != nil {
		otel.Handle(err)
	}
	return g
}

// latencyBounds are those of gRFC A66, in seconds.
var latencyBounds = []float64{0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013, 0.016,
	0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100}

// RecordCall records what one call took. See retrygrpc.Recorder.
func (g *GRPC) RecordCall(ctx context.Context, target, method string, retries, transparentRetries, hedges int, delay time.Duration) {
	of := metric.WithAttributes(attribute.String("grpc.target", target), attribute.String("grpc.method", method))
	for _, c := range []struct {
		histogram metric.Int64Histogram
		n         int
	}{{g.retries, retries}, {g.transparent, transparentRetries}, {g.hedges, hedges}} {
		if c.n > 0 {
			c.histogram.Record(ctx, int64(c.n), of)
		}
	}
	if delay > 0 {
		g.delay.Record(ctx, delay.Seconds(), of)
	}
}
