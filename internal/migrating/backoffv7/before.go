// Package backoffv7 has the programs of docs/migrating/backoff-v7.md.
package backoffv7

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"

	"github.com/callagain/retry/internal/migrating/timeline"
)

type order struct{ ID int }

var errGone = timeline.ErrGone

func notify(err error, delay time.Duration) { timeline.Note(err, delay) }

// load is fetch as an operation that returns a value.
func load(ctx context.Context, fetch func(context.Context) error) (*order, error) {
	return &order{ID: 7}, fetch(ctx)
}

func checked(o *order, err error) error {
	if err == nil && o.ID != 7 {
		return errors.New("wrong value")
	}
	return err
}

func beforeTries(ctx context.Context, fetch func(context.Context) error) error {
	o, err := backoff.Retry(ctx, func() (*order, error) { return load(ctx, fetch) },
		backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)),
		backoff.WithMaxTries(3))
	return checked(o, err)
}

func beforeElapsed(ctx context.Context, fetch func(context.Context) error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = time.Second
	b.MaxInterval = 10 * time.Second
	b.Multiplier = 2
	b.RandomizationFactor = 0
	o, err := backoff.Retry(ctx, func() (*order, error) { return load(ctx, fetch) },
		backoff.WithBackOff(b),
		backoff.WithMaxElapsedTime(time.Minute))
	return checked(o, err)
}

func beforeNotify(ctx context.Context, fetch func(context.Context) error) error {
	o, err := backoff.Retry(ctx, func() (*order, error) { return load(ctx, fetch) },
		backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)),
		backoff.WithMaxTries(3),
		backoff.WithNotify(notify))
	return checked(o, err)
}

func beforePermanent(ctx context.Context, fetch func(context.Context) error) error {
	o, err := backoff.Retry(ctx, func() (*order, error) {
		o, err := load(ctx, fetch)
		if errors.Is(err, errGone) {
			return nil, backoff.Permanent(err)
		}
		return o, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithMaxTries(3))
	return checked(o, err)
}

func beforeAfter(ctx context.Context, fetch func(context.Context) error) error {
	o, err := backoff.Retry(ctx, func() (*order, error) {
		o, err := load(ctx, fetch)
		if err != nil {
			return nil, backoff.RetryAfter(7*time.Second, err)
		}
		return o, nil
	}, backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithMaxTries(3))
	return checked(o, err)
}

// An operation without a value.
func beforeNoValue(ctx context.Context, fetch func(context.Context) error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, fetch(ctx) },
		backoff.WithBackOff(&backoff.ZeroBackOff{}),
		backoff.WithMaxTries(3))
	return err
}

// Which of the limits ended the call, and what failed.
func beforeWhy(err error) (why string, last error) {
	switch {
	case errors.Is(err, backoff.ErrExhausted):
		why = "attempts"
	case errors.Is(err, backoff.ErrMaxElapsedTime):
		why = "time"
	case errors.Is(err, backoff.ErrPermanent):
		why = "permanent"
	}
	if e := backoff.AsRetryError(err); e != nil {
		last = e.LastErr
	}
	return why, last
}
