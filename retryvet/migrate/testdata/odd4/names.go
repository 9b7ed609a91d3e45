package odd4

import (
	ctxpkg "context"
	stdtime "time"

	bo "github.com/cenkalti/backoff/v4"
)

// Packages by other names.
func Aliased(ctx ctxpkg.Context, f func() error) error {
	b := bo.NewExponentialBackOff()
	b.InitialInterval = stdtime.Second
	b.RandomizationFactor = 0
	b.Multiplier = 2
	return bo.Retry(f, bo.WithContext(bo.WithMaxRetries(b, 2), ctx))
}
