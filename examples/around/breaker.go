package main

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"
)

// An Around is what retry.Policy.Around holds.
type Around = func(ctx context.Context, attempt func(context.Context) error) error

// Break has each attempt pass a circuit breaker. While that is open, attempts fail with gobreaker.ErrOpenState and never reach the server.
// The policy says whether such a failure is final or worth a wait.
func Break(b *gobreaker.CircuitBreaker[any]) Around {
	return func(ctx context.Context, attempt func(context.Context) error) error {
		_, err := b.Execute(func() (any, error) { return nil, attempt(ctx) })
		return err
	}
}

// Refused reports whether a breaker refused the attempt.
func Refused(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// Left is for a breaker's IsExcluded: that the caller left says nothing about the server. An attempt that timed out does:
// Policy.Timeout is inside of Around.
func Left(err error) bool { return errors.Is(err, context.Canceled) }

// Both composes two: outer runs first, and inner inside of it. Closures are all that it takes.
func Both(outer, inner Around) Around {
	return func(ctx context.Context, attempt func(context.Context) error) error {
		return outer(ctx, func(ctx context.Context) error { return inner(ctx, attempt) })
	}
}
