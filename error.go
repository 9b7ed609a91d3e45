package retry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Why a call gave up: the Reason of an [*Error] is, or wraps, one of these, or it is the cause of the caller's context
// (see [context.Cause]).
var (
	// ErrExhausted means that no attempts are left.
	ErrExhausted = errors.New("attempts used up")

	// ErrTooLate means that no time is left: the next delay would end at or after the deadline of the context or
	// [Policy.Within], or one of these is over. It is also a [context.DeadlineExceeded].
	ErrTooLate error = &timeError{"no time left"}

	// ErrBudget means that the [Budget] refused the retry.
	ErrBudget = errors.New("retry budget exhausted")

	// ErrInvalid means that the [Policy] can't be used, or that a [Loop] or [Policy.Around] was used wrongly. The text
	// says why.
	ErrInvalid = errors.New("invalid policy")
)

// ErrTimeout is in the failure of an attempt that exceeded [Policy.Timeout], and is in the cause of its context. It is
// also a [context.DeadlineExceeded].
var ErrTimeout error = &timeError{"attempt timed out"}

// A timeError is an end that came by time.
type timeError struct{ text string }

func (e *timeError) Error() string        { return e.text }
func (e *timeError) Timeout() bool        { return true }
func (e *timeError) Is(target error) bool { return target == context.DeadlineExceeded }

// A limitError is the cause of a context that ended because the policy's own time did.
type limitError struct {
	kind  error // ErrTimeout or ErrTooLate
	limit time.Duration
}

func (e *limitError) Error() string {
	if e.kind == ErrTimeout {
		return "attempt timed out after " + e.limit.String()
	}
	return "no time left: the call may take " + e.limit.String()
}

func (e *limitError) Unwrap() error { return e.kind }
func (e *limitError) Timeout() bool { return true }

// A timeoutError is the failure of an attempt whose time ran out.
type timeoutError struct {
	err   error // what f returned
	cause error // a limitError
}

func (e *timeoutError) Error() string {
	return text(e.err, longestText) + " (" + e.cause.Error() + ")"
}
func (e *timeoutError) Unwrap() []error { return []error{e.err, e.cause} }
func (e *timeoutError) Timeout() bool   { return true }

// An Error says that a call gave up, why, and after which failures. [errors.Is] and [errors.As] see the reason and
// the failures. An outer call doesn't retry it, so that nested retries don't multiply.
//
// If time ended the call, errors.Is(err, context.DeadlineExceeded) holds, and [Error.Timeout] is true.
type Error struct {
	Name     string        // the policy's
	Reason   error         // ErrExhausted, ErrTooLate, ErrBudget, ErrInvalid, or the cause of the caller's context
	Attempts int           // how many were made, since the last Progress
	Elapsed  time.Duration // since the call began or the last Progress; see Event.Elapsed
	Failures []error       // the first failure, then the latest ones; at most 8

	over error // the caller's ctx.Err(), which may say more than its cause
}

// First returns the first failure, or nil if no attempt was made.
func (e *Error) First() error {
	if len(e.Failures) == 0 {
		return nil
	}
	return e.Failures[0]
}

// Last returns the last failure, or nil if no attempt was made.
func (e *Error) Last() error {
	if len(e.Failures) == 0 {
		return nil
	}
	return e.Failures[len(e.Failures)-1]
}

// Timeout reports whether time ended the call: the reason or the last failure is a timeout. It is what [os.IsTimeout] and
// [net.Error] ask.
func (e *Error) Timeout() bool {
	for _, err := range []error{e.over, e.Reason, e.Last()} {
		if is(err, context.DeadlineExceeded) {
			return true
		}
		if t, ok := err.(interface{ Timeout() bool }); ok && t.Timeout() {
			return true
		}
	}
	return false
}

// Error returns one line that begins with the first failure. It has no user info, query or fragment of a URL, and at most
// a few kilobytes.
func (e *Error) Error() string {
	var b strings.Builder
	first := ""
	if f := e.First(); f != nil {
		first = text(f, longestText)
		b.WriteString(first + " (")
	}
	b.WriteString("retry")
	if e.Name != "" {
		fmt.Fprintf(&b, " %q", cut(e.Name, longestLast))
	}
	switch e.Attempts {
	case 0:
		b.WriteString(": no attempt made")
	case 1:
		b.WriteString(": gave up after 1 attempt")
	default:
		fmt.Fprintf(&b, ": gave up after %d attempts", e.Attempts)
	}
	if e.Attempts > 0 && e.Elapsed > 0 {
		b.WriteString(" in " + brief(e.Elapsed))
	}
	reason := "no reason given"
	if e.Reason != nil {
		reason = text(e.Reason, longestLast)
	}
	b.WriteString(": " + reason)
	if len(e.Failures) > 1 {
		if last := text(e.Last(), longestLast); !strings.HasPrefix(first, strings.TrimSuffix(last, "…")) && last != reason {
			b.WriteString("; last: " + last)
		}
	}
	if first != "" {
		b.WriteByte(')')
	}
	return b.String()
}

// Unwrap returns the reason and the failures.
func (e *Error) Unwrap() []error {
	all := make([]error, 0, 2+len(e.Failures))
	for _, err := range append([]error{e.Reason, e.over}, e.Failures...) {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}
