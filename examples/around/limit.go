package main

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// Limit has each attempt, the retries as well, wait for a token of a rate limit. The wait counts towards the policy's Within, and not towards its
// Timeout. If there is no token in the time that is left, the call gives up at once with retry.ErrTooLate, and keeps what it has failed with before.
func Limit(l *rate.Limiter) Around {
	return func(ctx context.Context, attempt func(context.Context) error) error {
		if err := l.Wait(ctx); err != nil {
			if end, ok := ctx.Deadline(); ok {
				err = retry.After(err, time.Until(end))
			}
			return err
		}
		return attempt(ctx)
	}
}

// Share has attempts share places, one each: a bulkhead. A call that waits for its next attempt holds none.
func Share(places *semaphore.Weighted) Around {
	return func(ctx context.Context, attempt func(context.Context) error) error {
		if err := places.Acquire(ctx, 1); err != nil {
			return err
		}
		defer places.Release(1)
		return attempt(ctx)
	}
}
