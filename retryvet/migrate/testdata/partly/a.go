// Package partly has been rewritten in part.
package partly

import "context"
import "time"

import "github.com/callagain/retry"
import "github.com/cenkalti/backoff/v4"

func Done(ctx context.Context, f func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{}, f)
}

func Left(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}
