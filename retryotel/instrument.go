package retryotel

import (
	"context"

	"github.com/callagain/retry"
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

	// NoSpans leaves out the spans. The metric of waiting calls needs them as well, since both stand on [retry.Policy.Around].
	NoSpans bool
}

// Instrument returns p with reports to OpenTelemetry added to its Around and Observe, which are kept. Do it once for each policy, not
// once for each call. The result may be shared as p may.
//
// Each attempt has an internal span "retry.attempt", a child of the caller's, with the policy's name, the attempt's number and the delay
// before it. A failed attempt has the status Error, and its failure's text without secrets of URLs. How the call ended goes to the
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
		metrics: newMetrics(s.MeterProvider.Meter(scope), p.Name, !s.NoSpans),
		tracer:  s.TracerProvider.Tracer(scope),
		name:    policyKey.String(p.Name),
		around:  p.Around,
		observe: p.Observe,
	}
	p.Observe = i.event
	if !s.NoSpans {
		p.Around = i.attempt
	}
	return p
}

type instrument struct {
	*metrics
	tracer  trace.Tracer
	name    attribute.KeyValue
	around  func(context.Context, func(context.Context) error) error
	observe func(context.Context, retry.Event)
}

// attempt is the policy's Around.
func (i *instrument) attempt(ctx context.Context, attempt func(context.Context) error) (err error) {
	n, delay := retry.Attempt(ctx), retry.Delay(ctx)
	i.woken(ctx, n, delay)
	ctx, span := i.tracer.Start(ctx, "retry.attempt")
	returned := false
	defer func() {
		if !returned {
			span.SetStatus(codes.Error, "the attempt panicked or exited its goroutine")
		}
		span.End()
	}()
	if span.IsRecording() {
		span.SetAttributes(i.name, attemptKey.Int(n), delayKey.Float64(delay.Seconds()))
	}
	if i.around != nil {
		err = i.around(ctx, attempt)
	} else {
		err = attempt(ctx)
	}
	if returned = true; err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, text(err))
	}
	return err
}

// event is the policy's Observe.
func (i *instrument) event(ctx context.Context, e retry.Event) {
	i.record(ctx, e)
	if span := trace.SpanFromContext(ctx); !e.Retry && span.IsRecording() {
		span.SetAttributes(outcomeKey.String(e.Outcome()), attemptsKey.Int(e.Attempt))
	}
	if i.observe != nil {
		i.observe(ctx, e)
	}
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
