// Package avastv4 has the programs of docs/migrating/avast-v4.md.
package avastv4

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/avast/retry-go/v4"

	"github.com/callagain/retry/internal/migrating/timeline"
)

var errGone = timeline.ErrGone

// A timer for tests.
var _ = retry.WithTimer

func beforeFixed(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(5),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay))
}

func beforeBackOff(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(6),
		retry.Delay(time.Second),
		retry.MaxDelay(5*time.Second),
		retry.DelayType(retry.BackOffDelay))
}

func beforeData(ctx context.Context, fetch func(context.Context) error) error {
	n, err := retry.DoWithData(func() (int, error) { return 7, fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(3),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay))
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func beforeRetryIf(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(3),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay),
		retry.RetryIf(func(err error) bool { return !errors.Is(err, errGone) }))
}

func beforeUnrecoverable(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return retry.Unrecoverable(err)
		}
		return err
	}, retry.Context(ctx), retry.Attempts(3), retry.Delay(time.Second), retry.DelayType(retry.FixedDelay))
}

func beforeUntil(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.UntilSucceeded(),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay))
}

// The delay depends on the failure.
func beforeDelayType(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(4),
		retry.DelayType(func(n uint, err error, config *retry.Config) time.Duration {
			if errors.Is(err, io.EOF) {
				return 7 * time.Second
			}
			return time.Second
		}))
}

func beforeForError(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(9),
		retry.AttemptsForError(2, io.EOF),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay))
}

func beforeOnRetry(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(3),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay),
		retry.OnRetry(func(n uint, err error) { timeline.Note(err, 0) }))
}

func beforeLast(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) },
		retry.Context(ctx),
		retry.Attempts(3),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay),
		retry.LastErrorOnly(true))
}

// How many attempts failed.
func beforeFailures(err error) int {
	if e, ok := err.(retry.Error); ok {
		return len(e.WrappedErrors())
	}
	return 0
}

// What most programs have.
func beforeDefault(ctx context.Context, fetch func(context.Context) error) error {
	return retry.Do(func() error { return fetch(ctx) }, retry.Context(ctx))
}
