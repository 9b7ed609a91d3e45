package retry

import (
	"context"
	"time"
)

// Stop marks err as a failure that must not be retried, whatever the policy says. The call returns what the function
// returned. The mark doesn't change the text of err, and is seen through wrapping, by an outer call as well. Stop(nil) is nil.
func Stop(err error) error { return mark(err, marks{flags: stop}) }

// After marks err as a failure to be retried no sooner than after d, for example because a server sent Retry-After. It never
// shortens the delay of the policy. If d is longer than the time left, or longer than five minutes in a call without a limit
// of time, the call gives up at once with the reason [ErrTooLate]. A negative d counts as 0. After(nil, d) is nil.
//
// After also makes failures retryable that aren't by default: an inner call's [*Error], and a context.Canceled that isn't the
// caller's. [Stop] is stronger than After.
func After(err error, d time.Duration) error { return mark(err, marks{again, max(d, 0)}) }

// Progress marks err as a failure after progress, such as a connection that worked for an hour and then broke. The call continues as
// if this were its first failure: attempts, delays, counts and the time that is reported count from here, and earlier failures are
// forgotten. The next delay is a millisecond at least, so that a peer that accepts and drops each connection doesn't make a
// busy loop. Policy.Within isn't prolonged.
//
// Like [After], Progress makes failures retryable that aren't by default. Progress(nil) is nil.
func Progress(err error) error { return mark(err, marks{again | progress, least}) }

// least is the shortest delay after Progress, and of a policy without a limit of attempts.
const least = time.Millisecond

type marked struct {
	error
	marks
}

func mark(err error, m marks) error {
	if err == nil {
		return nil
	}
	return &marked{err, m}
}

func (m *marked) Unwrap() error { return m.error }

// marks is what a failure says about itself, through all of its wrapping.
type marks struct {
	flags flags
	after time.Duration
}

type flags uint8

const (
	stop     flags = 1 << iota // must not be retried
	again                      // may be retried, whatever else it is
	progress                   // there was progress
	inner                      // an inner call gave up
	canceled                   // it is, or wraps, context.Canceled
	timeout                    // the attempt ran out of its own time
)

// transient reports whether a failure may be retried at all; see Policy.RetryIf.
func (f flags) transient() bool {
	return f&stop == 0 && (f&(inner|canceled) == 0 || f&(again|timeout) != 0)
}

// read finds the marks of err: at each failure of each call, so it makes short work of an error that wraps nothing.
func read(err error) (m marks) {
	switch err.(type) {
	case *marked, *Error, *timeoutError, interface{ Is(error) bool }, interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return readAll(err)
	}
	if err == context.Canceled {
		m.flags = canceled
	}
	return m
}

// readAll finds the marks of err and of all that it wraps.
func readAll(err error) (m marks) {
	if t, ok := err.(*timeoutError); ok {
		m.flags = timeout
		err = t.err
	}
	w := walk{left: mostWrapped}
	w.visit(err, 0)
	m.flags |= w.flags
	m.after = w.after
	return m
}

// A walk goes through what an error wraps, and ends if that has no end.
type walk struct {
	marks
	left int
}

func (w *walk) visit(err error, depth int) {
	for depth < deepest && err != nil && err != context.Canceled {
		if w.left--; w.left < 0 {
			return
		}
		// One switch, since the compiler makes one look-up of it.
		switch e := err.(type) {
		case *marked:
			w.flags |= e.flags
			w.after = max(w.after, e.after)
			err = e.error
		case *Error:
			w.flags |= inner // what is in there was said to the inner call
			return
		case interface {
			Is(error) bool
			Unwrap() error
		}:
			w.ask(e)
			err = e.Unwrap()
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			w.ask(err)
			for _, err := range e.Unwrap() {
				w.visit(err, depth+1)
			}
			return
		case interface{ Is(error) bool }:
			w.ask(e)
			return
		default:
			return
		}
	}
	if err == context.Canceled {
		w.flags |= canceled
	}
}

// ask notes whether a failure says of itself that it is a cancellation.
func (w *walk) ask(failure any) {
	if e, ok := failure.(interface{ Is(error) bool }); ok && e.Is(context.Canceled) {
		w.flags |= canceled
	}
}
