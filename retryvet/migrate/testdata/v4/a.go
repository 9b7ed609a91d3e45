package v4

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cenkalti/backoff/v4"
)

var errGone = errors.New("gone")

func Default(f func() error) error {
	return backoff.Retry(f, backoff.NewExponentialBackOff())
}

func Fields(f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.MaxElapsedTime = time.Minute // the caller waits no longer
	b.RandomizationFactor = 0
	b.Multiplier = 2
	return backoff.Retry(func() error {
		err := f()
		if errors.Is(err, errGone) {
			return backoff.Permanent(fmt.Errorf("permanent: %w", err))
		}
		return err
	}, b)
}

func Retries(ctx context.Context, f func() error) error {
	operation := func() error {
		return f()
	}
	b := backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx)
	return backoff.Retry(operation, b)
}

func Options(ctx context.Context, f func() error, n uint64) error {
	b := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxElapsedTime(0), backoff.WithRandomizationFactor(0))
	return backoff.RetryNotify(f, backoff.WithMaxRetries(b, n), func(err error, d time.Duration) {
		log.Printf("%v, again in %v", err, d)
	})
}

func Value(ctx context.Context, f func() (int, error)) (int, error) {
	return backoff.RetryWithData(f, backoff.WithContext(&backoff.ZeroBackOff{}, ctx))
}

func notify(err error, d time.Duration) {}

func NotifyData(f func() (time.Duration, error)) (time.Duration, error) {
	v, err := backoff.RetryNotifyWithData(
		f,
		// two retries are enough
		backoff.WithMaxRetries(backoff.NewExponentialBackOff(), 2),
		notify,
	)
	return v, err
}

// What is left.

type client struct{ b backoff.BackOff }

func (c *client) do(f func() error) error { return backoff.Retry(f, c.b) }

func conditional(f func() error, long bool) error {
	b := backoff.NewExponentialBackOff()
	if long {
		b.MaxElapsedTime = time.Hour
	}
	return backoff.Retry(f, b)
}

func ticks(b backoff.BackOff) {
	for range backoff.NewTicker(b).C {
		return
	}
}

func outside(err error) error { return backoff.Permanent(err) }
