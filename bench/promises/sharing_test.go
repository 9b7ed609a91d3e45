package promises

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

var sharing = []promise[peers.Library]{
	{
		text: "A second call on a policy starts afresh",
		how:  "two calls, one after the other, on one policy of 3 attempts",
		run: func(t *testing.T, l peers.Library) finding {
			call := prepare(l, peers.Plan{Attempts: 3, Delay: time.Second})
			first, second := fails(errDown), fails(errDown)
			call(t.Context(), first.f)
			call(t.Context(), second.f)
			return is(first.attempts() == 3 && second.attempts() == 3, "%d and %s", first.attempts(), plural(second.attempts(), "attempt"))
		},
	},
	{
		text: "One policy serves many goroutines",
		how:  "64 goroutines make a call each, at once, on one policy of 3 attempts",
		run: func(t *testing.T, l peers.Library) finding {
			if l.Single != "" {
				return missing(l.Single)
			}
			call := prepare(l, peers.Plan{Attempts: 3, Delay: time.Second})
			var wrong atomic.Int32
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					r := fails(errDown)
					call(t.Context(), r.f)
					if r.attempts() != 3 {
						wrong.Add(1)
					}
				})
			}
			all.Wait()
			return is(wrong.Load() == 0, "%d of 64 calls saw another's progress", wrong.Load())
		},
	},
	{
		text: "A failure allowed once is allowed once in each call",
		how:  `"ignore one 404" on one policy of 5 attempts; two calls fail once with it, a third fails with nothing else`,
		run: func(t *testing.T, l peers.Library) finding {
			err404 := errors.New("404 not found")
			call := prepare(l, peers.Plan{Attempts: 5, Once: err404})
			_, first := call(t.Context(), failsWith(once(err404)).f)
			_, second := call(t.Context(), failsWith(once(err404)).f)
			third := fails(err404)
			call(t.Context(), third.f)
			return is(first == nil && second == nil && third.attempts() == 2,
				"%s, %s, then %s", outcome(first), outcome(second), plural(third.attempts(), "attempt"))
		},
	},
}

var budgets = []promise[peers.Library]{
	{
		text: "A shared budget keeps an outage from becoming a larger one",
		how:  "100 goroutines make 10 calls each of up to 4 attempts of 10ms, all failing, on one policy with the library's default budget",
		run: func(t *testing.T, l peers.Library) finding {
			call := prepare(l, peers.Plan{Attempts: 4, Delay: 10 * time.Millisecond, Budget: true})
			var attempts atomic.Int32
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					for range 10 {
						r := fails(errDown)
						r.took = 10 * time.Millisecond
						call(t.Context(), r.f)
						attempts.Add(int32(r.attempts()))
					}
				})
			}
			all.Wait()
			load := float64(attempts.Load()) / 1000
			return is(load < 1.25, "%.2f times the load, where no budget makes it 4.00", load)
		},
		remarks: map[string]string{"failsafe-go": "documented: its default lets a fifth of the executions in flight be retries"},
	},
	{
		text: "A refused retry is refused before the delay, and the failure is kept",
		how:  "200 calls at once on one policy with the default budget; delay 1s; a second attempt takes a minute",
		run: func(t *testing.T, l peers.Library) finding {
			call := prepare(l, peers.Plan{Attempts: 4, Delay: time.Second, Budget: true})
			var refused, late, lost atomic.Int32
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					n, begun := 0, time.Now()
					_, err := call(t.Context(), func(context.Context) (int, error) {
						if n++; n > 1 {
							time.Sleep(time.Minute)
						}
						return n, errDown
					})
					if n > 1 {
						return
					}
					refused.Add(1)
					if time.Since(begun) > 0 {
						late.Add(1)
					}
					if !errors.Is(err, errDown) {
						lost.Add(1)
					}
				})
			}
			all.Wait()
			return is(refused.Load() > 0 && refused.Load() < 200 && late.Load() == 0 && lost.Load() == 0,
				"%d of 200 refused, %d of them after the delay, %d without the failure", refused.Load(), late.Load(), lost.Load())
		},
	},
}
