package odd4

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// The name of a package that the rewritten call would need means something else.
func ShadowedPackage(context string, f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

// The delay is another variable where the call is made.
func ShadowedValue(d time.Duration, f func() error) error {
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(d), 2)
	if d := 5 * d; d > 0 {
		return backoff.Retry(f, b)
	}
	return nil
}

// The type of the value can't be written there.
func ShadowedType(f func() (time.Duration, error)) error {
	run := func(f func() (time.Duration, error), time int) error {
		_, err := backoff.RetryWithData(f, backoff.WithMaxRetries(&backoff.ZeroBackOff{}, 1))
		return err
	}
	return run(f, 1)
}

type engine struct {
	errs   []error
	delays []time.Duration
	notify backoff.Notify
}

// What the hook mentions has the name that the parameter of the hook would have.
func (e *engine) Do(f func() error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), func(err error, d time.Duration) {
		e.errs = append(e.errs, err)
		e.delays = append(e.delays, d)
	})
}

func (e *engine) log(err error, d time.Duration) { e.errs = append(e.errs, err) }

func (e *engine) Method(f func() error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), e.log)
}

// The hook may be nil.
func (e *engine) Maybe(f func() error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), e.notify)
}

// The parameter of the hook has the name that the rewritten one would have.
func Named(f func() error, to *[]error) error {
	return backoff.RetryNotify(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2), func(e error, _ time.Duration) {
		*to = append(*to, e) // the failure
	})
}
