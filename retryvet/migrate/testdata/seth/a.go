package seth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"
)

func Retries(ctx context.Context, f func(context.Context) error) error {
	b := retry.WithMaxRetries(3, retry.NewConstant(time.Second))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return retry.RetryableError(fmt.Errorf("again: %w", err))
		}
		return nil
	})
}

func Mixed(ctx context.Context, f func(context.Context) error) error {
	return retry.Exponential(ctx, time.Second, func(ctx context.Context) error {
		err := f(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return retry.RetryableError(err)
		}
		if err != nil {
			return err
		}
		return nil
	})
}

func Capped(ctx context.Context, f func(context.Context) (int, error)) (int, error) {
	b := retry.NewExponential(time.Second)
	b2 := retry.WithCappedDuration(4*time.Second, b)
	return retry.DoValue(ctx, retry.WithMaxDuration(time.Minute, b2), func(ctx context.Context) (int, error) {
		n, err := f(ctx)
		return n, retry.RetryableError(err)
	})
}

func Fibonacci(ctx context.Context, f func(context.Context) error) error {
	return retry.Do(ctx, retry.WithMaxRetries(4, retry.WithJitterPercent(10, retry.NewFibonacci(time.Second))), func(ctx context.Context) error {
		return retry.RetryableError(f(ctx))
	})
}
