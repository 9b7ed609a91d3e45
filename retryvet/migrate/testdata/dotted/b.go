package dotted

import (
	"time"

	. "github.com/cenkalti/backoff/v4"
)

func Some(f func() error) error {
	return Retry(f, WithMaxRetries(NewConstantBackOff(time.Second), 2))
}

func left(b BackOff) time.Duration { return b.NextBackOff() }
