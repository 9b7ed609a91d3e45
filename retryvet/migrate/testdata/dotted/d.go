package dotted

import (
	"time"

	again "github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v4"
)

// Two libraries in one file.
func Both(f func() error) error {
	return again.Do(func() error {
		return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 1))
	}, again.Attempts(2), again.DelayType(again.FixedDelay), again.Delay(time.Minute))
}
