package odd4

import (
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"
)

const (
	retries uint64        = 2
	wait    time.Duration = time.Second
)

func TypedConstant(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(wait), retries))
}

func Huge(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), math.MaxUint64))
}

// A negative number, converted, is no limit.
func Converted(n int, f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), uint64(n)))
}

func Twice(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 1), 5))
}

func Zero(initial, most time.Duration, f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = initial
	b.MaxInterval = most
	b.RandomizationFactor = 0
	return backoff.Retry(f, backoff.WithMaxRetries(b, 3))
}

// The first delay is longer than the longest one.
func Above(f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 10 * time.Second
	b.MaxInterval = 4 * time.Second
	b.RandomizationFactor = 0
	return backoff.Retry(f, backoff.WithMaxRetries(b, 2))
}

func Literal(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(&backoff.ConstantBackOff{
		// A second.
		Interval: time.Second,
	}, 2))
}
