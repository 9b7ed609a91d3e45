package retryotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrydebug"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retryotel"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

var errBusy = errors.New("503 from https://u:SECRET@host/x?token=SECRET")

// failing fails n times, and then succeeds.
func failing(n int) func(context.Context) error {
	return func(context.Context) error {
		if n--; n >= 0 {
			return errBusy
		}
		return nil
	}
}

func traced() (*tracetest.InMemoryExporter, *sdktrace.TracerProvider) {
	e := tracetest.NewInMemoryExporter()
	return e, sdktrace.NewTracerProvider(sdktrace.WithSyncer(e))
}

func attr(s tracetest.SpanStub, key string) string {
	for _, a := range s.Attributes {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

func TestEachAttemptHasASpanUnderTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans, tp := traced()
		p := retryotel.Instrument(retry.Policy{Name: "search", Backoff: retry.List{0, time.Second, time.Minute}}, retryotel.Settings{TracerProvider: tp, MeterProvider: noop.NewMeterProvider()})
		ctx, parent := tp.Tracer("test").Start(t.Context(), "caller")
		if err := retry.Do(ctx, p, failing(2)); err != nil {
			t.Fatal(err)
		}
		parent.End()
		got := spans.GetSpans()
		if len(got) != 4 {
			t.Fatalf("%d spans", len(got))
		}
		for i, s := range got[:3] {
			want := fmt.Sprint("search ", i+1, " ", []string{"0", "1", "60"}[i])
			if has := attr(s, "retry.policy") + " " + attr(s, "retry.attempt") + " " + attr(s, "retry.delay"); s.Name != "retry.attempt" || has != want {
				t.Errorf("span %q has %s, want %s", s.Name, has, want)
			}
			if s.Parent.SpanID() != parent.SpanContext().SpanID() {
				t.Error("it isn't the caller's child")
			}
			if failed := s.Status.Code == codes.Error; failed != (i < 2) || strings.Contains(s.Status.Description, "SECRET") {
				t.Errorf("attempt %d has the status %v", i+1, s.Status)
			}
		}
		// The failures were handled: the caller's span isn't in error.
		if c := got[3]; c.Status.Code != codes.Unset || attr(c, "retry.outcome") != "succeeded" || attr(c, "retry.attempts") != "3" {
			t.Errorf("the caller's span has %v, %v", c.Status, c.Attributes)
		}
	})
}

func TestASpanEndsWhateverTheAttemptDoes(t *testing.T) {
	spans, tp := traced()
	p := retryotel.Instrument(retry.Policy{}, retryotel.Settings{TracerProvider: tp, MeterProvider: noop.NewMeterProvider()})
	func() {
		defer func() { recover() }()
		retry.Do(t.Context(), p, func(context.Context) error { panic("boom") })
	}()
	if got := spans.GetSpans(); len(got) != 1 || got[0].Status.Code != codes.Error {
		t.Errorf("%+v", got)
	}
}

func TestHooksOfThePolicyAreKept(t *testing.T) {
	var told, around int
	p := retry.Policy{
		Backoff: retry.Constant(0),
		Observe: func(context.Context, retry.Event) { told++ },
		Around: func(ctx context.Context, attempt func(context.Context) error) error {
			around++
			return attempt(ctx)
		},
	}
	retry.Do(t.Context(), retryotel.Instrument(p, retryotel.Settings{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: noop.NewMeterProvider()}), failing(1))
	if told != 2 || around != 2 {
		t.Errorf("told %d, around %d", told, around)
	}
}

// collect returns what each metric holds, by name and attributes.
func collect(t *testing.T, r sdkmetric.Reader) map[string]string {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.Collect(context.Background(), &data); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	key := func(name string, set attribute.Set) string {
		var parts []string
		for _, kv := range set.ToSlice() {
			parts = append(parts, kv.Value.String())
		}
		return name + "{" + strings.Join(parts, ",") + "}"
	}
	for _, s := range data.ScopeMetrics {
		for _, m := range s.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Histogram[int64]:
				for _, p := range d.DataPoints {
					got[key(m.Name, p.Attributes)] = fmt.Sprint(p.Count, " ", p.Sum, " ", m.Unit)
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					got[key(m.Name, p.Attributes)] = fmt.Sprint(p.Count, " ", p.Sum, " ", m.Unit)
				}
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					got[key(m.Name, p.Attributes)] = fmt.Sprint(p.Value, " ", m.Unit)
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					got[key(m.Name, p.Attributes)] = fmt.Sprint(p.Value, " ", m.Unit)
				}
			}
		}
	}
	return got
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
		b := &retry.Budget{Name: "search"}
		if _, err := retryotel.ObserveBudgets(mp, b); err != nil {
			t.Fatal(err)
		}
		p := retryotel.Instrument(retry.Policy{Name: "search", Backoff: retry.List{0, time.Second, time.Minute}, Budget: b}, retryotel.Settings{MeterProvider: mp, NoSpans: true})
		retry.Do(t.Context(), p, failing(0))
		retry.Do(t.Context(), p, failing(1))
		retry.Do(t.Context(), p, func(context.Context) error { return retry.Stop(errBusy) })
		ctx, cancel := context.WithCancel(t.Context())
		call := retry.Start(ctx, p, func(context.Context) (int, error) { return 0, errBusy })
		synctest.Wait()
		if got := collect(t, reader)["retry.calls.waiting{search}"]; got != "1 {call}" {
			t.Errorf("waiting: %s", got)
		}
		cancel()
		call.Result()
		b.Pause(time.Hour)
		retry.Do(t.Context(), p, failing(1))
		got := collect(t, reader)
		for key, want := range map[string]string{
			"retry.call.attempts{succeeded,search}": "2 3 {attempt}",
			"retry.call.attempts{stopped,search}":   "1 1 {attempt}",
			"retry.call.attempts{canceled,search}":  "1 1 {attempt}",
			"retry.call.attempts{budget,search}":    "1 1 {attempt}",
			"retry.call.duration{succeeded,search}": "2 1 s",
			"retry.delay{search}":                   "2 2 s",
			"retry.calls.waiting{search}":           "0 {call}",
			"retry.budget.available{search}":        "2 {retry}",
			"retry.budget.paused{search}":           "1 1",
			"retry.budget.granted{search}":          "1 {retry}",
			"retry.budget.refused{search}":          "1 {retry}",
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %q; there are %v", key, got[key], want, got)
			}
		}
	})
}

