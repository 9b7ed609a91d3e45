package v7

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v7"
)

func Tries(ctx context.Context, f func() (string, error)) (string, error) {
	return backoff.Retry(ctx, func() (string, error) {
		s, err := f()
		if err != nil {
			return "", backoff.RetryAfter(2*time.Second, err)
		}
		return s, nil
	}, backoff.WithMaxTries(3))
}

func Reason(err error) bool { return backoff.AsRetryError(err) != nil }
