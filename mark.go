package retry

import (
	"context"
	"time"
)

// Stop marks err as not worth another attempt: a call whose f returns it, however
// deeply wrapped, ends with what f returned, whatever the policy's test says. The
// mark doesn't show in the text, and an outer call sees it too. Stop(nil) is nil.
func Stop(err error) error { return mark(err, marks{flags: stop}) }

// After marks err as worth another attempt, no sooner than after d: what a server says
// in Retry-After, say. It never shortens the policy's own delay; if d is longer than the
// time left, or than five minutes where there is no limit of time, the call gives
// up at once ([ErrTooLate]). A negative d counts as 0. After(nil, d) is nil.
//
// An After around an inner call's [*Error], or around a cancellation that isn't the
// caller's, makes [Transient] accept that as well. Stop is stronger than After.
func After(err error, d time.Duration) error {
	return mark(err, marks{worth, max(d, 0)})
}

// Fresh marks err as a failure after progress: a connection that worked for hours and
// then broke, a download that got further. The call goes on as if this were its first
// failure: attempts are counted from 1 again, the schedule goes on with its second
// delay, and with a millisecond at least (so that a peer which accepts and drops every
// connection never makes a hot loop),
// the test is made anew, and earlier failures are forgotten. Within is not prolonged.
// Like [After] it says that the failure is worth another attempt. Fresh(nil) is nil.
func Fresh(err error) error { return mark(err, marks{flags: worth | fresh}) }

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
	stop      flags = 1 << iota // not worth another attempt
	worth                       // worth another attempt, whatever else it is
	fresh                       // there was progress
	inner                       // an inner call gave up
	cancelled                   // it is, or wraps, context.Canceled
	timeout                     // the attempt ran out of its own time
)

// read finds the marks of err: at each failure of each call, so it makes short work of an
// error that wraps nothing.
func read(err error) (m marks) {
	switch err.(type) {
	case *marked, *Error, *timeoutError, interface{ Is(error) bool }, interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return readAll(err)
	}
	if err == context.Canceled {
		m.flags = cancelled
	}
	return m
}

// readAll finds the marks of err and of all that it wraps.
func readAll(err error) (m marks) {
	if t, ok := err.(*timeoutError); ok {
		m.flags = timeout
		err = t.err
	}
	m.walk(err)
	return m
}

func (m *marks) walk(err error) {
	for err != nil && err != context.Canceled {
		// One switch, since the compiler makes one look-up of it.
		switch e := err.(type) {
		case *marked:
			m.flags |= e.flags
			m.after = max(m.after, e.after)
			err = e.error
		case *Error:
			m.flags |= inner // what is in there was said to the inner call
			return
		case interface {
			Is(error) bool
			Unwrap() error
		}:
			m.ask(e)
			err = e.Unwrap()
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			m.ask(err)
			for _, err := range e.Unwrap() {
				m.walk(err)
			}
			return
		case interface{ Is(error) bool }:
			m.ask(e)
			return
		default:
			return
		}
	}
	if err != nil {
		m.flags |= cancelled
	}
}

// ask notes whether a failure says of itself that it is a cancellation.
func (m *marks) ask(failure any) {
	if e, ok := failure.(interface{ Is(error) bool }); ok && e.Is(context.Canceled) {
		m.flags |= cancelled
	}
}

// transient is the verdict of [Transient].
func (f flags) transient() bool {
	return f == 0 || f&stop == 0 && (f&(inner|cancelled) == 0 || f&(worth|timeout) != 0)
}
