package retry

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Why a call gave up: the Reason of an [*Error] is, or wraps, one of these, or else
// it's the cause of the caller's context ([context.Cause]).
var (
	// ErrExhausted says that the backoff gave no further delay.
	ErrExhausted = errors.New("attempts used up")
	// ErrTooLate says that the next delay didn't fit into the time left, or that the call's own time ran out.
	ErrTooLate = errors.New("no time left")
	// ErrBudget says that the budget refused another attempt.
	ErrBudget = errors.New("retry budget used up")
	// ErrPolicy says that the policy itself can't be used, and why.
	ErrPolicy = errors.New("unusable policy")
)

// An Error says that a call gave up, why, and after which failures. [errors.Is] and
// [errors.As] see the reason, the first failure and the latest ones. An outer call doesn't
// try again after it, so nested retries don't multiply.
type Error struct {
	Name     string        // the policy's
	Reason   error         // ErrExhausted, ErrTooLate, ErrBudget, ErrPolicy or the context's cause
	Attempts int           // how many were made
	Elapsed  time.Duration // since the call began; or, if nothing in the policy needs a clock, since its first delay; or 0
	Failures []error       // the first, then the latest, at most 8 in all
}

// Error returns one line that starts with the first failure: it happened before
// anything was disturbed by trying again, so it tells most. The user info and the
// query of a URL are left out.
func (e *Error) Error() string {
	var b strings.Builder
	if len(e.Failures) > 0 {
		b.WriteString(text(e.Failures[0]))
		b.WriteString(" (")
	}
	b.WriteString("retry")
	if e.Name != "" {
		fmt.Fprintf(&b, " %q", e.Name)
	}
	b.WriteString(": ")
	reason := "no reason given"
	if e.Reason != nil {
		reason = text(e.Reason)
	}
	switch e.Attempts {
	case 0:
		b.WriteString("no attempt made")
	case 1:
		b.WriteString("gave up after 1 attempt")
	default:
		fmt.Fprintf(&b, "gave up after %d attempts", e.Attempts)
	}
	if e.Attempts > 0 && e.Elapsed > 0 {
		fmt.Fprintf(&b, " in %v", round(e.Elapsed))
	}
	b.WriteString(": " + reason)
	if n := len(e.Failures); n > 0 {
		if last := text(e.Failures[n-1]); last != text(e.Failures[0]) && last != reason {
			b.WriteString("; last: ")
			b.WriteString(last)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Unwrap returns the reason and the failures.
func (e *Error) Unwrap() []error {
	return append([]error{e.Reason}, e.Failures...)
}

// round drops the digits that nobody reads.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Minute:
		return d.Round(time.Second)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}
