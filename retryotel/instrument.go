package retryotel

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/probe"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/callagain/retry/retryotel"

// The attributes of spans and metrics. OpenTelemetry has no conventions for retrying; these are ours.
const (
	policyKey   = attribute.Key("retry.policy")   // the policy's name
	attemptKey  = attribute.Key("retry.attempt")  // the attempt's number, from 1
	delayKey    = attribute.Key("retry.delay")    // before the attempt, in seconds
	outcomeKey  = attribute.Key("retry.outcome")  // how the call ended, as retry.Event.Outcome has it
	attemptsKey = attribute.Key("retry.attempts") // how many a call has made
)

// Settings say where to report to. The zero value reports to the global providers.
type Settings struct {
	// TracerProvider makes the spans. If it is nil, it is the global one.
	TracerProvider trace.TracerProvider

	// MeterProvider makes the metrics. If it is nil, it is the global one.
	MeterProvider metric.MeterProvider

	// NoSpans leaves out the spans.
	NoSpans bool
}

// Instrument returns p with reports to OpenTelemetry. Its Around and Observe are kept. Do it once for each policy, not once for each call. The
// result may be shared as p may.
//
// Each attempt has an internal span "retry.attempt", a child of the caller's, with the policy's name, the attempt's number and the delay
// before it. The policy's Around is inside of it. A failed attempt has the status Error, and its failure's text without secrets of URLs. How the call ended goes to the
// caller's span as retry.outcome and retry.attempts; the caller's status is left to the caller, since a failure that was retried with success is
// handled.
//
// The metrics are retry.call.attempts ({attempt}) and retry.call.duration (s), both by retry.policy and retry.outcome, retry.delay (s) by
// retry.policy, and retry.calls.waiting ({call}).
func Instrument(p retry.Policy, s Settings) retry.Policy {
	if s.TracerProvider == nil {
		s.TracerProvider = otel.GetTracerProvider()
	}
	if s.MeterProvider == nil {
		s.MeterProvider = otel.GetMeterProvider()
	}
	i := &instrument{
		metrics: newMetrics(s.MeterProvider.Meter(scope), p.Name),
		name:    policyKey.String(p.Name),
		observe: p.Observe,
	}
	if !s.NoSpans {
		i.tracer = s.TracerProvider.Tracer(scope)
	}
	p.Observe = i.event
	return probe.Add(p, i, func(probe.Probe) bool { return false }).(retry.Policy)
}

// An instrument is the probe of a policy, which sees the attempts, and its Observe, which sees the calls.
type instrument struct {
	*metrics
	tracer  trace.Tracer // nil if there are no spans
	name    attribute.KeyValue
	observe func(context.Context, retry.Event)
}

// Begin begins the span of an attempt.
func (i *instrument) Begin(ctx context.Context, attempt int) (context.Context, any) {
	var delay time.Duration
	if attempt > 1 {
		delay = retry.Delay(ctx)
		i.woken(ctx, delay)
	}
	if i.tracer == nil {
		return ctx, nil
	}
	before := ctx
	ctx, span := i.tracer.Start(before, "retry.attempt")
	if span.IsRecording() {
		if attempt == 1 {
			delay = retry.Delay(before)
		}
		span.SetAttributes(i.name, attemptKey.Int(attempt), delayKey.Float64(delay.Seconds()))
	}
	return ctx, span
}

// End ends the span.
func (i *instrument) End(begun any, o probe.Outcome, _ int, failure error) {
	span, ok := begun.(trace.Span)
	if !ok {
		return
	}
	defer span.End()
	switch {
	case o == probe.Succeeded || !span.IsRecording():
	case o == probe.Panicked:
		span.SetStatus(codes.Error, "the attempt panicked or exited its goroutine")
	default:
		span.SetStatus(codes.Error, text(failure))
	}
}

// event is the policy's Observe.
func (i *instrument) event(ctx context.Context, e retry.Event) {
	i.record(ctx, e)
	if span := trace.SpanFromContext(ctx); !e.Retry && span.IsRecording() {
		span.SetAttributes(outcomeKey.String(e.Outcome()), attemptsKey.Int(e.Attempt))
	}
	if i.observe == nil {
		return
	}
	returned := false
	defer func() {
		if !returned && e.Retry {
			i.forget(ctx, e) // a call whose Observe panics is told nothing more
		}
	}()
	i.observe(ctx, e)
	returned = true
}

// text returns the text of err as logs have it: without secrets, and bounded.
func text(err error) string {
	for _, a := range (retry.Event{Err: err}).LogValue().Group() {
		if a.Key == "err" {
			return a.Value.String()
		}
	}
	return ""
}
