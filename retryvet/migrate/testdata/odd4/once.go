package odd4

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// What a call is given is evaluated once, not in each attempt.

type conn struct{ f func() error }

func (c *conn) ping() error { return c.f() }

var dialed int

func dial(f func() error) *conn {
	dialed++
	return &conn{f}
}

func Dialed(f func() error) error {
	return backoff.Retry(dial(f).ping, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Indexed(f func() error) error {
	next := 0
	choose := func() int { next++; return next - 1 }
	return backoff.Retry([]func() error{f}[choose()], backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func ChangedFunction(f func() error) error {
	var op func() error
	op = func() error {
		op = func() error { return nil }
		return f()
	}
	return backoff.Retry(op, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

// An exported variable keeps its type: other packages may use it.
var Exported = func() error { return nil }

func UsesExported() error { return backoff.Retry(Exported, &backoff.StopBackOff{}) }

var made int

func notify(to *[]error) func(error, time.Duration) {
	made++
	return func(err error, _ time.Duration) { *to = append(*to, err) }
}

func NotifyMade(f func() error, to *[]error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), notify(to))
}

// A hook that only sets its parameter.
func NotifySets(f func() error) error {
	n := 0
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), func(err error, d time.Duration) {
		err = nil
		n++
	})
}

// A hook that can't be nil.
func NotifyLiteral(f func() error, to *[]error) error {
	note := func(err error, _ time.Duration) { *to = append(*to, err) }
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), note)
}

// Marks that aren't made by Permanent.
func Marked(f func() error) error {
	return backoff.Retry(func() error { return &backoff.PermanentError{Err: f()} }, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func fetch[T any]() (v T, err error) { return v, nil }

func Inferred() (int, error) { return backoff.RetryWithData[int](fetch, &backoff.StopBackOff{}) }

func LookedUp(all map[string]func() error) error {
	return backoff.Retry(all["f"], backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Pointed(f func() error) error {
	op := &f
	return backoff.Retry(*op, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

// A hook that mentions all names that its parameter would have.
func NotifyNames(f func() error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), func(e error, event time.Duration) {
		retryEvent := event
		_, _ = e, retryEvent
	})
}
