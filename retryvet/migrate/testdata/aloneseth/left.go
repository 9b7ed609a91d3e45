package aloneseth

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// Where there are functions that mark errors, what comes from a function may be marked.

func mayMark(ctx context.Context) error { return retry.RetryableError(errors.New("busy")) }

func Elsewhere(ctx context.Context) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) error { return mayMark(ctx) })
}

func Named(ctx context.Context) error { return retry.Constant(ctx, time.Second, mayMark) }

func Variable(ctx context.Context) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) error {
		err := mayMark(ctx)
		return err
	})
}

// This one can't be.
func Made(ctx context.Context) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) error {
		err := errors.New("made here")
		return err
	})
}
