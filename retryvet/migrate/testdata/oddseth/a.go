package oddseth

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

const percent uint64 = 50

func Percent(ctx context.Context, f func(context.Context) error) error {
	return retry.Do(ctx, retry.WithMaxRetries(2, retry.WithJitterPercent(percent, retry.NewConstant(time.Second))), func(ctx context.Context) error {
		return retry.RetryableError(f(ctx))
	})
}

func Full(ctx context.Context, f func(context.Context) error) error {
	b := retry.WithMaxRetries(2, retry.WithFullJitter(retry.NewExponential(time.Second)))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(f(ctx))
	})
}

// One backoff for several calls, each of which began where the one before had ended.
func Shared(ctx context.Context, f func(context.Context) error) error {
	b := retry.WithMaxRetries(2, retry.NewConstant(time.Second))
	for range 2 {
		if err := retry.Do(ctx, b, func(ctx context.Context) error {
			return retry.RetryableError(f(ctx))
		}); err == nil {
			return nil
		}
	}
	return errors.New("twice")
}

// What isn't marked isn't retried.
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

func Named(ctx context.Context, f func(context.Context) error) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) (err error) {
		err = f(ctx)
		return
	})
}

// What recovers isn't retried, since nobody marks it.
func Recovered(ctx context.Context, f func(context.Context) error) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = errors.New("panic")
			}
		}()
		if err := f(ctx); err != nil {
			panic(err)
		}
		return retry.RetryableError(errors.New("again"))
	})
}
