package promises

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// hedging are the promises about attempts beside those that run. What hedging does to latencies and to a server is in package hedging.
var hedging = []promise[peers.Hedger]{
	{
		text: "An attempt that is as slow as all others is not hedged",
		how:  "1000 calls, one after the other, all of which take 20ms; at most one in a hundred is hedged",
		run: func(t *testing.T, h peers.Hedger) finding {
			var hedges atomic.Int64
			call := h.Make(20*time.Millisecond, func(_ context.Context, n int) (int, error) {
				if n > 1 {
					hedges.Add(1)
				}
				time.Sleep(20 * time.Millisecond)
				return n, nil
			})
			for range 1000 {
				call(t.Context())
				time.Sleep(time.Second)
			}
			return is(hedges.Load() <= 10, "%s", plural(int(hedges.Load()), "hedge"))
		},
	},
	{
		text: "A failure doesn't win over a success that is on its way",
		how:  "the first attempt is slow, its hedge fails at once, and then the first succeeds",
		run: func(t *testing.T, h peers.Hedger) finding {
			value, err := slowCall(t, h, func(_ context.Context, n int) (int, error) {
				if n > 1 {
					return 0, errDown
				}
				time.Sleep(time.Second)
				return 1, nil
			})
			return is(value == 1 && err == nil, "%s", outcome(err))
		},
	},
	{
		text: "A success that comes after a failure is the result",
		how:  "the first attempt is slow and fails, while its hedge, which will succeed, runs",
		run: func(t *testing.T, h peers.Hedger) finding {
			value, err := slowCall(t, h, func(_ context.Context, n int) (int, error) {
				if n == 1 {
					time.Sleep(time.Second)
					return 0, errDown
				}
				time.Sleep(2 * time.Second)
				return 2, nil
			})
			return is(value == 2 && err == nil, "%s", outcome(err))
		},
	},
	{
		text: "A hedged call ends with its context, though its attempts don't",
		how:  "attempts take an hour, whatever their context; the call's ends after a second",
		run: func(t *testing.T, h peers.Hedger) finding {
			call := h.Make(20*time.Millisecond, func(context.Context, int) (int, error) {
				time.Sleep(time.Hour)
				return 0, nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begun := time.Now()
			_, err := call(ctx)
			took := time.Since(begun)
			time.Sleep(2 * time.Hour)
			return is(took == time.Second && errors.Is(err, context.DeadlineExceeded), "after %v: %s", took, outcome(err))
		},
	},
	{
		text: "The attempt that loses is told at once",
		how:  "the first attempt is slow, its hedge succeeds",
		run: func(t *testing.T, h peers.Hedger) finding {
			var ran atomic.Int64
			slowCall(t, h, func(ctx context.Context, n int) (int, error) {
				if begun := time.Now(); n == 1 {
					select {
					case <-ctx.Done():
					case <-time.After(time.Hour):
					}
					ran.Store(int64(time.Since(begun)))
				}
				return n, nil
			})
			took := time.Duration(ran.Load())
			return is(took < time.Second, "it runs for %v", took.Round(time.Millisecond))
		},
	},
	{
		text: "A panic in a hedged attempt reaches the caller",
		how:  "a process of its own makes a hedged call whose function panics",
		real: true,
		run: func(t *testing.T, h peers.Hedger) finding {
			child := exec.Command(os.Args[0], "-test.run=^TestPanicInHedgedCall$")
			child.Env = append(os.Environ(), "PANIC_IN_HEDGE="+h.Name)
			err := child.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if err != nil {
				return is(false, "the process ends: %v", err)
			}
			return is(true, "it does")
		},
	},
}

// slowCall makes a hundred quick calls, and then one of f, and returns its result when all its attempts are over.
func slowCall(t *testing.T, h peers.Hedger, f peers.Hedged) (int, error) {
	var slow atomic.Bool
	call := h.Make(20*time.Millisecond, func(ctx context.Context, n int) (int, error) {
		if !slow.Load() {
			time.Sleep(10 * time.Millisecond)
			return n, nil
		}
		return f(ctx, n)
	})
	for range 100 {
		call(t.Context())
	}
	time.Sleep(time.Second)
	slow.Store(true)
	value, err := call(t.Context())
	time.Sleep(2 * time.Hour)
	return value, err
}

// TestPanicInHedgedCall is what the process of the scenario above runs.
func TestPanicInHedgedCall(t *testing.T) {
	for _, h := range peers.AllHedgers() {
		if h.Name != os.Getenv("PANIC_IN_HEDGE") {
			continue
		}
		call := h.Make(time.Second, func(context.Context, int) (int, error) { panic("a bug in the function") })
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		call(t.Context())
	}
}
