// Package failsafego has the programs of docs/migrating/failsafe-go.md.
package failsafego

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"

	"github.com/callagain/retry/internal/migrating/timeline"
)

var errGone = timeline.ErrGone

// No limit.
var _ = retrypolicy.NewBuilder[any]().WithMaxAttempts(-1)

func notify(err error, delay time.Duration) { timeline.Note(err, delay) }

func beforeDelay(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(4).WithDelay(time.Second).Build()
	return failsafe.With(policy).WithContext(ctx).RunWithExecution(func(exec failsafe.Execution[any]) error {
		return fetch(exec.Context())
	})
}

func beforeBackoff(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxRetries(5).WithBackoff(time.Second, 5*time.Second).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

func beforeFactor(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(5).WithBackoffFactor(time.Second, time.Minute, 3).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

func beforeGet(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[int]().WithMaxAttempts(4).WithDelay(time.Second).Build()
	n, err := failsafe.With(policy).WithContext(ctx).Get(func() (int, error) { return 7, fetch(ctx) })
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func beforeHandle(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().HandleErrors(io.EOF).WithMaxAttempts(4).WithDelay(time.Second).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

func beforeAbort(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().AbortOnErrors(errGone).WithMaxAttempts(4).WithDelay(time.Second).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

func beforeListener(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(4).WithDelay(time.Second).
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[any]) { notify(e.LastError(), e.Delay) }).
		Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

// The delay depends on the failure.
func beforeDelayFunc(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(4).
		WithDelayFunc(func(exec failsafe.ExecutionAttempt[any]) time.Duration {
			if errors.Is(exec.LastError(), io.EOF) {
				return 7 * time.Second
			}
			return time.Second
		}).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

// Poll for a result.
func beforeResult(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[string]().HandleResult("pending").WithMaxAttempts(4).WithDelay(time.Second).Build()
	_, err := failsafe.With(policy).WithContext(ctx).Get(func() (string, error) {
		if fetch(ctx) != nil {
			return "pending", nil
		}
		return "done", nil
	})
	return err
}

// A timeout for each attempt.
func beforeTimeout(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(4).WithDelay(time.Second).Build()
	limit := timeout.New[any](200 * time.Millisecond)
	return failsafe.With(policy, limit).WithContext(ctx).RunWithExecution(func(exec failsafe.Execution[any]) error {
		return fetch(exec.Context())
	})
}

// A breaker around each attempt.
func beforeBreaker(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().AbortOnErrors(circuitbreaker.ErrOpen).WithMaxAttempts(5).WithDelay(time.Second).Build()
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(3).WithDelay(time.Minute).Build()
	return failsafe.With(policy, breaker).WithContext(ctx).Run(func() error { return fetch(ctx) })
}

func beforeFallback(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[string]().WithMaxAttempts(4).WithDelay(time.Second).Build()
	stale := fallback.NewWithResult("stale")
	s, err := failsafe.With[string](stale, policy).WithContext(ctx).Get(func() (string, error) { return "fresh", fetch(ctx) })
	if err == nil {
		timeline.Note(nil, time.Duration(len(s)))
	}
	return err
}

func beforeHedge(ctx context.Context, fetch func(context.Context) error) error {
	hedge := hedgepolicy.NewWithDelay[any](200 * time.Millisecond)
	return failsafe.With[any](hedge).WithContext(ctx).RunWithExecution(func(exec failsafe.Execution[any]) error {
		return fetch(exec.Context())
	})
}

var beforeShared = budget.NewBuilder().WithMaxRate(.1).WithMinConcurrency(3).Build()

func beforeBudget(ctx context.Context, fetch func(context.Context) error) error {
	policy := retrypolicy.NewBuilder[any]().WithMaxAttempts(4).WithDelay(time.Second).WithBudget(beforeShared).Build()
	return failsafe.With(policy).WithContext(ctx).Run(func() error { return fetch(ctx) })
}
