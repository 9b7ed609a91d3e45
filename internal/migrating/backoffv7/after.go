package backoffv7

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
)

func afterTries(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	o, err := retry.Get(ctx, policy, func(ctx context.Context) (*order, error) { return load(ctx, fetch) })
	return checked(o, err)
}

func afterElapsed(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: retry.Unlimited,
		Backoff:  retry.Exponential{Initial: time.Second, Max: 10 * time.Second, Jitter: retry.NoJitter},
		Within:   time.Minute,
	}
	o, err := retry.Get(ctx, policy, func(ctx context.Context) (*order, error) { return load(ctx, fetch) })
	return checked(o, err)
}

func afterNotify(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	policy.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			notify(e.Err, e.Delay)
		}
	}
	o, err := retry.Get(ctx, policy, func(ctx context.Context) (*order, error) { return load(ctx, fetch) })
	return checked(o, err)
}

func afterPermanent(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	o, err := retry.Get(ctx, policy, func(ctx context.Context) (*order, error) {
		o, err := load(ctx, fetch)
		if errors.Is(err, errGone) {
			return nil, retry.Stop(err)
		}
		return o, err
	})
	return checked(o, err)
}

func afterAfter(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	o, err := retry.Get(ctx, policy, func(ctx context.Context) (*order, error) {
		o, err := load(ctx, fetch)
		return o, retry.After(err, 7*time.Second)
	})
	return checked(o, err)
}

// A function without a value.
func afterNoValue(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 3, Backoff: retry.Constant(0)}, fetch)
}

// Which of the limits ended the call, and what failed.
func afterWhy(err error) (why string, last error) {
	e, gaveUp := errors.AsType[*retry.Error](err)
	switch {
	case errors.Is(err, retry.ErrExhausted):
		why = "attempts"
	case errors.Is(err, retry.ErrTooLate):
		why = "time"
	case !gaveUp:
		return "permanent", err
	}
	return why, e.Last()
}
