package backoffv4

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
)

func afterRetries(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

func afterExponential(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: retry.Unlimited,
		Backoff:  retry.Exponential{Initial: time.Second, Max: 10 * time.Second, Jitter: retry.NoJitter},
		Within:   time.Minute,
	}
	return retry.Do(ctx, policy, fetch)
}

func afterGrow(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: retry.Unlimited,
		Backoff: retry.Exponential{
			Initial: time.Second,
			Max:     time.Minute,
			Grow:    func(d time.Duration) time.Duration { return d + d/2 },
			Jitter:  retry.NoJitter,
		},
	}
	return retry.Do(ctx, policy, fetch)
}

func afterNotify(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	policy.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			notify(e.Err, e.Delay)
		}
	}
	return retry.Do(ctx, policy, fetch)
}

func afterData(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	n, err := retry.Get(ctx, policy, func(ctx context.Context) (int, error) { return 7, fetch(ctx) })
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func afterPermanent(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, func(ctx context.Context) error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return retry.Stop(err)
		}
		return err
	})
}

func afterZero(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 4, Backoff: retry.Constant(0)}, fetch)
}

func afterStop(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 1}, fetch)
}

func afterTicker(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, policy) {
		loop.Done(fetch(ctx))
	}
	return loop.Err()
}

// A loop of one's own.
func afterNext(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	at, wait, err := policy.Next(retry.Position{}, time.Now(), nil)
	for err == nil {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err = fetch(ctx); err == nil {
			return nil
		}
		at, wait, err = policy.Next(at, time.Now(), err)
	}
	return err
}

// The same delays on average; see the page.
func afterDefault(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: retry.Unlimited,
		Backoff: retry.Exponential{
			Initial: time.Second,
			Max:     2 * time.Minute,
			Grow:    func(d time.Duration) time.Duration { return d + d/2 },
		},
		Within: 15 * time.Minute,
	}
	return retry.Do(ctx, policy, fetch)
}
