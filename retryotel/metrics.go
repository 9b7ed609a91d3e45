package retryotel

import (
	"context"
	"sync"
	"time"

	"github.com/callagain/retry"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are those of one policy.
type metrics struct {
	attempts metric.Int64Histogram
	duration metric.Float64Histogram
	delay    metric.Float64Histogram
	waiting  metric.Int64UpDownCounter

	policy []metric.RecordOption // made once, as the others, not for each call
	calls  []metric.AddOption
	ends   map[string][]metric.RecordOption // by outcome

	success []metric.RecordOption // is what most calls are

	mu      sync.Mutex
	waiters map[uint64]time.Duration // calls in a delay, and what each had waited before it
}

var outcomes = []string{"succeeded", "stopped", "canceled", "exhausted", "late", "budget", "invalid", "panicked"}

// newMetrics makes the instruments. An instrument that can't be made is reported to OpenTelemetry's error handler, and
// records nothing.
func newMetrics(m metric.Meter, policy string) *metrics {
	name := policyKey.String(policy)
	x := &metrics{
		policy:  []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(name))},
		calls:   []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(name))},
		ends:    map[string][]metric.RecordOption{},
		waiters: map[uint64]time.Duration{},
	}
	for _, o := range outcomes {
		x.ends[o] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(name, outcomeKey.String(o)))}
	}
	x.success = x.ends["succeeded"]
	var errs [4]error
	x.attempts, errs[0] = m.Int64Histogram("retry.call.attempts", metric.WithUnit("{attempt}"),
		metric.WithDescription("Attempts of a call that has ended."), metric.WithExplicitBucketBoundaries(1, 2, 3, 5, 10, 20, 50, 100))
	x.duration, errs[1] = m.Float64Histogram("retry.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of a call with all of its attempts and delays."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300))
	x.delay, errs[2] = m.Float64Histogram("retry.delay", metric.WithUnit("s"),
		metric.WithDescription("Delay before a retry."), metric.WithExplicitBucketBoundaries(0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120))
	x.waiting, errs[3] = m.Int64UpDownCounter("retry.calls.waiting", metric.WithUnit("{call}"),
		metric.WithDescription("Calls that wait for their next attempt."))
	for _, err := range errs {
		if err != nil {
			otel.Handle(err)
		}
	}
	return x
}

// record records an event.
func (x *metrics) record(ctx context.Context, e retry.Event) {
	if e.Retry {
		x.delay.Record(ctx, e.Delay.Seconds(), x.policy...)
		if e.Delay > 0 {
			x.mu.Lock()
			x.waiters[e.Call] = e.Waited
			x.mu.Unlock()
			x.waiting.Add(ctx, 1, x.calls...)
		}
		return
	}
	if e.Err != nil || e.Attempt > 1 { // or else it has never waited
		x.forget(ctx, e)
	}
	end := x.success
	if e.Err != nil {
		var ok bool
		if end, ok = x.ends[e.Outcome()]; !ok {
			end = x.policy
		}
	}
	x.attempts.Record(ctx, int64(e.Attempt), end...)
	x.duration.Record(ctx, e.Elapsed.Seconds(), end...)
}

// forget ends a call. If that is in a delay, the call no longer waits.
func (x *metrics) forget(ctx context.Context, e retry.Event) {
	x.mu.Lock()
	before, known := x.waiters[e.Call]
	delete(x.waiters, e.Call)
	x.mu.Unlock()
	if known && before == e.Waited {
		x.waiting.Add(ctx, -1, x.calls...)
	}
}

// woken records that a call's delay has passed.
func (x *metrics) woken(ctx context.Context, delay time.Duration) {
	if delay > 0 {
		x.waiting.Add(ctx, -1, x.calls...)
	}
}

// ObserveBudgets reports how budgets stand, each time metrics are collected, by retry.budget, the budget's name: retry.budget.available ({retry}),
// retry.budget.paused (1 while it is paused), and the counters retry.budget.granted and retry.budget.refused ({retry}). The
// budgets must have different names. A nil provider is the global one. The registration ends it.
func ObserveBudgets(provider metric.MeterProvider, budgets ...*retry.Budget) (metric.Registration, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	m := provider.Meter(scope)
	available, err := m.Int64ObservableGauge("retry.budget.available", metric.WithUnit("{retry}"), metric.WithDescription("Retries that the budget would allow now."))
	if err != nil {
		return nil, err
	}
	paused, err := m.Int64ObservableGauge("retry.budget.paused", metric.WithUnit("1"), metric.WithDescription("1 while the budget is paused."))
	if err != nil {
		return nil, err
	}
	granted, err := m.Int64ObservableCounter("retry.budget.granted", metric.WithUnit("{retry}"), metric.WithDescription("Retries that the budget granted."))
	if err != nil {
		return nil, err
	}
	refused, err := m.Int64ObservableCounter("retry.budget.refused", metric.WithUnit("{retry}"), metric.WithDescription("Retries that the budget refused."))
	if err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, b := range budgets {
			name := metric.WithAttributes(attribute.String("retry.budget", b.Name))
			stopped := int64(0)
			if b.Paused() > 0 {
				stopped = 1
			}
			o.ObserveInt64(available, int64(b.Available()), name)
			o.ObserveInt64(paused, stopped, name)
			o.ObserveInt64(granted, b.Granted(), name)
			o.ObserveInt64(refused, b.Refused(), name)
		}
		return nil
	}, available, paused, granted, refused)
}
