package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"time"

	"github.com/callagain/retry"
)

// schedule makes the backoff that the options mean, with jitter from r, or, if that's nil, any.
func (o *options) schedule(r *rand.Rand) retry.Backoff {
	attempts := cmp.Or(o.attempts, 10)
	switch {
	case o.delays != nil:
		return o.list(r)
	case o.backoff == "decorrelated" && o.initial > 0:
		return retry.Decorrelated{Initial: o.initial, Max: o.maxDelay, Attempts: attempts, Rand: r}
	}
	initial := o.initial
	if initial == 0 {
		return retry.Seq(repeat([]time.Duration{0}, attempts))
	}
	return retry.Exponential{
		Initial: initial, Max: o.maxDelay, Attempts: attempts, Jitter: o.spread(), Rand: r,
		Grow: map[string]func(time.Duration) time.Duration{
			"constant":  func(d time.Duration) time.Duration { return d },
			"linear":    func(d time.Duration) time.Duration { return d + initial },
			"fibonacci": func(d time.Duration) time.Duration { return fibonacci(d, initial) },
		}[o.backoff],
	}
}

// list is the schedule of --delays. More attempts than delays repeat the last one. With
// --jitter each is spread, otherwise they are used exactly as given.
func (o *options) list(r *rand.Rand) retry.Backoff {
	exact := repeat(o.delays, cmp.Or(o.attempts, len(o.delays)))
	jitter := o.spread()
	if jitter == retry.None {
		return exact
	}
	return retry.Seq(func(yield func(time.Duration) bool) {
		for d := range exact {
			// An Exponential of one delay knows how to spread it.
			one := retry.Exponential{Initial: d, Max: max(d, 1), Attempts: 1, WaitFirst: true, Jitter: jitter, Rand: r}
			for spread := range one.Delays() {
				if d == 0 {
					spread = 0
				}
				if !yield(spread) {
					return
				}
			}
		}
	})
}

// repeat gives n delays, or goes on for ever: those of the list, and then its last again and again.
func repeat(list []time.Duration, n int) retry.Seq {
	return func(yield func(time.Duration) bool) {
		for i := 0; i < n || n == retry.Unlimited; i++ {
			if !yield(list[min(i, len(list)-1)]) {
				return
			}
		}
	}
}

// spread is how delays are spread: those that were given exactly only if asked for.
func (o *options) spread() retry.Jitter {
	switch {
	case o.jitter == "equal":
		return retry.Equal
	case o.jitter == "none", o.jitter == "" && (o.delays != nil || o.backoff == "constant"):
		return retry.None
	}
	return retry.Full
}

// rand is the jitter's source that --seed asks for.
func (o *options) rand() *rand.Rand {
	if o.seed == nil {
		return nil
	}
	return rand.New(rand.NewPCG(*o.seed, *o.seed))
}

// fibonacci is the number after d in unit, 2 unit, 3 unit, 5 unit and so on: in this
// sequence each is the last one times the golden ratio, rounded. It saturates.
func fibonacci(d, unit time.Duration) time.Duration {
	next := math.Round(float64(d)/float64(unit)*math.Phi) * float64(unit)
	if next >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(next)
}
