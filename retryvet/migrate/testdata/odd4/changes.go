package odd4

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

type config struct{ delay time.Duration }

// The delay is another one when the call is made.
func ChangedField(c *config, f func() error) error {
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(c.delay), 2)
	c.delay *= 2
	return backoff.Retry(f, b)
}

func ChangedInLoop(f func() error) (err error) {
	d := time.Second
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(d), 1)
	for range 2 {
		err = backoff.Retry(f, b)
		d += time.Minute
	}
	return err
}

func ChangedBeforeClosure(f func() error) error {
	d := time.Second
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(d), 1)
	run := func() error { return backoff.Retry(f, b) }
	d = time.Hour
	return run()
}

func ChangedByAddress(f func() error) error {
	d := time.Second
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(d), 1)
	double(&d)
	return backoff.Retry(f, b)
}

func double(d *time.Duration) { *d *= 2 }

// A field that is set when the call is over.
func Late(f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.RandomizationFactor = 0
	b.MaxElapsedTime = 2 * time.Second
	err := backoff.Retry(f, b)
	b.InitialInterval = time.Hour
	return err
}

// The attempt begins the schedule again by itself.
func ResetInside(f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.RandomizationFactor = 0
	n := 0
	return backoff.Retry(func() error {
		if n++; n == 3 {
			b.Reset()
		}
		return f()
	}, backoff.WithMaxRetries(b, 4))
}

// Reset before each call says what is so anyway.
func ResetBefore(f func() error) (err error) {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.MaxInterval = time.Second
	b.RandomizationFactor = 0
	b.MaxElapsedTime = 2500 * time.Millisecond
	for range 2 {
		b.Reset()
		err = backoff.Retry(f, b)
	}
	return err
}
