package retry

import (
	"sync/atomic"
	"time"

	"github.com/callagain/retry/internal/probe"
)

// lastCall numbers the calls that are told of.
var lastCall atomic.Uint64

// giveUp ends the call with an Error.
func (c *call) giveUp(kept *failures, reason error) time.Duration {
	var e struct { // with room for its failures: one allocation
		Error
		room [keep]error
	}
	e.Error = Error{
		Name:     c.policy.Name,
		Reason:   reason,
		Attempts: c.attempts,
		Elapsed:  c.elapsed(),
		Failures: kept.appendTo(e.room[:0]),
	}
	if c.ctx.Err() != nil {
		e.over = c.ctx.Err()
	}
	return c.end(kept, &e.Error, reason)
}

// end ends the call with err, once: whoever comes first. All ends come through here.
func (c *call) end(kept *failures, err, reason error) time.Duration {
	if !c.over {
		c.over = true
		kept.end(err)
		if c.policy.Observe != nil || c.policy.probe != nil && (err != nil || c.attempts != 1) {
			e := Event{Err: err, Reason: reason}
			if g, ok := err.(*Error); ok && reason != nil {
				e.over = g.over
			}
			c.tell(e)
		}
	}
	return none
}

// close releases what the call holds. It is deferred, so that a call which panics or exits its goroutine is told to have ended, too;
// unless it was the observer who did.
func (c *call) close(kept *failures) {
	if c.over && c.paid == noPocket && c.extra == nil {
		return // nothing is held
	}
	defer func() {
		if c.telling {
			c.policy.Observe = nil // what has panicked isn't called again
		}
		c.end(kept, errPanicked, errPanicked)
	}()
	if paid := c.paid; paid != noPocket { // for an attempt that isn't made after all
		c.paid = noPocket
		c.policy.Budget.giveBack(paid)
	}
	c.unpull()
}

func (c *call) elapsed() time.Duration {
	if c.began == 0 {
		return 0
	}
	return now() - c.began
}

// tell calls Observe with e, after a probe that listens.
func (c *call) tell(e Event) {
	if c.id == 0 {
		c.id = lastCall.Add(1)
	}
	born := c.began
	if c.extra != nil && c.extra.born != 0 {
		born = c.extra.born
	}
	t := time.Now()
	at := t.Sub(epoch)
	if born == 0 {
		c.began, born = at, at
	}
	e.Name, e.Call, e.Attempt, e.Waited = c.policy.Name, c.id, c.attempts, c.waited
	e.Began, e.Elapsed = t.Add(born-at), at-c.began
	if l, ok := c.policy.probe.(probe.Listener); ok {
		l.Event(e)
	}
	if c.policy.Observe != nil {
		c.telling = true // stays so if Observe panics
		c.policy.Observe(c.ctx, e)
		c.telling = false
	}
}
