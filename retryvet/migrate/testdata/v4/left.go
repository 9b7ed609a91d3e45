package v4

import (
	"context"

	"github.com/cenkalti/backoff/v4"
)

// A mark for any call, also one that is left.
func Marks(err error) error { return backoff.Permanent(err) }

func leftWithMark(f func() error, b backoff.BackOff) error {
	return backoff.Retry(func() error { return backoff.Permanent(f()) }, b)
}

// The error that was compared is wrapped now.
func Compares(f func() error) bool {
	err := backoff.Retry(f, backoff.WithMaxRetries(&backoff.ZeroBackOff{}, 2))
	return err == errGone || err == context.Canceled
}

func Chain(ctx context.Context, f func() error) error {
	var b backoff.BackOff = backoff.NewConstantBackOff(1000)
	b = backoff.WithMaxRetries(b, 2)
	b = backoff.WithContext(b, ctx)
	return backoff.Retry(f, b)
}
