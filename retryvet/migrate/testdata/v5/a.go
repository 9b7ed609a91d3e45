package v5

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

func Default(ctx context.Context, f func() (int, error)) (int, error) {
	return backoff.Retry(ctx, f)
}

func Tries(ctx context.Context, f func() (string, error)) (string, error) {
	return backoff.Retry(ctx, f, backoff.WithMaxTries(3), backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithMaxElapsedTime(0))
}

func VariableTries(ctx context.Context, n uint, f func() (string, error)) (string, error) {
	return backoff.Retry(ctx, f, backoff.WithMaxTries(n), backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithMaxElapsedTime(time.Minute))
}

func After(ctx context.Context, f func() error) (struct{}, error) {
	b := backoff.NewExponentialBackOff()
	b.MaxInterval = 10 * time.Second
	return backoff.Retry(ctx, func() (struct{}, error) {
		if err := f(); errors.Is(err, context.DeadlineExceeded) {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, backoff.RetryAfter(7)
	}, backoff.WithBackOff(b), backoff.WithNotify(func(err error, _ time.Duration) { println(err.Error()) }))
}
