//go:build unix

package retryotel_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// BenchmarkSuccess compares a success of an instrumented policy with the bare call, and with the same spans and measurements made by hand
// around it, which is what OpenTelemetry costs.
func BenchmarkSuccess(b *testing.B) {
	f := func(context.Context) error { return nil }
	nothing := retryotel.Settings{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: noop.NewMeterProvider()}
	meters := func() metric.MeterProvider {
		return sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	}
	never := retryotel.Settings{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), MeterProvider: meters()}
	always := retryotel.Settings{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discard{})), MeterProvider: meters()}
	metricsOnly := always
	metricsOnly.NoSpans = true
	name := func(s string) retry.Policy { return retry.Policy{Name: s} }
	for _, bench := range []struct {
		name string
		call func(context.Context)
	}{
		{"bare", do(name("search"), f)},
		{"noop", do(retryotel.Instrument(name("search"), nothing), f)},
		{"unsampled", do(retryotel.Instrument(name("search"), never), f)},
		{"unsampled_by_hand", byHand(never, name("search"), f)},
		{"metrics", do(retryotel.Instrument(name("search"), metricsOnly), f)},
		{"sdk", do(retryotel.Instrument(name("search"), always), f)},
		{"sdk_by_hand", byHand(always, name("search"), f)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpu(b)
			for b.Loop() {
				bench.call(context.Background())
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu returns the processor time that was used so far: on a busy machine, ratios of it still hold.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func do(p retry.Policy, f func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) { retry.Do(ctx, p, f) }
}

// byHand makes the span and the measurements of a success around a bare call, as well as that can be done.
func byHand(s retryotel.Settings, p retry.Policy, f func(context.Context) error) func(context.Context) {
	tracer, meter := s.TracerProvider.Tracer("hand"), s.MeterProvider.Meter("hand")
	attempts, _ := meter.Int64Histogram("hand.attempts")
	duration, _ := meter.Float64Histogram("hand.duration")
	name := attribute.String("retry.policy", p.Name)
	set := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(name, attribute.String("retry.outcome", "succeeded")))}
	return func(ctx context.Context) {
		began := time.Now()
		retry.Do(ctx, p, func(ctx context.Context) error {
			ctx, span := tracer.Start(ctx, "retry.attempt")
			defer span.End()
			if span.IsRecording() {
				span.SetAttributes(name, attribute.Int("retry.attempt", retry.Attempt(ctx)), attribute.Float64("retry.delay", retry.Delay(ctx).Seconds()))
			}
			return f(ctx)
		})
		attempts.Record(ctx, 1, set...)
		duration.Record(ctx, time.Since(began).Seconds(), set...)
		if span := trace.SpanFromContext(ctx); span.IsRecording() {
			span.SetAttributes(attribute.String("retry.outcome", "succeeded"), attribute.Int("retry.attempts", 1))
		}
	}
}

// discard keeps no span: what is measured is what it takes to make one.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }
