package retry

import (
	"context"
	"errors"
	"time"
)

// A timeoutError is the failure of an attempt that ran out of Policy.Timeout.
type timeoutError struct {
	err   error
	cause error
}

func (e *timeoutError) Error() string   { return e.err.Error() + " (" + e.cause.Error() + ")" }
func (e *timeoutError) Unwrap() []error { return []error{e.err, e.cause} }
func (e *timeoutError) Timeout() bool   { return true }

// timedOut marks a failure of an attempt whose own time had run out. Only the
// contexts know: f may have returned any error at all by then.
func (c *call) timedOut(err error) error {
	if err == nil || c.extra.attempt.Err() == nil || c.ctx.Err() != nil {
		return err
	}
	cause := context.Cause(c.extra.attempt)
	if limit, ok := cause.(*limitError); !ok || limit.kind != ErrTimeout {
		return err
	}
	if err == cause {
		return &timeoutError{context.DeadlineExceeded, cause}
	}
	return &timeoutError{err, cause}
}

// A limitError is the cause of a context that ended because the policy's own time did.
type limitError struct {
	kind  error // ErrTimeout or ErrTooLate
	limit time.Duration
}

func (e *limitError) Error() string {
	if e.kind == ErrTimeout {
		return "attempt timed out after " + e.limit.String()
	}
	return "the call's time of " + e.limit.String() + " is over"
}

func (e *limitError) Unwrap() []error { return []error{e.kind, context.DeadlineExceeded} }
func (e *limitError) Timeout() bool   { return true }

// ErrTimeout is in the failure of an attempt that ran out of [Policy.Timeout], and is
// the cause ([context.Cause]) of that attempt's context; so is [context.DeadlineExceeded].
var ErrTimeout = errors.New("attempt timed out")
