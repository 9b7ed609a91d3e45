package taken

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Older programs have these.
func min(a, b int) int { return a }
func max(a, b int) int { return b }

func Variable(f func() error, n uint64) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), n))
}

func Shadowed(f func() error) string {
	type error = any
	if backoff.Retry(f, backoff.NewConstantBackOff(time.Second)) != nil {
		panic("gave up")
	}
	return ""
}
