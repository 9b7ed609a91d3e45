// Package polly has the programs of docs/migrating/polly.md.
package polly

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrytest"
)

var (
	errBusy    = errors.New("busy")
	errPending = errors.New("pending")
)

// The default of both: three retries.
var standard = retry.Policy{Attempts: 4}

var policies = map[string]retry.Policy{
	"constant": {Backoff: retry.Constant(2 * time.Second)},
	"linear": {Backoff: retry.Exponential{
		Initial: 2 * time.Second,
		Grow:    func(d time.Duration) time.Duration { return d + 2*time.Second },
		Jitter:  retry.NoJitter,
	}},
	"exponential": {Backoff: retry.Exponential{Initial: 2 * time.Second, Max: time.Minute, Jitter: retry.NoJitter}},
	"endless":     {Attempts: retry.Unlimited},
	"handle":      {RetryIf: retry.On(errBusy)},
	"timeouts":    {Within: 30 * time.Second, Timeout: 2 * time.Second},
	"generator": {Decide: func(d *retry.Decision) {
		if errors.Is(d.Err, errBusy) {
			d.Delay = 7 * time.Second
		}
	}},
}

// execute is pipeline.ExecuteAsync with an OnRetry.
func execute(ctx context.Context, policy retry.Policy, onRetry func(int, error, time.Duration), f func(context.Context) error) error {
	policy.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			onRetry(e.Attempt, e.Err, e.Delay)
		}
	}
	return retry.Do(ctx, policy, f)
}

// A result that isn't ready, with a fallback.
func poll(ctx context.Context, policy retry.Policy, f func(context.Context) (string, error)) string {
	s, err := retry.Get(ctx, policy, func(ctx context.Context) (string, error) {
		s, err := f(ctx)
		if s == "pending" {
			return "pending", errPending
		}
		return s, err
	})
	if err != nil {
		return "fallback"
	}
	return s
}

// A limiter of one's choice around each attempt.
func limited(policy retry.Policy, allow func() bool) retry.Policy {
	policy.Around = func(ctx context.Context, attempt func(context.Context) error) error {
		if !allow() {
			return errBusy
		}
		return attempt(ctx)
	}
	return policy
}

func hedged(f func(context.Context) (string, error)) func(context.Context) (string, error) {
	return retry.Hedge(retry.HedgeSettings{Delay: 200 * time.Millisecond}, f)
}

// attempt is what the function may ask of its context.
func attempt(ctx context.Context) int { return retry.Attempt(ctx) }

func client() *http.Client {
	return retryhttp.NewClient(retry.Policy{Timeout: 10 * time.Second, Within: 30 * time.Second})
}

// In a test.
func quick(ctx context.Context) (context.Context, *retrytest.Record) {
	return retrytest.Context(ctx, retrytest.Settings{})
}
