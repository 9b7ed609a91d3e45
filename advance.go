package retry

import (
	"context"
	"math"
	"time"
)

// begin prepares a call, and returns the delay before its first attempt.
func (c *call) begin(kept *failures) time.Duration {
	p := &c.policy
	if p.Observe != nil || p.Timeout|p.Within != 0 {
		c.began = now()
	}
	if err := c.prepare(); err != nil {
		return c.giveUp(kept, err)
	}
	if p.Within > 0 {
		c.more().deadline = after(c.began, p.Within)
	}
	return c.plan(kept, nil, marks{})
}

// resume goes on after a first attempt that was made without a call, and failed. It returns the delay before the next one.
func (c *call) resume(kept *failures, failure error) time.Duration {
	c.attempts, c.place.delays = 1, 1
	if err := c.prepare(); err != nil {
		kept.add(failure)
		return c.giveUp(kept, err)
	}
	return c.failed(kept, failure)
}

func (c *call) prepare() error {
	if err := c.policy.check(); err != nil {
		return err
	}
	c.override()
	return nil
}

// attempt makes the next attempt, and returns the delay before the one after it.
func (c *call) attempt(kept *failures, f func(context.Context) error) time.Duration {
	failure, reason := c.run(kept, f)
	return c.settle(kept, failure, reason)
}

// run runs f as the next attempt. A reason says that the policy turned out to be unusable.
func (c *call) run(kept *failures, f func(context.Context) error) (failure, reason error) {
	if c.attempts < math.MaxInt {
		c.attempts++
	}
	c.paid = noPocket
	ctx := kept.number(c.ctx, c.attempts, c.delay)
	switch p := &c.policy; {
	case p.probe != nil:
		return c.probed(ctx, f)
	case p.Timeout|p.Within != 0 || p.Around != nil:
		return p.limited(ctx, c.deadline(), f)
	}
	return f(ctx), nil
}

// settle returns the delay after an attempt that run has run.
func (c *call) settle(kept *failures, failure, reason error) time.Duration {
	switch {
	case reason != nil:
		if failure != nil {
			kept.add(failure)
		}
		return c.giveUp(kept, reason)
	case failure != nil:
		return c.failed(kept, failure)
	}
	c.policy.Budget.Earn()
	return c.end(kept, nil, nil)
}

// failed returns the delay after an attempt that failed.
func (c *call) failed(kept *failures, failure error) time.Duration {
	m := read(failure)
	if m.flags&progress != 0 {
		c.refresh()
		kept.forget()
	}
	kept.add(failure)
	return c.plan(kept, failure, m)
}

// refresh goes on as if the attempt just made had been the call's first.
func (c *call) refresh() {
	if c.policy.Observe != nil && c.more().born == 0 {
		c.extra.born = c.began
	}
	c.began = now()
	c.attempts = 1
	c.place = place{seed: c.place.seed}
	if c.extra != nil {
		c.extra.memory = memory{}
	}
	c.unpull()
	c.next()
}

// plan returns the delay before the next attempt. The failure of the last one is nil if there was none.
func (c *call) plan(kept *failures, failure error, m marks) time.Duration {
	o := outlook{attempt: c.attempts, parked: true}
	if o.more = c.policy.allows(c.attempts) && !c.capped(); o.more {
		o.delay, o.more = c.next()
	}
	o.left = c.left()
	var mem *memory
	if c.policy.Decide != nil {
		mem = &c.more().memory
	}
	v := decide(&c.policy, failure, m, o, mem)
	if mem != nil && failure != nil {
		kept.replace(v.failure) // not compared: that panics for some types
	}
	over := c.ended()
	switch {
	case v.stop && (over == nil || !cancellation(v.failure, over)):
		return c.end(kept, v.failure, nil)
	case over != nil:
		return c.giveUp(kept, over)
	case v.reason != nil:
		return c.giveUp(kept, v.reason)
	}
	c.delay = c.overridden(v.wait)
	if c.delay > 0 && c.began == 0 {
		c.began = now()
	}
	if failure != nil && (c.policy.Budget != nil || c.policy.Observe != nil || c.policy.probe != nil) {
		if reason := c.announce(v.failure); reason != nil {
			return c.giveUp(kept, reason)
		}
	}
	if o := c.overriding(); o != nil && (c.attempts > 0 || c.extra.asked > 0) {
		o.Record(c.policy.Name, c.attempts+1, c.extra.asked)
	}
	return c.delay
}

// announce has the planned attempt paid for and told, or returns why it isn't to be made.
func (c *call) announce(failure error) error {
	if b := c.policy.Budget; b != nil {
		if c.paid = b.take(now()); c.paid == noPocket {
			return ErrBudget
		}
	}
	if c.policy.Observe == nil && c.policy.probe == nil {
		return nil
	}
	c.tell(Event{Retry: true, Err: failure, Delay: c.delay})
	if reason := c.ended(); reason != nil {
		return reason
	}
	return fits(c.delay, 0, c.left(), false) // telling may have taken its time
}

// wait waits for d to pass, and reports whether the attempt is still to be made.
func (c *call) wait(kept *failures, d time.Duration) bool {
	// After no delay nothing has happened since plan asked the context.
	return d == 0 || d != none && c.sleep(kept, d)
}

func (c *call) sleep(kept *failures, d time.Duration) bool {
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	select {
	case <-c.timer.C:
	case <-c.ctx.Done():
		c.timer.Stop()
		c.giveUp(kept, cause(c.ctx))
		return false
	}
	return c.ready(kept)
}

// ready reports, at the end of a delay, whether the attempt is still to be made. It asks the context whatever ended the
// delay: both may have come at once.
func (c *call) ready(kept *failures) bool {
	if reason := c.ended(); reason != nil {
		c.giveUp(kept, reason)
		return false
	}
	c.waited = after(c.waited, c.delay)
	return true
}
