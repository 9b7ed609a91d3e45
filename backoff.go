package retry

import (
	"iter"
	"time"
)

// A Backoff gives the delays of a call: the n-th one comes before the n-th attempt, so k
// delays make at most k attempts, and none makes none. Each range over Delays must start afresh, and
// calls do so concurrently. A negative delay ends the call ([ErrPolicy]).
//
// [Exponential], [Decorrelated] and [List] cost no allocation and no coroutine to
// step through; any other, [Seq] among them, costs a call one coroutine.
type Backoff interface {
	Delays() iter.Seq[time.Duration]
}

// Unlimited, as a backoff's Attempts, is for calls that only success, a [Stop] or the
// context ends. No delay but the first is then made from less than a millisecond.
const Unlimited = -1

const (
	defaultInitial  = 10 * time.Millisecond
	defaultMax      = 2 * time.Minute
	defaultAttempts = 10
	unlimitedFloor  = time.Millisecond
)

// A stepper is a backoff that can go from one delay to the next by a position
// alone. The position is passed by value, so that it can stay on the stack.
type stepper interface {
	Backoff
	check() error
	step(position) (time.Duration, position, bool)
}

// A position is a place in a schedule.
type position struct {
	given int           // delays so far
	base  time.Duration // what the last one was made from
}

// second is the position after a first delay of 0.
var second = position{given: 1}

// delays is the range over a stepper. One that makes no sense gives no delay.
func delays(s stepper) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if s.check() != nil {
			return
		}
		var at position
		for {
			d, next, ok := s.step(at)
			if !ok || !yield(d) {
				return
			}
			at = next
		}
	}
}

// next takes the next delay of the call's schedule.
func (c *call) next() (d time.Duration, ok bool) {
	switch b := c.policy.Backoff.(type) {
	case nil:
		d, c.at, ok = Exponential{}.step(c.at)
	case List:
		d, c.at, ok = b.step(c.at)
	case stepper:
		d, c.at, ok = b.step(c.at)
	default:
		x := c.more()
		if x.next == nil {
			x.next, x.stop = iter.Pull(b.Delays())
		}
		d, ok = x.next()
	}
	return d, ok
}

// unpull ends the coroutine of a schedule that runs in one.
func (c *call) unpull() {
	if x := c.extra; x != nil && x.stop != nil {
		x.stop()
		x.next, x.stop = nil, nil
	}
}

// A List is a [Backoff] of exactly these delays: List{0, time.Second} makes two attempts, the
// second a second after the first. An empty one makes none.
type List []time.Duration

// Delays ranges over the list.
func (l List) Delays() iter.Seq[time.Duration] { return delays(l) }

// fine reports whether check has nothing to say. It is asked before every call.
func (l List) fine() bool {
	var all time.Duration
	for _, d := range l {
		all |= d // one negative makes all negative
	}
	return all >= 0
}

func (l List) check() error {
	for i, d := range l {
		if d < 0 {
			return badField("List", i, d, "a delay can't be negative")
		}
	}
	return nil
}

func (l List) step(at position) (time.Duration, position, bool) {
	if at.given >= len(l) {
		return 0, at, false
	}
	return l[at.given], position{given: at.given + 1}, true
}

// A Seq is a [Backoff] made of any iterator, whose delays are used exactly as given. It
// must be possible to range over it again and again, and concurrently, from the start.
type Seq func(yield func(time.Duration) bool)

// Delays returns s.
func (s Seq) Delays() iter.Seq[time.Duration] { return iter.Seq[time.Duration](s) }
