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

func (r *recorder) Begin()                     { r.add("begin") }
func (r *recorder) End(o probe.Outcome, n int) { r.add("end %d %d", o, n) }
func (r *recorder) Event(e any)                { r.add("%s", e.(retry.Event).Outcome()) }

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
				outcome(func() { call(t.Context(), p, f) })
				if got := strings.Join(r.log, ", "); got != tt.want {
					t.Errorf("it saw %s, want %s", got, tt.want)
				}
			})
		})
	}
}
