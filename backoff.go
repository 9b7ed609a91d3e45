package retry

import (
	"fmt"
	"iter"
	"time"
)

// A Backoff gives the delays of a call. The n-th delay comes before the n-th attempt, so the first delay is usually 0.
// When the delays end, so do the attempts. Each range over Delays must start from the beginning, also while other ranges are
// in progress. A negative delay ends the call with the reason [ErrInvalid].
//
// [Exponential], [Constant] and [List] cost a call no allocation. Any other Backoff costs one goroutine for each call that
// fails.
type Backoff interface {
	Delays() iter.Seq[time.Duration]
}

// Constant is a Backoff that makes the first attempt at once and then waits the same time before each attempt, without
// jitter. It never ends: [Policy.Attempts] limits the attempts.
type Constant time.Duration

// Delays returns an iterator over the delays.
func (c Constant) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for ok := c >= 0 && yield(0); ok; ok = yield(time.Duration(c)) {
		}
	}
}

// String returns the delay, as in "constant 5s".
func (c Constant) String() string { return "constant " + time.Duration(c).String() }

func (c Constant) check() error {
	if c < 0 {
		return fmt.Errorf("%w: Backoff is Constant(%v); a delay can't be negative", ErrInvalid, time.Duration(c))
	}
	return nil
}

func (c Constant) step(at place, floor time.Duration) (time.Duration, place, bool) {
	at.delays++
	if at.delays == 1 {
		return 0, at, true
	}
	return max(time.Duration(c), floor), at, true
}

// A List is a Backoff of exactly these delays. List{0, time.Second} makes two attempts, the first at once and the second
// after a second. An empty List is invalid.
type List []time.Duration

// Delays returns an iterator over the list.
func (l List) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for _, d := range l {
			if !yield(d) {
				return
			}
		}
	}
}

// fine reports whether check has nothing to say. It is asked before each call.
func (l List) fine() bool {
	var all time.Duration
	for _, d := range l {
		all |= d // one negative makes all negative
	}
	return all >= 0 && len(l) > 0
}

func (l List) check() error {
	if len(l) == 0 {
		return fmt.Errorf("%w: Backoff is an empty List, which allows no attempt; List{0} makes one", ErrInvalid)
	}
	for i, d := range l {
		if d < 0 {
			return fmt.Errorf("%w: Backoff is a List whose delay %d is %v; a delay can't be negative", ErrInvalid, i, d)
		}
	}
	return nil
}

func (l List) step(at place) (time.Duration, place, bool) {
	if at.delays >= len(l) {
		return 0, at, false
	}
	d := l[at.delays]
	at.delays++
	return d, at, true
}

// A Seq is a Backoff made of an iterator. See [Backoff] for what it must do. A nil Seq is invalid.
type Seq func(yield func(time.Duration) bool)

// Delays returns s.
func (s Seq) Delays() iter.Seq[time.Duration] { return iter.Seq[time.Duration](s) }
