package retry

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A Budget limits how much load retries add during an outage, over all calls that share it by [Policy.Budget]. By
// default, retries are at most a tenth of the successful calls of the last half minute, but three are always allowed, and
// another one each minute. A call that fails when the budget is exhausted gives up at once with the reason [ErrBudget].
//
// In the long run an outage gets 1 + Ratio times the calls, instead of the policy's attempts times them.
//
// The zero value is ready to use. Its fields must not be changed after the first call. A Budget must not be copied, and
// may be used by any number of goroutines. It has no lock.
type Budget struct {
	// Name identifies the budget in logs and metrics.
	Name string

	// Ratio is the number of retries that are allowed for each successful call. If it is 0, it is 0.1. It is at most 1.
	Ratio float64

	// Min is the number of retries that are allowed without any success. If it is 0, it is 3.
	Min int

	// Every is the time after which one of those Min is available again. If it is 0, it is a minute.
	Every time.Duration

	successes   atomic.Int64 // not yet in earned
	earned      fading
	peak        fading // the most that earned had, fading with it
	spare       reserve
	pausedUntil atomic.Int64 // 0 if not paused
	granted     atomic.Int64
	refused     atomic.Int64
}

// A pocket is where a token comes from.
type pocket uint8

const (
	noPocket pocket = iota
	fromEarned
	fromSpare
)

// Pause refuses every retry for the duration d, or until [Budget.Resume]. First attempts are still made. A d that isn't positive
// is the same as Resume.
func (b *Budget) Pause(d time.Duration) {
	if d <= 0 {
		b.pausedUntil.Store(0)
		return
	}
	b.pausedUntil.Store(paused(after(now(), d)))
}

// paused is an end of a pause as it is stored.
func paused(until time.Duration) int64 {
	if until == 0 {
		return 1 // 0 is no pause
	}
	return int64(until)
}

// Resume ends a [Budget.Pause].
func (b *Budget) Resume() { b.Pause(0) }

// Paused returns the time until retries resume by themselves; 0 if they aren't paused.
func (b *Budget) Paused() time.Duration { return b.pausedAt(now()) }

func (b *Budget) pausedAt(now time.Duration) time.Duration {
	u := b.pausedUntil.Load()
	if u == 0 {
		return 0
	}
	return max(0, until(time.Duration(u), now))
}

// Available returns the number of retries that would be allowed now if the budget isn't paused.
func (b *Budget) Available() int {
	earned, spare := b.level(now())
	return int(earned) + int(spare)
}

// level returns the tokens of both kinds. To look at them changes nothing.
func (b *Budget) level(now time.Duration) (earned, spare float64) {
	_, earned = moved(b.earned.word.Load(), now, b.ratio()*float64(b.successes.Load()))
	return earned, b.spare.level(now, b.min(), b.every())
}

// Granted returns the number of retries that were granted so far.
func (b *Budget) Granted() int64 { return b.granted.Load() }

// Refused returns the number of retries that were refused so far.
func (b *Budget) Refused() int64 { return b.refused.Load() }

// String describes the budget and its state in one line.
func (b *Budget) String() string {
	name := "budget"
	if b.Name != "" {
		name = fmt.Sprintf("budget %q", b.Name)
	}
	s := fmt.Sprintf("%s: %d retries available, %d granted, %d refused", name, b.Available(), b.Granted(), b.Refused())
	if d := b.Paused(); d > 0 {
		s += ", paused for " + brief(d)
	}
	return s
}

// Take takes a retry from the budget, and reports whether there was one. Calls do this by themselves; Take, Return and Earn are for
// other ways of retrying that share the budget.
func (b *Budget) Take() bool { return b.take(now()) != noPocket }

// Return gives back a retry that was taken, by Take or by [Policy.Next], and isn't made. While one of the Min retries is missing, it
// is one of these: unlike the earned ones they don't fade.
func (b *Budget) Return() {
	if !b.spare.fill(now(), b.min(), b.every()) {
		b.earned.add(1)
	}
	b.granted.Add(-1)
}

// Earn records a successful call. It is a single atomic addition.
func (b *Budget) Earn() {
	if b != nil && b.successes.Add(1) == 1 {
		b.earned.begin() // seldom: after each retry at most
	}
}

