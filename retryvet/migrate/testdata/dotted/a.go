package dotted

import (
	"time"

	. "github.com/cenkalti/backoff/v4"
)

// Everything of the import is rewritten in a file of its own.
func All(f func() error) error {
	return Retry(f, WithMaxRetries(NewConstantBackOff(time.Second), 2))
}
