package odd4

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

func arguments(f func() error) (backoff.Operation, backoff.BackOff) {
	return f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2)
}

func Spread(f func() error) error { return backoff.Retry(arguments(f)) }

// The error is compared as it is.
func Direct(f func() error) bool {
	return backoff.Retry(f, backoff.WithMaxRetries(&backoff.ZeroBackOff{}, 1)) == errFull
}

func Asserted(f func() error) bool {
	var err = backoff.Retry(f, backoff.WithMaxRetries(&backoff.ZeroBackOff{}, 1))
	_, ok := err.(interface{ Timeout() bool })
	return ok
}

var errFull = errors.New("full")

// What is around the mark.
func Wrapped(f func() error) error {
	return backoff.Retry(func() error {
		if err := f(); err != nil {
			return fmt.Errorf("wrapped: %w", backoff.Permanent(err))
		}
		return nil
	}, backoff.NewConstantBackOff(time.Second))
}

// The error is one of outside.
func Outside(f func() error) (err error) {
	_ = backoff.Retry(func() error {
		err = f()
		return err
	}, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
	return err
}

type server struct {
	*backoff.ExponentialBackOff
	run func() error
}

// An embedded backoff.
func (s *server) Embedded() error { return backoff.Retry(s.run, s) }

func (s server) Value() error { return s.run() }

func MethodValue(f func() error) error {
	s := server{run: f}
	return backoff.Retry(s.Value, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Generic[T any](f func() (T, error)) (T, error) {
	return backoff.RetryWithData[T](f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Operation(f func() error) error {
	var operation backoff.Operation = f
	return backoff.Retry(operation, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Literals(f func() error) error {
	operation, n := func() error { return f() }, 1
	if n > 1 {
		goto end
	}
	return backoff.Retry(operation, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
end:
	return nil
}

// A call in an attempt of another.
func Nested(f func() error) error {
	return backoff.Retry(func() error {
		err := backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 1))
		if err != nil {
			return backoff.Permanent(err)
		}
		return nil
	}, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Minute), 3))
}

func Deferred(f func() error) (err error) {
	defer func() { err = backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 1)) }()
	return nil
}

func Select(ctx context.Context, f func() error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	default:
		b := backoff.NewConstantBackOff(time.Second)
		return backoff.Retry(f, backoff.WithMaxRetries(backoff.WithContext(b, ctx), 1))
	}
}

// Without the backoff nothing would use a variable.
func Unused(f func() error) error {
	retries := uint64(5)
	return backoff.Retry(f, backoff.WithMaxRetries(&backoff.StopBackOff{}, retries))
}

func Comments(f func() error) error {
	// Before.
	b := backoff.NewConstantBackOff( // the delay
		time.Second, // a second
	) // after
	return backoff.Retry( // the call
		f, /* what is called */
		// and why
		backoff.WithMaxRetries(
			b, // so often
			2, // times
		), // end
	)
}
