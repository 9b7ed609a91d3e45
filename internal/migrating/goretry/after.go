package goretry

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
)

func afterConstant(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

func afterExponential(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: 6,
		Backoff:  retry.Exponential{Initial: time.Second, Max: 5 * time.Second, Jitter: retry.NoJitter},
	}
	return retry.Do(ctx, policy, fetch)
}

// Only some failures are retried.
func afterMark(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, func(ctx context.Context) error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return retry.Stop(err)
		}
		return err
	})
}

func afterValue(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	n, err := retry.Get(ctx, policy, func(ctx context.Context) (int, error) { return 7, fetch(ctx) })
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func afterEndless(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

func fibonacci(yield func(time.Duration) bool) {
	a, b := time.Duration(0), time.Second
	for yield(a) {
		a, b = b, a+b
		if a == time.Second && b == time.Second {
			a, b = b, a+b // theirs begins 1, 2, 3, 5
		}
	}
}

func afterFibonacci(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 7, Backoff: retry.Seq(fibonacci)}, fetch)
}

// Delays of one's own: there is one before the first attempt, too.
func afterFunc(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Backoff: retry.List{0, time.Second, 3 * time.Second, 10 * time.Second}}, fetch)
}

func afterDuration(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(time.Second), Within: 10 * time.Second}
	return retry.Do(ctx, policy, fetch)
}

func afterJitter(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 4, Backoff: retry.Exponential{Initial: time.Second}}, fetch)
}
