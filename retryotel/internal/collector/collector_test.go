// Package collector sends what retryotel reports to the OTLP receiver of the OpenTelemetry Collector, over a real connection. It is a
// module of its own: nobody who uses retryotel needs a collector.
package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryotel"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A collector keeps what has arrived.
type collector struct {
	address string
	mu      sync.Mutex
	spans   []ptrace.Span
	metrics map[string]pmetric.Metric
}

// start starts a receiver on loopback.
func start(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]pmetric.Metric{}}
	traces, err := consumer.NewTraces(c.traces)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := consumer.NewMetrics(c.measurements)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // another program may take the port first
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.address = l.Addr().String()
		l.Close()
		factory := otlpreceiver.NewFactory()
		config := factory.CreateDefaultConfig()
		conf := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": c.address}}})
		if err := conf.Unmarshal(config); err != nil {
			t.Fatal(err)
		}
		settings := receiver.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
		// Both are one server: the factory knows the config.
		tr, err := factory.CreateTraces(t.Context(), settings, config, traces)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := factory.CreateMetrics(t.Context(), settings, config, metrics); err != nil {
			t.Fatal(err)
		}
		if err := tr.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Log(err)
			continue
		}
		t.Cleanup(func() {
			if err := tr.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return c
	}
	t.Fatal("no receiver")
	return nil
}

func (c *collector) traces(_ context.Context, td ptrace.Traces) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range td.ResourceSpans().All() {
		for _, s := range r.ScopeSpans().All() {
			for _, span := range s.Spans().All() {
				kept := ptrace.NewSpan()
				span.CopyTo(kept)
				c.spans = append(c.spans, kept)
			}
		}
	}
	return nil
}

func (c *collector) measurements(_ context.Context, md pmetric.Metrics) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range md.ResourceMetrics().All() {
		for _, s := range r.ScopeMetrics().All() {
			for _, m := range s.Metrics().All() {
				kept := pmetric.NewMetric()
				m.CopyTo(kept)
				c.metrics[m.Name()] = kept
			}
		}
	}
	return nil
}

// of returns attributes in the order of their names.
func of(m pcommon.Map) string {
	all := m.AsRaw()
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprintf("%s=%v", k, all[k]))
	}
	return strings.Join(parts, " ")
}

var errBusy = errors.New("503 from https://u:SECRET@host/x?token=SECRET")

// What arrives at a collector is what was sent: a span for each attempt, and each metric with its unit and values.
func TestWhatArrivesIsWhatWasSent(t *testing.T) {
	c := start(t)
	ctx := t.Context()
	spans, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(c.address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	metrics, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(c.address), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics, sdkmetric.WithInterval(time.Hour))))
	budget := &retry.Budget{Name: "search"}
	if _, err := retryotel.ObserveBudgets(mp, budget); err != nil {
		t.Fatal(err)
	}
	policy := retryotel.Instrument(retry.Policy{Name: "search", Backoff: retry.List{0, 0, time.Millisecond}, Budget: budget}, retryotel.Settings{TracerProvider: tp, MeterProvider: mp})

	parent, caller := tp.Tracer("test").Start(ctx, "caller")
	fails := 2
	if err := retry.Do(parent, policy, func(context.Context) error {
		if fails--; fails >= 0 {
			return errBusy
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	caller.End()
	if err := retry.Do(ctx, policy, func(context.Context) error { return retry.Stop(errBusy) }); err == nil {
		t.Fatal("no failure")
	}
	if err := errors.Join(tp.Shutdown(ctx), mp.Shutdown(ctx)); err != nil {
		t.Fatal(err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	var got []string
	for _, s := range c.spans {
		under := ""
		if s.TraceID() == pcommon.TraceID(caller.SpanContext().TraceID()) && s.ParentSpanID() == pcommon.SpanID(caller.SpanContext().SpanID()) {
			under = "under caller: "
		}
		if strings.Contains(s.Status().Message(), "SECRET") || s.EndTimestamp() < s.StartTimestamp() {
			t.Errorf("a span has %v from %v to %v", s.Status(), s.StartTimestamp(), s.EndTimestamp())
		}
		got = append(got, fmt.Sprint(under, s.Name(), " ", s.Kind(), " ", s.Status().Code(), " ", of(s.Attributes())))
	}
	want := []string{
		"under caller: retry.attempt Internal Error retry.attempt=1 retry.delay=0 retry.policy=search",
		"under caller: retry.attempt Internal Error retry.attempt=2 retry.delay=0 retry.policy=search",
		"under caller: retry.attempt Internal Unset retry.attempt=3 retry.delay=0.001 retry.policy=search",
		"caller Internal Unset retry.attempts=3 retry.outcome=succeeded",
		"retry.attempt Internal Error retry.attempt=1 retry.delay=0 retry.policy=search",
	}
	slices.Sort(got) // they come by scope
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the spans are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	histogram := func(m pmetric.Metric) (points []string) {
		for _, p := range m.Histogram().DataPoints().All() {
			points = append(points, fmt.Sprintf("%s: %d", of(p.Attributes()), p.Count()))
			if m.Unit() != "s" {
				points[len(points)-1] += fmt.Sprintf(" of %v in %v above %v", p.Sum(), p.BucketCounts().AsRaw(), p.ExplicitBounds().AsRaw())
			}
		}
		slices.Sort(points)
		return points
	}
	numbers := func(points pmetric.NumberDataPointSlice) (all []string) {
		for _, p := range points.All() {
			all = append(all, fmt.Sprintf("%s: %d", of(p.Attributes()), p.IntValue()))
		}
		return all
	}
	arrived := map[string]string{}
	for name, m := range c.metrics {
		var points []string
		switch m.Type() {
		case pmetric.MetricTypeHistogram:
			points = histogram(m)
		case pmetric.MetricTypeSum:
			points = numbers(m.Sum().DataPoints())
			if m.Sum().IsMonotonic() {
				points = append(points, "monotonic")
			}
		case pmetric.MetricTypeGauge:
			points = numbers(m.Gauge().DataPoints())
		}
		arrived[name] = m.Unit() + "; " + strings.Join(points, "; ")
	}
	for name, want := range map[string]string{
		"retry.call.attempts": "{attempt}; retry.outcome=stopped retry.policy=search: 1 of 1 in [1 0 0 0 0 0 0 0 0] above [1 2 3 5 10 20 50 100]; " +
			"retry.outcome=succeeded retry.policy=search: 1 of 3 in [0 0 1 0 0 0 0 0 0] above [1 2 3 5 10 20 50 100]",
		"retry.call.duration":    "s; retry.outcome=stopped retry.policy=search: 1; retry.outcome=succeeded retry.policy=search: 1",
		"retry.delay":            "s; retry.policy=search: 2",
		"retry.calls.waiting":    "{call}; retry.policy=search: 0",
		"retry.budget.available": "{retry}; retry.budget=search: 1",
		"retry.budget.paused":    "1; retry.budget=search: 0",
		"retry.budget.granted":   "{retry}; retry.budget=search: 2; monotonic",
		"retry.budget.refused":   "{retry}; retry.budget=search: 0; monotonic",
	} {
		if arrived[name] != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, arrived[name], want)
		}
	}
	if len(arrived) != 8 {
		t.Errorf("there are more: %v", slices.Sorted(maps.Keys(arrived)))
	}
}
