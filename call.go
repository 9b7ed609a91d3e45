package retry

import (
	"context"
	"fmt"
	"time"
)

// A call is the state of one call, whatever the way it is made. Its owner does
//
//	for again := c.begin(nil) && c.wait(); again; {
//		again = c.settle(f(c.attempt())) && c.wait()
//	}
//	return c.err
//
// with a deferred close; one that can't block does its own waiting and asks ready after it.
type call struct {
	policy   Policy
	ctx      context.Context // the caller's
	test     Test
	at       position
	failures failures
	attempts int           // begun so far
	started  time.Duration // when the call began, or had its first delay; 0 if not known
	delay    time.Duration // before the next attempt
	timer    *time.Timer
	extra    *extra
	err      error // how the call ended, once it has
	paid     bool  // the next attempt has been paid for
	over     bool  // the end has been told
	limited  bool  // there is a deadline, or Within
	telling  bool  // Observe is running
}

// begin prepares a call, and reports whether there is an attempt to make after c.delay. If
// the first attempt was already made and failed, first is that failure.
func (c *call) begin(first error) bool {
	c.override()
	p := &c.policy
	_, c.limited = c.ctx.Deadline()
	if first != nil {
		c.attempts = 1
		c.at = second
		return c.settle(first)
	}
	if err := p.check(); err != nil {
		return c.giveUp(err)
	}
	if p.Observe != nil || p.Timeout > 0 || p.Within > 0 {
		c.started = now()
	}
	if p.Within > 0 {
		c.limited = true
		c.more().deadline = after(c.started, p.Within)
	}
	return c.plan(0)
}

// attempt starts the next attempt and returns its context.
func (c *call) attempt() context.Context {
	c.attempts++
	c.paid = false
	ctx := c.number()
	if c.policy.Timeout == 0 && c.policy.Within == 0 {
		return ctx
	}
	limit, kind, whole := c.policy.Timeout, ErrTimeout, c.policy.Timeout
	if end := c.deadline(); end != 0 {
		if left := end - now(); limit == 0 || left <= limit {
			limit, kind, whole = left, ErrTooLate, c.policy.Within
		}
	}
	x := c.more()
	x.attempt, x.cancel = context.WithTimeoutCause(ctx, limit, &limitError{kind, whole})
	return x.attempt
}

// settle ends the attempt, which failed unless err is nil, and reports whether
// there is another one to make after c.delay.
func (c *call) settle(err error) bool {
	if c.extra != nil && c.extra.cancel != nil {
		err = c.timedOut(err)
		c.extra.cancel()
		c.extra.attempt, c.extra.cancel = nil, nil
	}
	if err == nil {
		c.err = nil
		c.policy.Budget.earn()
		c.tellEnd(Succeeded, nil)
		return false
	}
	m := read(err)
	if m.flags&fresh != 0 {
		c.refresh()
		m.after = max(m.after, unlimitedFloor) // there may be any number of these
	}
	c.failures.add(err)
	verdict := err
	switch {
	case c.policy.Test != nil:
		var unusable error
		if verdict, unusable = c.judge(err, m); unusable != nil {
			return c.giveUp(unusable)
		}
	case m.flags.transient():
		verdict = nil
	}
	if verdict == nil {
		return c.plan(m.after)
	}
	if over := c.ended(); over != nil && cancellation(verdict, over) {
		return c.giveUp(over)
	}
	c.err = verdict
	c.tellEnd(GaveUp, verdict)
	return false
}

// judge asks the call's own test: a verdict that isn't nil is what the call stops with.
// Stop is obeyed whatever the test says of it.
func (c *call) judge(err error, m marks) (verdict, unusable error) {
	if c.test == nil {
		if c.test = c.policy.Test(); c.test == nil {
			return nil, fmt.Errorf("%w: Test returned a nil Test", ErrPolicy)
		}
	}
	if verdict = c.test(err); verdict == nil && m.flags&stop != 0 {
		verdict = err
	}
	return verdict, nil
}

// plan schedules the next attempt, no sooner than after hint.
func (c *call) plan(hint time.Duration) bool {
	d, ok := c.next()
	if c.ctx.Err() != nil || c.policy.Within != 0 {
		if reason := c.ended(); reason != nil {
			return c.giveUp(reason)
		}
	}
	if !ok || c.capped() {
		return c.giveUp(ErrExhausted)
	}
	if d < 0 {
		return c.giveUp(fmt.Errorf("%w: Backoff gave a delay of %v before attempt %d", ErrPolicy, d, c.attempts+1))
	}
	c.delay = c.overridden(max(d, hint))
	if c.delay > 0 && c.started == 0 {
		c.started = now()
	}
	if c.limited || hint > longest {
		if reason := c.tooLate(hint); reason != nil {
			return c.giveUp(reason)
		}
	}
	if c.attempts > 0 && (c.policy.Budget != nil || c.policy.Observe != nil) && !c.announce() {
		return false
	}
	if o := c.overriding(); o != nil {
		c.record(o)
	}
	return true
}

// announce has the planned attempt paid for and told of, and reports whether it is still to be made.
func (c *call) announce() bool {
	if b := c.policy.Budget; b != nil {
		if !b.take(now()) {
			return c.giveUp(ErrBudget)
		}
		c.paid = true
	}
	if c.policy.Observe == nil {
		return true
	}
	c.tell(Retrying, c.failures.last())
	reason := c.ended()
	if reason == nil && c.limited {
		reason = c.tooLate(0) // telling may have taken its time
	}
	if reason != nil {
		return c.giveUp(reason)
	}
	return true
}

// wait waits for c.delay to pass, and reports whether the attempt is still to be made.
func (c *call) wait() bool {
	// After no delay nothing has happened since plan asked the context.
	return c.delay == 0 || c.sleep()
}

func (c *call) sleep() bool {
	if c.timer == nil {
		c.timer = time.NewTimer(c.delay)
	} else {
		c.timer.Reset(c.delay)
	}
	select {
	case <-c.timer.C:
	case <-c.ctx.Done():
		c.timer.Stop()
	}
	return c.ready()
}

// ready reports, at the end of a delay, whether the attempt is still to be made. It
// asks the context whatever ended the delay: both may have come at once.
func (c *call) ready() bool {
	if reason := c.ended(); reason != nil {
		return c.giveUp(reason)
	}
	return true
}

// refresh goes on as if the attempt just made had been the call's first.
func (c *call) refresh() {
	c.attempts = 1
	c.started = now()
	c.test = nil
	c.failures.forget()
	c.at = position{}
	c.unpull()
	c.next()
}
