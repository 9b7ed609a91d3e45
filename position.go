package retry

import (
	"maps"
	"math"
	"time"
)

// A Position is where a call stands between two attempts. It is a plain value that can be stored, as JSON for example, and
// continued by another process with [Policy.Next]. The zero Position is that of a call that hasn't begun. After a [Progress] failure
// everything but Began counts from there.
type Position struct {
	Began    time.Time      // when the call began
	Since    time.Time      `json:",omitzero"`  // the last Progress, if there was any
	Attempts int            `json:",omitempty"` // made so far
	Delays   int            `json:",omitempty"` // taken from the Backoff so far
	Base     time.Duration  `json:",omitempty"` // what the last delay was made from, before jitter and Max; 0: worked out from Delays
	Last     time.Duration  `json:",omitempty"` // the last delay of the Backoff
	Counts   map[string]int `json:",omitempty"` // see Decision.Count
	Seed     uint64         `json:",omitempty"` // of the jitter; drawn where it is needed and 0
}

// Next returns what follows an attempt that failed with failure at the time now: the next position and the delay before the
// next attempt, or the error with which the call ends. For a call that begins, at is the zero Position and failure is nil.
//
// Next is for programs that wait by other means than this package, such as a job queue or a simulation. It doesn't read a clock and calls
// neither Observe nor Around. It takes the retry from the Budget, by the time now; [Budget.Return] gives it back if the attempt isn't
// made, and [Budget.Earn] is the caller's to call after a success. Hints of [After] are obeyed however long they are. The failures
// before this one aren't known: the error has only this one. Decision.State is nil at each failure.
//
// A Backoff of another package is ranged over from its start each time.
func (p Policy) Next(at Position, now time.Time, failure error) (next Position, wait time.Duration, end error) {
	if at.Began.IsZero() {
		at.Began = now
	}
	if err := p.check(); err != nil {
		return at, 0, p.gaveUp(&at, now, err, failure)
	}
	floor := floorOf(p.Attempts)
	spot := place{
		delays: min(max(at.Delays, 0), math.MaxInt-1), // it may come from a store that somebody else writes to
		base:   max(at.Base, 0),
		last:   max(at.Last, 0),
		seed:   at.Seed,
	}
	at.Attempts = min(max(at.Attempts, 0), math.MaxInt-1)
	var m marks
	var mem memory
	if failure != nil {
		if at.Attempts == 0 && at.Delays == 0 { // the first attempt was made without asking
			_, spot, _ = replay(p.Backoff, spot, floor)
		}
		at.Attempts++
		m = read(failure)
		if m.flags&progress != 0 {
			at.Since, at.Attempts, at.Counts = now, 1, nil
			_, spot, _ = replay(p.Backoff, place{seed: spot.seed}, floor)
		}
		if p.Decide != nil {
			mem.counts = maps.Clone(at.Counts)
		}
	}
	o := outlook{attempt: at.Attempts, left: forever}
	if o.more = p.allows(at.Attempts); o.more {
		o.delay, spot, o.more = replay(p.Backoff, spot, floor)
	}
	at.Delays, at.Base, at.Last, at.Seed = spot.delays, spot.base, spot.last, spot.seed
	if p.Within > 0 {
		o.left = p.Within - now.Sub(at.Began)
	}
	v := decide(&p, failure, m, o, &mem)
	if p.Decide != nil && failure != nil {
		at.Counts = mem.counts
	}
	switch {
	case v.stop:
		return at, 0, v.failure
	case v.reason == nil && failure != nil && p.Budget != nil && p.Budget.take(now.Sub(epoch)) == noPocket:
		v.reason = ErrBudget
	}
	if v.reason != nil {
		return at, 0, p.gaveUp(&at, now, v.reason, v.failure)
	}
	return at, v.wait, nil
}

// gaveUp returns the error of a call that gave up at a position.
func (p *Policy) gaveUp(at *Position, now time.Time, reason, failure error) error {
	since := at.Began
	if !at.Since.IsZero() {
		since = at.Since
	}
	e := &Error{Name: p.Name, Reason: reason, Attempts: at.Attempts, Elapsed: max(0, now.Sub(since))}
	if failure != nil {
		e.Failures = []error{failure}
	}
	return e
}
