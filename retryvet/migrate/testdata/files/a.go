package files

import "github.com/cenkalti/backoff/v4"

// The marks of files that aren't rewritten are still looked for.
func mark(err error) error { return backoff.Permanent(err) }

func Default(f func() error) error { return backoff.Retry(f, backoff.NewExponentialBackOff()) }