// A span for each sending, with the resend count on the second and later ones, over a real connection.
func TestResendCountOfRealRequests(t *testing.T) {
	spans, tp := traced()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	base := otelhttp.NewTransport(retryotel.Resend(server.Client().Transport), otelhttp.WithTracerProvider(tp), otelhttp.WithMeterProvider(noop.NewMeterProvider()))
	client := &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: retry.Policy{Backoff: retry.Constant(0)}}}
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	var counts []string
	for _, s := range spans.GetSpans() {
		counts = append(counts, attr(s, "http.request.resend_count"))
	}
	if !slices.Equal(counts, []string{"", "1", "2"}) {
		t.Errorf("the resend counts are %q", counts)
	}
	retryotel.Resend(nil).(interface{ CloseIdleConnections() }).CloseIdleConnections()
}

// A success costs one allocation, which is OpenTelemetry's: the context with the span.
func TestAllocations(t *testing.T) {
	settings := retryotel.Settings{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: noop.NewMeterProvider()}
	f := func(context.Context) error { return nil }
	for want, p := range []retry.Policy{
		retryotel.Instrument(retry.Policy{Name: "search"}, retryotel.Settings{TracerProvider: settings.TracerProvider, MeterProvider: settings.MeterProvider, NoSpans: true}),
		retryotel.Instrument(retry.Policy{Name: "search"}, settings),
	} {
		if n := testing.AllocsPerRun(1000, func() { retry.Do(context.Background(), p, f) }); n != float64(want) {
			t.Errorf("NoSpans %v: %v allocations, want %d", want == 0, n, want)
		}
	}
}

// The page and the spans go together, in whatever order, and each sees each attempt once.
func TestWithThePage(t *testing.T) {
	for name, both := range map[string]func(retry.Policy, *retrydebug.Board, retryotel.Settings) retry.Policy{
		"page_inside": func(p retry.Policy, b *retrydebug.Board, s retryotel.Settings) retry.Policy {
			return retryotel.Instrument(b.Watch(p), s)
		},
		"page_outside": func(p retry.Policy, b *retrydebug.Board, s retryotel.Settings) retry.Policy {
			return b.Watch(retryotel.Instrument(p, s))
		},
		"page_twice": func(p retry.Policy, b *retrydebug.Board, s retryotel.Settings) retry.Policy {
			return b.Watch(retryotel.Instrument(retrydebug.New(retrydebug.Settings{}).Watch(p), s))
		},
	} {
		t.Run(name, func(t *testing.T) {
			spans, tp := traced()
			board := retrydebug.New(retrydebug.Settings{})
			p := both(retry.Policy{Name: "search", Backoff: retry.List{0, 0, 0}}, board, retryotel.Settings{TracerProvider: tp, MeterProvider: noop.NewMeterProvider()})
			retry.Do(t.Context(), p, failing(2))
			w := httptest.NewRecorder()
			board.ServeHTTP(w, httptest.NewRequest("GET", "/?format=json", nil))
			if n := len(spans.GetSpans()); n != 3 || !strings.Contains(w.Body.String(), `"attempts":{"all":3,"succeeded":1,"failed":2,"refused":0,"panicked":0}`) {
				t.Errorf("%d spans; the page has %s", n, w.Body)
			}
		})
	}
}

// A call whose Observe panics in its delay doesn't wait for ever.
func TestObserveThatPanics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	p := retry.Policy{Name: "search", Backoff: retry.List{0, time.Hour}, Observe: func(context.Context, retry.Event) { panic("boom") }}
	p = retryotel.Instrument(p, retryotel.Settings{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), TracerProvider: tracenoop.NewTracerProvider()})
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic is lost")
			}
		}()
		retry.Do(t.Context(), p, failing(1))
	}()
	if got := collect(t, reader)["retry.calls.waiting{search}"]; got != "0 {call}" {
		t.Errorf("waiting: %s", got)
	}
}
