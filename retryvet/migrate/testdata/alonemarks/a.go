// Package alonemarks has nothing but marks: calls elsewhere look for them.
package alonemarks

import (
	"github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v5"
)

func Gone(err error) error { return backoff.Permanent(err) }

func Later() error { return backoff.RetryAfter(7) }

func Never(err error) error { return retry.Unrecoverable(err) }
