package dotted

import (
	"time"

	first "github.com/cenkalti/backoff/v4"
	second "github.com/cenkalti/backoff/v4"
)

// One library by two names, of which one goes away.
func Two(f func() error) error {
	return first.Retry(f, first.WithMaxRetries(first.NewConstantBackOff(time.Second), 2))
}

func leftToo(b second.BackOff) time.Duration { return b.NextBackOff() }
