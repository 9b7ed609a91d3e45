package files

// static int one(void) { return 1; }
import "C"

import "github.com/cenkalti/backoff/v4"

func withC(f func() error) error {
	return backoff.Retry(f, backoff.WithMaxRetries(backoff.NewExponentialBackOff(), uint64(C.one())))
}
