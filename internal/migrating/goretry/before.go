// Package goretry has the programs of docs/migrating/go-retry.md.
package goretry

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/callagain/retry/internal/migrating/timeline"
)

var errGone = timeline.ErrGone

// Jitter that isn't full.
var (
	_ = retry.WithJitter(time.Millisecond, retry.NewConstant(time.Second))
	_ = retry.WithJitterPercent(5, retry.NewConstant(time.Second))
)

func beforeConstant(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(3, retry.NewConstant(time.Second))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		if err := fetch(ctx); err != nil {
			return retry.RetryableError(err)
		}
		return nil
	})
}

func beforeExponential(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(5, retry.WithCappedDuration(5*time.Second, retry.NewExponential(time.Second)))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}

// Only some failures are retried.
func beforeMark(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(3, retry.NewConstant(time.Second))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return err
		}
		return retry.RetryableError(err)
	})
}

func beforeValue(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(3, retry.NewConstant(time.Second))
	n, err := retry.DoValue(ctx, b, func(ctx context.Context) (int, error) {
		return 7, retry.RetryableError(fetch(ctx))
	})
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func beforeEndless(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}

func beforeFibonacci(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(6, retry.NewFibonacci(time.Second))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}

// Delays of one's own.
func beforeFunc(ctx context.Context, fetch func(context.Context) error) error {
	delays := []time.Duration{time.Second, 3 * time.Second, 10 * time.Second}
	b := retry.BackoffFunc(func() (time.Duration, bool) {
		if len(delays) == 0 {
			return 0, true
		}
		d := delays[0]
		delays = delays[1:]
		return d, false
	})
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}

func beforeDuration(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxDuration(10*time.Second, retry.NewConstant(time.Second))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}

func beforeJitter(ctx context.Context, fetch func(context.Context) error) error {
	b := retry.WithMaxRetries(3, retry.WithFullJitter(retry.NewExponential(time.Second)))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		return retry.RetryableError(fetch(ctx))
	})
}
