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
	return retry.Policy{Attempts: o.limit(), Backoff: o.backoffOf(), Timeout: o.timeout, Observe: observe}
}

func (o *options) backoffOf() retry.Backoff {
	if o.delays != nil {
		return o.list()
	}
	if o.initial == 0 || o.backoff == "constant" && o.spread() == retry.NoJitter {
		return retry.Constant(o.initial)
	}
	e := retry.Exponential{Initial: o.initial, Max: o.maxDelay, Jitter: o.spread()}
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
	return retry.Seq(func(yield func(time.Duration) bool) {
		for i := 0; ; i++ {
			d := o.delays[min(i, len(o.delays)-1)]
			least := o.least(i+1, d)
			if !yield(least + rand.N(d-least+1)) {
				return
			}
		}
	})
}

// spread is how delays are spread: those that were given exactly only if asked for.
func (o *options) spread() retry.Jitter {
	switch {
	case o.backoff == "decorrelated":
		return retry.DecorrelatedJitter
	case o.jitter == "equal":
		return retry.EqualJitter
	case o.jitter == "none", o.jitter == "" && (o.delays != nil || o.backoff == "constant"):
		return retry.NoJitter
	}
	return retry.FullJitter
}

// least is the shortest that the n-th delay can be if it's at most d.
func (o *options) least(n int, d time.Duration) time.Duration {
	switch o.spread() {
	case retry.DecorrelatedJitter:
		if n > 1 {
			return min(d, o.initial)
		}
	case retry.EqualJitter:
		return d - d/2
	case retry.FullJitter:
		return 0
	}
	return d
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
