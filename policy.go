package retry

import (
	"context"
	"fmt"
	"time"
)

// A Policy says when to try again, and after which failures. It is a plain value:
// copy it, change a field, keep it in a variable and share it between any number of
// goroutines. Nothing here ever writes to it; what a call needs to remember is made
// anew for each call. The zero Policy works: ten attempts, Exponential{} between
// them, for every failure that is [Transient].
//
// A Policy whose fields make no sense, such as a negative duration, makes no attempt:
// the call ends at once in an [*Error] whose Reason is [ErrPolicy] and says which field.
type Policy struct {
	// Name says what is being called, in errors, events and logs. It may be empty.
	Name string

	// Backoff gives the delay before each attempt, the first one included; when it
	// ends, so do the attempts. If it's nil, it is Exponential{}.
	Backoff Backoff

	// Test makes the judge of one call's failures. It is asked once for each call that
	// fails at all, so that a judge with a memory starts afresh. If it's nil, it is [Transient].
	Test func() Test

	// Timeout limits each attempt, if it's positive: the attempt's context ends then,
	// with a cause that is [ErrTimeout]. That failure is worth another attempt.
	Timeout time.Duration

	// Within limits the whole call, delays included, if it's positive. The context of
	// each attempt ends then, with a cause that is [ErrTooLate]; and no delay is begun
	// that would end later.
	Within time.Duration

	// Budget limits retries over all calls that share it. If it's nil, there is no such limit.
	Budget *Budget

	// Observe is told of each failure that another attempt will follow, and of the end
	// of each call, in the goroutine that makes the attempts, with the caller's context.
	// It must be safe for concurrent use if the policy is. If it's nil, nobody is told.
	// See [Log] and [Observers].
	Observe func(context.Context, Event)
}

// check reports the first field that makes no sense.
func (p *Policy) check() error {
	switch {
	case p.Timeout < 0:
		return fmt.Errorf("%w: Timeout is %v; set none, or a positive one", ErrPolicy, p.Timeout)
	case p.Within < 0:
		return fmt.Errorf("%w: Within is %v; set none, or a positive one", ErrPolicy, p.Within)
	}
	if b, ok := p.Backoff.(stepper); ok {
		return b.check()
	}
	return nil
}

// plain reports whether nothing stands before the first attempt: no delay, no clock
// to read, nobody to tell, nothing to put into the context. Most calls are such, and
// succeed at once; they pay for nothing else. Where in doubt it says no.
func (p *Policy) plain(ctx context.Context) bool {
	if p.Observe != nil || p.Timeout != 0 || p.Within != 0 {
		return false
	}
	switch b := p.Backoff.(type) {
	case nil:
	case Exponential:
		if b.WaitFirst || !b.fine() {
			return false
		}
	case List:
		if len(b) == 0 || b[0] != 0 || !b.fine() {
			return false
		}
	default:
		return false
	}
	return ctx.Err() == nil && !nested(ctx)
}
