package retry

import (
	"context"
	"time"
)

// deadline is when Within ends; 0 if it isn't set.
func (c *call) deadline() time.Duration {
	if c.policy.Within == 0 || c.extra == nil {
		return 0
	}
	return c.extra.deadline
}

// left is how much time there is; forever if nothing limits it.
func (c *call) left() time.Duration {
	left := forever
	if d, ok := c.ctx.Deadline(); ok {
		left = time.Until(d)
	}
	if end := c.deadline(); end != 0 {
		left = min(left, until(end, now()))
	}
	return left
}

// ended returns why the whole call is over, if it is. A context may close Done before its Err says why; so, once there was an attempt or
// a delay in which that may have happened, Done is asked as well.
func (c *call) ended() error {
	if c.ctx.Err() != nil {
		return cause(c.ctx)
	}
	if c.attempts > 0 || c.delay > 0 {
		select {
		case <-c.ctx.Done():
			return cause(c.ctx)
		default:
		}
	}
	if end := c.deadline(); end != 0 && now() >= end {
		return &limitError{ErrTooLate, c.policy.Within}
	}
	return nil
}

// cause returns why a context is over.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.Canceled
}

// cancellation reports whether err says no more than that the call was over.
func cancellation(err, reason error) bool {
	return is(err, reason) || is(err, context.Canceled) || is(err, context.DeadlineExceeded)
}
