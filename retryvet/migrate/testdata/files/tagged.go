//go:build never

package files

import "github.com/cenkalti/backoff/v4"

func tagged(f func() error) error { return backoff.Retry(f, backoff.NewExponentialBackOff()) }
