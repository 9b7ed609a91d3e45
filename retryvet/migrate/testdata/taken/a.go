// Package taken has names that rewritten calls would need.
package taken

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

func backoffDelays() {}

var retry = 1

// The helper's name is taken.
func Helper(f func() error) error { return backoff.Retry(f, backoff.NewExponentialBackOff()) }

// The package's is.
func Package(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}
