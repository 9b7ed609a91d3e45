package odd5

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	again "github.com/cenkalti/backoff/v7"
)

var errBusy = errors.New("busy")

func header(s string) int { n, _ := strconv.Atoi(s); return n }

const seconds int = 2

// How long to wait is told in many ways.
func After(ctx context.Context, s string, f func() error) error {
	_, err := backoff.Retry(ctx, func() (int, error) {
		if err := f(); err == nil {
			return 0, nil
		}
		if s == "" {
			return 0, backoff.RetryAfter(seconds)
		}
		return 0, backoff.RetryAfter(header(s) + 1)
	}, backoff.WithMaxTries(3), backoff.WithBackOff(&backoff.ZeroBackOff{}))
	return err
}

// The cause may be nil: it is a failure all the same.
func Cause(ctx context.Context, f func() error) error {
	_, err := again.Retry(ctx, func() (int, error) {
		if f() == nil {
			return 0, nil
		}
		var err error
		return 0, again.RetryAfter(time.Second, err)
	}, again.WithMaxTries(2))
	return err
}

func Causes(ctx context.Context, n int, f func() error) error {
	_, err := again.Retry(ctx, func() (int, error) {
		err := f()
		if err == nil {
			return 0, nil
		}
		switch n {
		case 0:
			return 0, again.RetryAfter(time.Second, nil)
		case 1:
			return 0, again.RetryAfter(time.Second, fmt.Errorf("again: %w", err))
		case 2:
			return 0, again.RetryAfter(time.Second, errBusy)
		}
		if err != nil {
			return 0, again.RetryAfter(time.Second, err)
		}
		return 0, nil
	}, again.WithMaxTries(2), again.WithBackOff(&again.ZeroBackOff{}))
	return err
}

type handler struct{ max uint }

func (e handler) Observe(error, time.Duration) {}

func (e handler) Do(ctx context.Context, f func() error) (struct{}, error) {
	opts := []backoff.RetryOption{backoff.WithMaxTries(1)}
	if e.max == 0 {
		return backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, f() }, opts...)
	}
	return backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, f() }, backoff.WithMaxTries(e.max), backoff.WithMaxElapsedTime(-1),
		backoff.WithBackOff(backoff.NewConstantBackOff(time.Second)), backoff.WithNotify(e.Observe))
}
