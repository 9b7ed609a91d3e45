package avastv4

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func afterFixed(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 5, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

func afterBackOff(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: 6,
		Backoff:  retry.Exponential{Initial: time.Second, Max: 5 * time.Second, Jitter: retry.NoJitter},
	}
	return retry.Do(ctx, policy, fetch)
}

func afterData(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	n, err := retry.Get(ctx, policy, func(ctx context.Context) (int, error) { return 7, fetch(ctx) })
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func afterRetryIf(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: 3,
		Backoff:  retry.Constant(time.Second),
		RetryIf:  func(err error) bool { return !errors.Is(err, errGone) },
	}
	return retry.Do(ctx, policy, fetch)
}

func afterUnrecoverable(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, func(ctx context.Context) error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return retry.Stop(err)
		}
		return err
	})
}

func afterUntil(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

// The delay depends on the failure.
func afterDelayType(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	policy.Decide = func(d *retry.Decision) {
		if errors.Is(d.Err, io.EOF) {
			d.Delay = 7 * time.Second
		}
	}
	return retry.Do(ctx, policy, fetch)
}

func afterForError(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 9, Backoff: retry.Constant(time.Second)}
	policy.Decide = func(d *retry.Decision) {
		if errors.Is(d.Err, io.EOF) {
			d.Retry = d.Count("EOF") < 2
		}
	}
	return retry.Do(ctx, policy, fetch)
}

func afterOnRetry(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	policy.Decide = func(d *retry.Decision) { timeline.Note(d.Err, 0) }
	return retry.Do(ctx, policy, fetch)
}

func afterLast(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Second)}
	err := retry.Do(ctx, policy, fetch)
	if e, ok := errors.AsType[*retry.Error](err); ok && errors.Is(err, retry.ErrExhausted) {
		return e.Last()
	}
	return err
}

// How many attempts failed.
func afterFailures(err error) int {
	if e, ok := errors.AsType[*retry.Error](err); ok {
		return e.Attempts
	}
	return 0
}

// About the same delays; see the page.
func afterDefault(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: 200 * time.Millisecond}}, fetch)
}
