package retry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// longest is the longest hint that a call without a limit of time obeys.
const longest = 5 * time.Minute

// ended says why the whole call is over, if it is.
func (c *call) ended() error {
	if c.ctx.Err() == nil && c.policy.Within == 0 {
		return nil
	}
	return c.whyEnded()
}

func (c *call) whyEnded() error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if end := c.deadline(); end != 0 && now() >= end {
		return &limitError{ErrTooLate, c.policy.Within}
	}
	return nil
}

// giveUp ends the call with an Error, and returns false.
func (c *call) giveUp(reason error) bool {
	c.err = &Error{
		Name:     c.policy.Name,
		Reason:   reason,
		Attempts: c.attempts,
		Elapsed:  c.elapsed(),
		Failures: c.failures.all(),
	}
	c.tellEnd(GaveUp, c.err)
	return false
}

// close releases what the call holds. It is deferred, so that a call which panics or
// exits its goroutine is told to have ended, too; unless it was the observer who did.
func (c *call) close() {
	if c.extra != nil {
		if c.extra.cancel != nil {
			c.extra.cancel()
		}
		c.unpull()
	}
	c.refund()
	if !c.over && !c.telling {
		c.tellEnd(GaveUp, errPanicked)
	}
}

// refund gives back the token for an attempt that isn't made after all.
func (c *call) refund() {
	if c.paid {
		c.paid = false
		c.policy.Budget.refund()
	}
}

// tooLate says why c.delay can't be waited for.
func (c *call) tooLate(hint time.Duration) error {
	left := time.Duration(math.MaxInt64)
	if d, ok := c.ctx.Deadline(); ok {
		left = time.Until(d)
	}
	if end := c.deadline(); end != 0 {
		left = min(left, end-now())
	}
	what := "the next delay is"
	if hint > 0 && c.delay <= hint {
		what = "the failure asks to wait"
	}
	switch {
	case c.limited && c.delay >= left:
		return fmt.Errorf("%w: %s %v, with %v left", ErrTooLate, what, c.delay, round(max(left, 0)))
	case !c.limited && hint > longest:
		return fmt.Errorf("%w: %s %v, more than the %v allowed to a call without a limit of time", ErrTooLate, what, max(c.delay, hint), longest)
	}
	return nil
}

func (c *call) elapsed() time.Duration {
	if c.started == 0 {
		return 0
	}
	return now() - c.started
}

// tellEnd tells of the end of the call, once.
func (c *call) tellEnd(k Kind, err error) {
	if c.over {
		return
	}
	c.over = true
	if c.policy.Observe != nil {
		c.delay = 0
		c.tell(k, err)
	}
}

func (c *call) tell(k Kind, err error) {
	c.telling = true // stays so if Observe panics
	c.policy.Observe(c.ctx, Event{
		Kind:    k,
		Name:    c.policy.Name,
		Attempt: c.attempts,
		Err:     err,
		Delay:   c.delay,
		Elapsed: c.elapsed(),
	})
	c.telling = false
}

// cancellation reports whether err says no more than that the call was over.
func cancellation(err, reason error) bool {
	return errors.Is(err, reason) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// errPanicked is told as the end of a call whose attempt, test or schedule never returned.
var errPanicked = errors.New("the call panicked or exited its goroutine")
