package failsafego

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func afterDelay(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	return retry.Do(ctx, policy, fetch)
}

func afterBackoff(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{
		Attempts: 6,
		Backoff:  retry.Exponential{Initial: time.Second, Max: 5 * time.Second, Jitter: retry.NoJitter},
	}
	return retry.Do(ctx, policy, fetch)
}

func afterFactor(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 5, Backoff: retry.Exponential{
		Initial: time.Second,
		Max:     time.Minute,
		Grow:    func(d time.Duration) time.Duration { return 3 * d },
		Jitter:  retry.NoJitter,
	}}
	return retry.Do(ctx, policy, fetch)
}

func afterGet(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	n, err := retry.Get(ctx, policy, func(ctx context.Context) (int, error) { return 7, fetch(ctx) })
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func afterHandle(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second), RetryIf: retry.On(io.EOF)}
	return retry.Do(ctx, policy, fetch)
}

func afterAbort(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	policy.RetryIf = func(err error) bool { return !errors.Is(err, errGone) }
	return retry.Do(ctx, policy, fetch)
}

func afterListener(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	policy.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			notify(e.Err, e.Delay)
		}
	}
	return retry.Do(ctx, policy, fetch)
}

// The delay depends on the failure.
func afterDelayFunc(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	policy.Decide = func(d *retry.Decision) {
		if errors.Is(d.Err, io.EOF) {
			d.Delay = 7 * time.Second
		}
	}
	return retry.Do(ctx, policy, fetch)
}

var errPending = errors.New("pending")

// Poll for a result.
func afterResult(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second), RetryIf: retry.On(errPending)}
	_, err := retry.Get(ctx, policy, func(ctx context.Context) (string, error) {
		if fetch(ctx) != nil {
			return "pending", errPending
		}
		return "done", nil
	})
	return err
}

// A timeout for each attempt.
func afterTimeout(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second), Timeout: 200 * time.Millisecond}
	return retry.Do(ctx, policy, fetch)
}

// A breaker around each attempt.
func afterBreaker(ctx context.Context, fetch func(context.Context) error) error {
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(3).WithDelay(time.Minute).Build()
	policy := retry.Policy{Attempts: 5, Backoff: retry.Constant(time.Second)}
	policy.Around = func(ctx context.Context, attempt func(context.Context) error) error {
		if !breaker.TryAcquirePermit() {
			return retry.Stop(circuitbreaker.ErrOpen)
		}
		err := attempt(ctx)
		breaker.RecordError(err)
		return err
	}
	return retry.Do(ctx, policy, fetch)
}

func afterFallback(ctx context.Context, fetch func(context.Context) error) error {
	policy := retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second)}
	s, err := retry.Get(ctx, policy, func(ctx context.Context) (string, error) { return "fresh", fetch(ctx) })
	if err != nil && ctx.Err() == nil {
		s, err = "stale", nil
	}
	if err == nil {
		timeline.Note(nil, time.Duration(len(s)))
	}
	return err
}

//retryvet:ignore made for one call to be compared with one
func afterHedge(ctx context.Context, fetch func(context.Context) error) error {
	hedged := retry.Hedge(retry.HedgeSettings{Delay: 200 * time.Millisecond}, func(ctx context.Context) (any, error) {
		return nil, fetch(ctx)
	})
	_, err := hedged(ctx)
	return err
}

var afterShared = &retry.Budget{Ratio: .1, Min: 3}

func afterBudget(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 4, Backoff: retry.Constant(time.Second), Budget: afterShared}, fetch)
}
