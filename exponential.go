package retry

import (
	"cmp"
	"fmt"
	"iter"
	"time"
)

const (
	defaultInitial = 100 * time.Millisecond
	defaultMax     = 2 * time.Minute
)

// Exponential is a Backoff whose delays grow. The zero value waits up to 100ms, 200ms, 400ms and so on, at most 2
// minutes; the first attempt is made at once. It never ends: [Policy.Attempts] limits the attempts.
//
// No delay is longer than Max, and growth never overflows. In a call with [Unlimited] attempts, no delay is made from less than a
// millisecond.
type Exponential struct {
	// Initial is the first delay that isn't 0, before jitter. If it is 0, it is 100ms.
	Initial time.Duration

	// Max limits each delay. If it is 0, it is 2 minutes.
	Max time.Duration

	// Grow returns the delay that follows d; both are without jitter and may exceed Max. If Grow is nil, delays double. It
	// must be safe for concurrent use. A negative result counts as the longest duration.
	Grow func(d time.Duration) time.Duration

	// Jitter says how delays are randomized. The zero value is [FullJitter].
	Jitter Jitter

	// WaitFirst delays the first attempt as well.
	WaitFirst bool
}

// Delays returns an iterator over the delays. If a field makes no sense, there are none.
func (e Exponential) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if !e.fine() {
			return
		}
		at := place{seed: newSeed()}
		for {
			d, next, _ := e.step(at, 0)
			if !yield(d) {
				return
			}
			at = next
		}
	}
}

// fine reports whether check has nothing to say. It is asked before each call.
func (e *Exponential) fine() bool {
	return e.Initial|e.Max >= 0 && uint(e.Jitter) <= uint(NoJitter)
}

func (e Exponential) check() error {
	switch {
	case e.Initial < 0:
		return fmt.Errorf("%w: Exponential.Initial is %v; a delay can't be negative", ErrInvalid, e.Initial)
	case e.Max < 0:
		return fmt.Errorf("%w: Exponential.Max is %v; a delay can't be negative", ErrInvalid, e.Max)
	case e.Jitter < 0 || e.Jitter > NoJitter:
		return fmt.Errorf("%w: Exponential.Jitter is %v; use FullJitter, EqualJitter, DecorrelatedJitter or NoJitter", ErrInvalid, e.Jitter)
	}
	return nil
}

func (e Exponential) step(at place, floor time.Duration) (time.Duration, place, bool) {
	if at.delays == 0 && !e.WaitFirst {
		at.delays = 1
		return 0, at, true
	}
	if at.seed == 0 && e.Jitter != NoJitter {
		at.seed = newSeed()
	}
	if e.Jitter == DecorrelatedJitter {
		low, high := e.span(at, floor)
		at.last = low + draw(at.seed, at.delays, high-low)
	} else {
		at.base = e.grow(at)
		at.last = e.Jitter.spread(e.clamp(at.base, floor), at.seed, at.delays)
	}
	at.delays++
	return at.last, at, true
}

// grow returns the delay at a place, without jitter and cap.
func (e *Exponential) grow(at place) time.Duration {
	first := 1
	if e.WaitFirst {
		first = 0
	}
	initial := cmp.Or(e.Initial, defaultInitial)
	if at.delays <= first {
		return initial
	}
	if at.base == 0 { // only the number of delays is known
		if e.Grow == nil {
			return double(initial, at.delays-first)
		}
		d := initial
		for range min(at.delays-first, 10_000) {
			d = e.next(d)
		}
		return d
	}
	return e.next(at.base)
}

func (e *Exponential) next(d time.Duration) time.Duration {
	if e.Grow == nil {
		return double(d, 1)
	}
	if d = e.Grow(d); d < 0 {
		return forever
	}
	return d
}

// double doubles d n times, or returns the longest duration if that is less.
func double(d time.Duration, n int) time.Duration {
	if n >= 63 || d > forever>>n {
		return forever
	}
	return d << n
}

func (e *Exponential) clamp(d, floor time.Duration) time.Duration {
	return max(min(d, cmp.Or(e.Max, defaultMax)), floor)
}

// span returns what a decorrelated delay is drawn from. At the cap the least delay is a third of it, to keep room for
// spreading.
func (e *Exponential) span(at place, floor time.Duration) (low, high time.Duration) {
	initial := max(cmp.Or(e.Initial, defaultInitial), floor)
	high = e.clamp(times(max(at.last, initial), 3), floor)
	return min(initial, high/3), high
}
