package promises

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// What is done a thousand times needs no virtual time, and isn't in a bubble: with the race detector, Go 1.26 crashes now and then where as many
// goroutines select on timers that are due, as one library's do.
var contexts = []promise[peers.Library]{
	{
		text: "A context that is over makes no attempt",
		how:  "1000 calls of up to 3 attempts, under a context that was canceled before",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			n := 0
			for range 1000 {
				r := fails(errDown)
				prepare(l, peers.Plan{Attempts: 3})(ctx, r.f)
				n += r.attempts()
			}
			return is(n == 0, "%s in 1000 calls", plural(n, "attempt"))
		},
		remarks: map[string]string{
			"cenkalti/backoff": "documented: at least one attempt is made",
			"rogpeppe/retry":   "documented: the first try is made at once, unless the caller's loop looks at the context",
		},
	},
	{
		text: "A context that ends during an attempt makes no other",
		how:  "1000 calls without delay whose first attempt cancels the context and fails",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			const calls = 1000
			more := 0
			for range calls {
				ctx, cancel := context.WithCancel(context.Background())
				r := failsWith(func(int) error { cancel(); return errDown })
				prepare(l, peers.Plan{Attempts: 2})(ctx, r.f)
				more += r.attempts() - 1
			}
			return is(more == 0, "%d of %d calls made another", more, calls)
		},
		remarks: map[string]string{"lestrrat-go/backoff": "in some runs one did"},
	},
	{
		text: "A delay that would pass the context's deadline is not waited for",
		how:  "deadline in 400ms, delay 10s",
		run: func(t *testing.T, l peers.Library) finding {
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			r := fails(errDown)
			prepare(l, peers.Plan{Attempts: 3, Delay: 10 * time.Second})(ctx, r.f)
			return is(r.attempts() == 1 && r.elapsed() == 0, "returned after %v", r.elapsed())
		},
	},
	{
		text: "An attempt that runs out of its own time is made again",
		how:  "timeout of an attempt 1s; the first two attempts wait for their context to end, the third succeeds",
		run: func(t *testing.T, l peers.Library) finding {
			call := prepare(l, peers.Plan{Attempts: 3, Timeout: time.Second})
			begun, n := time.Now(), 0
			_, err := call(t.Context(), func(ctx context.Context) (int, error) {
				if n++; n < 3 {
					<-ctx.Done()
					return 0, ctx.Err()
				}
				return n, nil
			})
			return is(err == nil && time.Since(begun) == 2*time.Second, "%s after %v and %s", outcome(err), time.Since(begun), plural(n, "attempt"))
		},
	},
	{
		text: "A deadline error from elsewhere doesn't pass for the caller's",
		how:  "1000 calls whose function returns context.DeadlineExceeded twice, then succeeds; the caller's context lives",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			good := 0
			for range 1000 {
				r := failsWith(func(n int) error {
					if n < 3 {
						return fmt.Errorf("asking the database: %w", context.DeadlineExceeded)
					}
					return nil
				})
				if _, err := prepare(l, peers.Plan{Attempts: 3})(t.Context(), r.f); err == nil && r.attempts() == 3 {
					good++
				}
			}
			return is(good == 1000, "%d of 1000 calls succeeded", good)
		},
	},
	{
		text: "Nested calls don't multiply",
		how:  "1000 calls of 3 attempts of a function that itself calls with 3 attempts, with the settings left at the default",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			n := 0
			for range 1000 {
				r := fails(errDown)
				prepare(l, peers.Plan{Attempts: 3})(t.Context(), func(ctx context.Context) (int, error) {
					v, err := prepare(l, peers.Plan{Attempts: 3})(ctx, r.f)
					if l.OptIn { // what isn't marked again is not tried again
						err = l.Stop(err)
					}
					return v, err
				})
				n += r.attempts()
			}
			return is(n == 3000, "%s in 1000 calls", plural(n, "attempt"))
		},
		remarks: map[string]string{"sethvargo/go-retry": "unless the outer function marks the inner call's error as retryable"},
	},
	{
		text: "The function can tell the number of its attempt",
		how:  "3 attempts",
		run: func(t *testing.T, l peers.Library) finding {
			if l.Attempt == nil {
				return missing("doesn't say")
			}
			var seen []int
			prepare(l, peers.Plan{Attempts: 3})(t.Context(), func(ctx context.Context) (int, error) {
				seen = append(seen, l.Attempt(ctx))
				return 0, errDown
			})
			return is(fmt.Sprint(seen) == "[1 2 3]", "%v", seen)
		},
	},
}

var hooks = []promise[peers.Library]{
	{
		text: "The hook for a retry is called only if there is one",
		how:  "3 attempts fail; how often the hook was called",
		run: func(t *testing.T, l peers.Library) finding {
			n := 0
			prepare(l, peers.Plan{Attempts: 3, OnRetry: func() { n++ }})(t.Context(), fails(errDown).f)
			return is(n == 2, "called %s for 2 retries", plural(n, "time"))
		},
	},
	{
		text: "A hook is told once of each call's end",
		how:  "one call succeeds, one uses up its attempts, one is stopped",
		run: func(t *testing.T, l peers.Library) finding {
			n := 0
			call := prepare(l, peers.Plan{Attempts: 3, OnEnd: func(error) { n++ }})
			call(t.Context(), fails(nil).f)
			call(t.Context(), fails(errDown).f)
			call(t.Context(), fails(l.Stop(errDown)).f)
			return is(n == 3, "called %s for 3 calls", plural(n, "time"))
		},
	},
}

// hints are the promises about the delay that a failure asks for itself.
var hints = []promise[peers.Library]{
	{
		text: "A hint never shortens a delay",
		how:  "delay 10s, the failure asks for 1ms",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveHints(l)
			r := fails(l.After(errDown, time.Millisecond))
			prepare(l, peers.Plan{Attempts: 2, Delay: 10 * time.Second})(t.Context(), r.f)
			return is(r.gaps()[0] == 10*time.Second, "waited %v", r.gaps()[0])
		},
	},
	{
		text: "Hints don't make a schedule start again",
		how:  "a list of 3 delays; every failure asks for 2s",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveHints(l)
			r := fails(l.After(errDown, 2*time.Second))
			prepare(l, peers.Plan{Delays: []time.Duration{time.Second, time.Second, time.Second}})(t.Context(), r.f)
			return is(r.attempts() == 4, "%s", plural(r.attempts(), "attempt"))
		},
	},
	{
		text: "A hint of a day doesn't park the caller",
		how:  "the failure asks for 24h, and the caller set no limit of time",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveHints(l)
			r := fails(l.After(errDown, 24*time.Hour))
			_, err := prepare(l, peers.Plan{Attempts: 3})(t.Context(), r.f)
			return is(r.elapsed() == 0 && errors.Is(err, errDown), "returned after %v", r.elapsed())
		},
	},
}

func mustHaveHints(l peers.Library) {
	if l.After == nil {
		panic(peers.NotOffered("has no way for a failure to ask for a delay"))
	}
}
