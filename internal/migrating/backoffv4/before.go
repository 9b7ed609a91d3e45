// Package backoffv4 has the programs of docs/migrating/backoff-v4.md.
package backoffv4

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/callagain/retry/internal/migrating/timeline"
)

var errGone = timeline.ErrGone

func notify(err error, delay time.Duration) { timeline.Note(err, delay) }

func beforeRetries(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx)
	return backoff.Retry(func() error { return fetch(ctx) }, b)
}

func beforeExponential(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.MaxInterval = 10 * time.Second
	b.Multiplier = 2
	b.RandomizationFactor = 0
	b.MaxElapsedTime = time.Minute
	return backoff.Retry(func() error { return fetch(ctx) }, backoff.WithContext(b, ctx))
}

func beforeGrow(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(time.Second),
		backoff.WithMultiplier(1.5),
		backoff.WithRandomizationFactor(0),
		backoff.WithMaxElapsedTime(0),
	)
	return backoff.Retry(func() error { return fetch(ctx) }, backoff.WithContext(b, ctx))
}

func beforeNotify(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx)
	return backoff.RetryNotify(func() error { return fetch(ctx) }, b, notify)
}

func beforeData(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx)
	n, err := backoff.RetryWithData(func() (int, error) { return 7, fetch(ctx) }, b)
	if err == nil && n != 7 {
		return errors.New("wrong value")
	}
	return err
}

func beforePermanent(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx)
	return backoff.Retry(func() error {
		err := fetch(ctx)
		if errors.Is(err, errGone) {
			return backoff.Permanent(err)
		}
		return err
	}, b)
}

func beforeZero(ctx context.Context, fetch func(context.Context) error) error {
	return backoff.Retry(func() error { return fetch(ctx) }, backoff.WithContext(backoff.WithMaxRetries(&backoff.ZeroBackOff{}, 3), ctx))
}

func beforeStop(ctx context.Context, fetch func(context.Context) error) error {
	return backoff.Retry(func() error { return fetch(ctx) }, &backoff.StopBackOff{})
}

func beforeTicker(ctx context.Context, fetch func(context.Context) error) error {
	ticker := backoff.NewTicker(backoff.WithContext(backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3), ctx))
	defer ticker.Stop()
	var err error
	for range ticker.C {
		if err = fetch(ctx); err == nil {
			return nil
		}
	}
	return errors.Join(err, ctx.Err())
}

// A loop of one's own.
func beforeNext(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3)
	for {
		err := fetch(ctx)
		if err == nil {
			return nil
		}
		d := b.NextBackOff()
		if d == backoff.Stop {
			return err
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// What most programs have.
func beforeDefault(ctx context.Context, fetch func(context.Context) error) error {
	return backoff.Retry(func() error { return fetch(ctx) }, backoff.WithContext(backoff.NewExponentialBackOff(), ctx))
}
