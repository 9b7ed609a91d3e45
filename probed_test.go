package retry_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/probe"
)

type recorder struct {
	mu  sync.Mutex
	log []string
}

func (r *recorder) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *recorder) Begin(ctx context.Context, n int) (context.Context, any) {
	r.add("begin")
	return context.WithValue(ctx, r, n), n
}

func (r *recorder) End(begun any, o probe.Outcome, n int, failure error) {
	if r.add("end %d %d", o, n); begun != n || (failure != nil) != (o == probe.Failed || o == probe.Refused) {
		r.add("but of %v, with %v", begun, failure)
	}
}

func (r *recorder) Event(e any) { r.add("%s", e.(retry.Event).Outcome()) }

func TestProbeSeesEachAttemptOnce(t *testing.T) {
	refuse := func(ctx context.Context, attempt func(context.Context) error) error {
		if retry.Attempt(ctx) == 2 {
			return errBusy
		}
		return attempt(ctx)
	}
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		f      func(context.Context) error
		want   string
	}{
		{"success", retry.Policy{}, failing(), "begin, end 0 1"},
		{"retried", retry.Policy{Backoff: retry.Constant(time.Second)}, failing(errBusy), "begin, end 1 1, retrying, begin, end 0 2, succeeded"},
		{"refused", retry.Policy{Backoff: retry.List{0, 0}, Around: refuse}, func(context.Context) error { return errBusy }, "begin, end 1 1, retrying, begin, end 2 2, exhausted"},
		{"panic", retry.Policy{}, func(context.Context) error { panic("boom") }, "begin, end 3 1, panicked"},
		{"no_attempt", retry.Policy{Within: -1}, failing(), "invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				r := new(recorder)
				f := tt.f
				if tt.name == "retried" {
					f = failing(errBusy)
				}
				p := probe.Set(tt.policy, r).(retry.Policy)
				if probe.Get(p) != r {
					t.Error("the probe isn't there")
				}
				outcome(func() {
					call(t.Context(), p, func(ctx context.Context) error {
						if ctx.Value(r) != retry.Attempt(ctx) {
							t.Error("the attempt's context isn't the probe's")
						}
						return f(ctx)
					})
				})
				if got := strings.Join(r.log, ", "); got != tt.want {
					t.Errorf("it saw %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// touchy is a probe that may panic as an attempt begins.
type touchy struct {
	*recorder
	boom bool
}

func (q touchy) Begin(ctx context.Context, n int) (context.Context, any) {
	if q.boom {
		panic("boom")
	}
	return q.recorder.Begin(ctx, n)
}

// Two probes stand one inside of the other. One takes the place of its kind, wherever that stands.
func TestProbesAreAdded(t *testing.T) {
	never := func(probe.Probe) bool { return false }
	is := func(p probe.Probe) func(probe.Probe) bool { return func(q probe.Probe) bool { return q == p } }
	a, b, c := new(recorder), new(recorder), new(recorder)
	add := func(p retry.Policy, r *recorder, replaces func(probe.Probe) bool) retry.Policy {
		return probe.Add(p, r, replaces).(retry.Policy)
	}
	p := add(retry.Policy{Backoff: retry.List{0, 0}}, a, never)
	p = add(p, b, is(c))
	q := add(p, c, is(a))
	retry.Do(t.Context(), p, failing(errBusy))
	want := "begin, end 1 1, retrying, begin, end 0 2, succeeded"
	if x, y := strings.Join(a.log, ", "), strings.Join(b.log, ", "); x != want || y != want {
		t.Errorf("they saw %s and %s", x, y)
	}
	retry.Do(t.Context(), q, failing())
	if len(a.log) != 6 || strings.Join(c.log, ", ") != "begin, end 0 1" || len(b.log) != 8 {
		t.Errorf("after the replacement they saw %q, %q, %q", a.log, b.log, c.log)
	}

	// What panics as it begins is never asked to end, but what stands around it is.
	a, b = new(recorder), new(recorder)
	p = probe.Add(retry.Policy{}, touchy{a, true}, never).(retry.Policy)
	p = add(p, b, never)
	if how, _ := outcome(func() { retry.Do(t.Context(), p, failing()) }); how != "boom" {
		t.Errorf("the call ended with %v", how)
	}
	if x, y := strings.Join(a.log, ", "), strings.Join(b.log, ", "); x != "panicked" || y != "begin, end 3 1, panicked" {
		t.Errorf("they saw %s and %s", x, y)
	}
}
