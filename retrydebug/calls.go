package retrydebug

import (
	"slices"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// kept is how many attempts of a call are shown: the first and the latest.
const kept = 8

// A tracker follows the calls of one name between their first failure and their end.
type tracker struct {
	*ledger
	name string

	mu      sync.Mutex // no foreign code runs under it
	calls   map[uint64]*retrying
	swept   time.Time // calls
	giveUps []*giveUp // the oldest first
	bytes   int
}

// A retrying call has failed at least once. It keeps no failure for longer than the call does.
type retrying struct {
	steps []step
	wake  time.Time // when its last delay ends
}

type step struct {
	attempt int
	err     error
	at      time.Duration // since the call began
	delay   time.Duration // after it
	waited  time.Duration // before that, in all
}

// retry keeps what a call that goes on will be asked for.
func (r *tracker) retry(e retry.Event) {
	now := time.Now()
	wake := now.Add(e.Delay)
	s := step{e.Attempt, e.Err, e.Elapsed, e.Delay, e.Waited}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[e.Call]
	if c == nil {
		if r.ledger.retrying.Load() >= maxRetrying {
			r.sweep(now)
		}
		if r.ledger.retrying.Add(1) > maxRetrying {
			r.ledger.retrying.Add(-1)
			return
		}
		c = new(retrying)
		r.calls[e.Call] = c
	}
	if len(c.steps) == kept-1 {
		c.steps = slices.Delete(c.steps, 1, 2)
	}
	c.steps, c.wake = append(c.steps, s), wake
}

// sweep forgets calls that have been in an attempt for an hour. There is no end of a call whose Observe panicked.
func (r *tracker) sweep(now time.Time) {
	if now.Sub(r.swept) < time.Minute {
		return
	}
	r.swept = now
	for id, c := range r.calls {
		if now.Sub(c.wake) > time.Hour {
			delete(r.calls, id)
			r.ledger.retrying.Add(-1)
		}
	}
}

// end forgets a call that has ended, and keeps it as a give-up if it is one that somebody would want to see.
func (r *tracker) end(e retry.Event, outcome string) {
	r.mu.Lock()
	c := r.calls[e.Call]
	if c != nil {
		delete(r.calls, e.Call)
		r.ledger.retrying.Add(-1)
	}
	r.mu.Unlock()
	if outcome == "succeeded" || outcome == "canceled" || outcome == "stopped" && e.Attempt <= 1 {
		return
	}
	var steps []step
	if c != nil {
		steps = c.steps
	}
	g := &giveUp{
		At:       time.Now().UTC(),
		Policy:   r.name,
		Outcome:  outcome,
		Attempts: e.Attempt,
		Elapsed:  seconds(e.Elapsed),
		Waited:   seconds(e.Waited),
		Timeline: timeline(e, steps),
	}
	if e.Reason != nil {
		g.Reason = text(e.Reason)
	}
	r.keep(g)
}

// timeline is what came of each attempt.
func timeline(e retry.Event, steps []step) []moment {
	last := e.Err
	if g, ok := e.Err.(*retry.Error); ok && e.Reason != nil {
		last = g.Last()
		if len(steps) == 0 && len(g.Failures) > 1 { // it wasn't tracked
			for i, f := range g.Failures[:len(g.Failures)-1] {
				n := e.Attempt - len(g.Failures) + 1 + i
				if i == 0 {
					n = 1
				}
				steps = append(steps, step{attempt: n, err: f, at: -1, delay: -1})
			}
		}
	}
	var all []moment
	for _, s := range steps {
		m := moment{Attempt: s.attempt, Failure: text(s.err)}
		if s.at >= 0 {
			m.At, m.Delay = number(seconds(s.at)), number(seconds(s.delay))
		}
		all = append(all, m)
	}
	if n := len(steps); n > 0 && steps[n-1].at >= 0 {
		s := steps[n-1]
		if s.delay > 0 && e.Waited == s.waited || s.delay == 0 && e.Attempt == s.attempt {
			all[n-1].Delay, all[n-1].Ended = number(seconds(e.Elapsed-s.at)), true
			return all
		}
	}
	if last != nil && e.Attempt > 0 {
		all = append(all, moment{Attempt: e.Attempt, Failure: text(last), At: number(seconds(e.Elapsed))})
	}
	return all
}

// waiting returns how many calls wait, and the time until the first of them goes on. There may be more that aren't tracked.
func (r *tracker) waiting(now time.Time) (n int, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		if d := c.wake.Sub(now); d > 0 {
			if n++; n == 1 || d < next {
				next = d
			}
		}
	}
	return n, next
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func number(f float64) *float64 { return &f }

// keep adds g to the give-ups of the row and of the board, and drops the oldest.
func (r *tracker) keep(g *giveUp) {
	n := g.size()
	b := r.ledger
	r.mu.Lock()
	r.giveUps = append(r.giveUps, g)
	r.bytes += n
	total := b.bytes.Add(int64(n))
	for len(r.giveUps) > maxGiveUps || len(r.giveUps) > 1 && (r.bytes > giveUpBytes || total > boardBytes) {
		n := r.giveUps[0].size()
		r.giveUps = slices.Delete(r.giveUps, 0, 1)
		r.bytes -= n
		total = b.bytes.Add(int64(-n))
	}
	r.mu.Unlock()
	b.recent.Lock()
	defer b.recent.Unlock()
	if len(b.recent.giveUps) == maxLatest {
		b.recent.giveUps = slices.Delete(b.recent.giveUps, 0, 1)
	}
	b.recent.giveUps = append(b.recent.giveUps, g)
}
