// Package tenacity has the programs of docs/migrating/tenacity.md.
package tenacity

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

var (
	errBusy    = errors.New("busy")
	errPending = errors.New("pending")
	logger     = slog.New(slog.DiscardHandler)
)

var forever = retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(0)}

var five = retry.Policy{Attempts: 5, Backoff: retry.Constant(2 * time.Second)}

var policies = map[string]retry.Policy{
	"five":        five,
	"both":        retry.Policy{Attempts: 5, Within: 30 * time.Second},
	"exponential": {Backoff: retry.Exponential{Initial: time.Second, Max: time.Minute, Jitter: retry.NoJitter}},
	"random":      {Backoff: retry.Exponential{Initial: time.Second, Max: time.Minute}},
	"chain":       {Backoff: retry.List{0, time.Second, 5 * time.Second}},
	"incrementing": {Backoff: retry.Exponential{
		Initial: time.Second,
		Grow:    func(d time.Duration) time.Duration { return d + 2*time.Second },
		Jitter:  retry.NoJitter,
	}},
	"type": {RetryIf: retry.On(errBusy)},
	"log":  {Observe: retry.Log(logger)},
}

type fetch = func(context.Context) (string, error)

// A result that isn't ready.
func poll(ctx context.Context, policy retry.Policy, f fetch) (string, error) {
	return retry.Get(ctx, policy, func(ctx context.Context) (string, error) {
		s, err := f(ctx)
		if s == "pending" {
			return "pending", errPending
		}
		return s, err
	})
}

// A failure that isn't to be retried.
func stops(f fetch) fetch {
	return func(ctx context.Context) (string, error) {
		s, err := f(ctx)
		if err != nil && !errors.Is(err, errBusy) {
			return s, retry.Stop(err)
		}
		return s, err
	}
}

// The attempts in the body of a loop.
func loop(ctx context.Context, policy retry.Policy, f fetch) (string, error) {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, policy) {
		s, err := f(ctx)
		if loop.Done(err) {
			return s, nil
		}
	}
	return "", loop.Err()
}

// Nobody waits.
func started(ctx context.Context, policy retry.Policy, f fetch) *retry.Call[string] {
	return retry.Start(ctx, policy, f)
}

// Another limit for one call.
func retryWith(policy retry.Policy) retry.Policy {
	few := policy
	few.Attempts = 2
	return few
}

// What the failures were.
func last(err error) (int, time.Duration, error) {
	if e, ok := errors.AsType[*retry.Error](err); ok {
		return e.Attempts, e.Elapsed, e.Last()
	}
	return 1, 0, err
}

// In a test.
func quick(ctx context.Context) (context.Context, *retrytest.Record) {
	return retrytest.Context(ctx, retrytest.Settings{})
}