// take returns which pocket a token was taken from, if there was one.
func (b *Budget) take(now time.Duration) pocket {
	from := noPocket
	switch {
	case b.pausedUntil.Load() != 0 && b.pausedAt(now) > 0:
	case b.earned.take(now, &b.successes, b.ratio()):
		from = fromEarned
	case b.spare.take(now, b.min(), b.every()):
		from = fromSpare
	}
	if from == noPocket {
		b.refused.Add(1)
	} else {
		b.granted.Add(1)
	}
	return from
}

// takeHalf takes a token for a hedge, from what was earned and only while half of what could be there is there: what it may have
// been without hedges and retries fades just as the tokens do, so the rest is what was taken.
func (b *Budget) takeHalf(now time.Duration) bool {
	level := b.earned.fold(now, b.ratio()*float64(b.successes.Swap(0)))
	ok := level-1 >= b.peak.raise(now, level)/2 && b.pausedAt(now) == 0 && b.earned.take(now, &b.successes, b.ratio())
	if ok {
		b.granted.Add(1)
	} else {
		b.refused.Add(1)
	}
	return ok
}

// giveBack gives back a token that take took, and wasn't used.
func (b *Budget) giveBack(to pocket) {
	switch to {
	case fromEarned:
		b.earned.add(1)
	case fromSpare:
		b.spare.fill(now(), b.min(), b.every())
	default:
		return
	}
	b.granted.Add(-1)
}

func (b *Budget) ratio() float64 {
	switch {
	case b.Ratio == 0:
		return 0.1
	case b.Ratio > 0:
		return min(b.Ratio, 1)
	}
	return 0 // check refuses it
}

func (b *Budget) min() int {
	if b.Min == 0 {
		return 3
	}
	return max(b.Min, 0)
}

func (b *Budget) every() time.Duration {
	if b.Every <= 0 {
		return time.Minute
	}
	return b.Every
}

// fine reports whether check has nothing to say. It is asked before each call.
func (b *Budget) fine() bool { return b.Ratio >= 0 && b.Ratio <= 1 && b.Min|int(b.Every>>32) >= 0 }

// check reports a field that makes no sense.
func (b *Budget) check() error {
	switch {
	case b == nil:
		return nil
	case !(b.Ratio >= 0 && b.Ratio <= 1):
		return fmt.Errorf("%w: Budget.Ratio is %v; it must be from 0 to 1", ErrInvalid, b.Ratio)
	case b.Min < 0:
		return fmt.Errorf("%w: Budget.Min is %d; use 0 for the default of 3", ErrInvalid, b.Min)
	case b.Every < 0:
		return fmt.Errorf("%w: Budget.Every is %v; use 0 for the default of a minute", ErrInvalid, b.Every)
	}
	return nil
}

// A BudgetState is the state of a [Budget]: a plain value that can be stored, as JSON for example, and restored in another
// process, as a [Position] can. Granted and Refused aren't part of it.
type BudgetState struct {
	At          time.Time // when the state was taken
	Earned      float64   // retries that successes have earned
	Spare       float64   // what is left of Budget.Min
	PausedUntil time.Time `json:",omitzero"` // zero if the budget isn't paused
}

// State returns the state of the budget at the time t, which is usually time.Now().
func (b *Budget) State(t time.Time) BudgetState {
	now := t.Sub(epoch)
	s := BudgetState{At: t}
	s.Earned, s.Spare = b.level(now)
	if d := b.pausedAt(now); d > 0 {
		s.PausedUntil = t.Add(d)
	}
	return s
}

// Restore sets the state of the budget to s. What isn't a number, or more than the budget can hold, is brought into range.
func (b *Budget) Restore(s BudgetState) {
	now := s.At.Sub(epoch)
	b.successes.Store(0)
	b.earned.set(now, s.Earned)
	b.spare.set(now, s.Spare, b.min(), b.every())
	until := int64(0)
	if !s.PausedUntil.IsZero() {
		until = paused(after(now, s.PausedUntil.Sub(s.At)))
	}
	b.pausedUntil.Store(until)
}
