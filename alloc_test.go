//go:build !race

package retry_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// The costs that the design promises in allocations; the race detector makes some of its own. The functions refer to
// variables of their callers, as they do in real programs: nothing of these may escape.
func TestAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	off := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1}))
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		fails  int
		most   float64
	}{
		{"success_at_once", retry.Policy{}, 0, 0},
		{"success_with_a_budget", retry.Policy{Budget: new(retry.Budget)}, 0, 0},
		{"success_with_exponential", retry.Policy{Backoff: retry.Exponential{Initial: time.Second}}, 0, 0},
		{"success_with_list", retry.Policy{Backoff: retry.List{0, 0}}, 0, 0},
		{"success_with_constant", retry.Policy{Backoff: retry.Constant(0)}, 0, 0},
		{"success_with_decorrelated", retry.Policy{Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter}}, 0, 0},
		{"success_with_decide", retry.Policy{Decide: func(*retry.Decision) {}}, 0, 0},
		{"success_observed", retry.Policy{Observe: func(context.Context, retry.Event) {}}, 0, 0},
		{"success_logged_at_a_level_that_is_off", retry.Policy{Observe: retry.Log(off)}, 0, 0},
		{"three_failures", retry.Policy{Backoff: retry.Constant(0)}, 3, 1}, // the contexts of the attempts
		{"three_failures_observed", retry.Policy{Backoff: retry.Constant(0), Observe: retry.Log(off)}, 3, 1},
		{"giving_up_after_five", retry.Policy{Backoff: retry.List{0, 0, 0, 0, 0}}, 5, 2}, // the Error, and the contexts of the attempts
	} {
		t.Run(tt.name, func(t *testing.T) {
			do := testing.AllocsPerRun(1000, func() {
				n := 0
				retry.Do(ctx, tt.policy, func(context.Context) error {
					if n++; n > tt.fails {
						return nil
					}
					return errFlaky
				})
			})
			get := testing.AllocsPerRun(1000, func() {
				n := 0
				retry.Get(ctx, tt.policy, func(context.Context) (int, error) {
					if n++; n > tt.fails {
						return n, nil
					}
					return n, errFlaky
				})
			})
			loop := testing.AllocsPerRun(1000, func() {
				n := 0
				var loop retry.Loop
				for range loop.Attempts(ctx, tt.policy) {
					if n++; n > tt.fails {
						loop.Done(nil)
						continue
					}
					loop.Done(errFlaky)
				}
			})
			if do > tt.most || get > tt.most || loop > tt.most {
				t.Errorf("Do makes %v allocations, Get %v, Loop %v; want at most %v", do, get, loop, tt.most)
			}
		})
	}
	t.Run("next", func(t *testing.T) {
		at, _, _ := retry.Policy{}.Next(retry.Position{}, epoch, nil)
		if n := testing.AllocsPerRun(1000, func() { retry.Policy{}.Next(at, epoch, errFlaky) }); n > 0 {
			t.Errorf("Next makes %v allocations", n)
		}
	})
	t.Run("budget", func(t *testing.T) {
		b := new(retry.Budget)
		if n := testing.AllocsPerRun(1000, func() { b.Earn(); b.Take(); b.Return() }); n > 0 {
			t.Errorf("a budget makes %v allocations", n)
		}
	})
}
