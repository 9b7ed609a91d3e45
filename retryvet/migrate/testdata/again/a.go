// Package again retries for others.
package again

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

func Again(f func() error, b backoff.BackOff) error {
	return backoff.RetryNotify(f, b, func(error, time.Duration) {})
}
