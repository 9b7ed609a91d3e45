package main

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/callagain/retry"
)

const unlimited = retry.Unlimited

// policy is what the options mean. --within isn't in it: that's the context's deadline.
func (o *options) policy(observe func(context.Context, retry.Event)) retry.Policy {
	return retry.Policy{Backoff: o.backoffOf(), Timeout: o.timeout, Observe: observe}
}

func (o *options) backoffOf() retry.Backoff {
	if o.delays != nil {
		return o.list()
	}
	if o.initial == 0 {
		return repeat([]time.Duration{0}, o.limit())
	}
	if o.backoff == "decorrelated" {
		return retry.Decorrelated{Initial: o.initial, Max: o.maxDelay, Attempts: o.limit()}
	}
	e := retry.Exponential{Initial: o.initial, Max: o.maxDelay, Attempts: o.limit(), Jitter: o.spread()}
	switch o.backoff {
	case "constant":
		e.Max = o.initial
	case "linear":
		e.Grow = func(d time.Duration) time.Duration { return d + o.initial }
	case "fibonacci":
		e.Grow = func(d time.Duration) time.Duration { return fibonacci(d, o.initial) }
	}
	return e
}

// list is the schedule of --delays. More attempts than delays repeat the last one. With
// --jitter each is spread, otherwise they are used exactly as given.
func (o *options) list() retry.Backoff {
	exact := repeat(o.delays, o.limit())
	jitter := o.spread()
	if jitter == retry.None {
		return exact
	}
	return retry.Seq(func(yield func(time.Duration) bool) {
		for d := range exact {
			least := time.Duration(0)
			if jitter == retry.Equal {
				least = d - d/2
			}
			if !yield(least + rand.N(d-least+1)) {
				return
			}
		}
	})
}

// repeat gives n delays, or goes on for ever: those of the list, and then its last again and again.
func repeat(list []time.Duration, n int) retry.Seq {
	return func(yield func(time.Duration) bool) {
		for i := 0; i < n || n == unlimited; i++ {
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

// jittered reports whether delays are drawn.
func (o *options) jittered() bool { return o.backoff == "decorrelated" || o.spread() != retry.None }

// fibonacci is the number after d in unit, 2 unit, 3 unit, 5 unit and so on: in this
// sequence each is the last one times the golden ratio, rounded. It saturates.
func fibonacci(d, unit time.Duration) time.Duration {
	next := math.Round(float64(d)/float64(unit)*math.Phi) * float64(unit)
	if next >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(next)
}
