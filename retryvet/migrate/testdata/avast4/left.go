package avast4

import (
	"time"

	"github.com/avast/retry-go/v4"
)

func Custom(f func() error) error {
	return retry.Do(f, retry.DelayType(func(n uint, err error, config *retry.Config) time.Duration { return time.Second }))
}

func Right(f func() error) error {
	return retry.Do(f, retry.Attempts(2))
}

func Slice(f func() error, opts []retry.Option) error { return retry.Do(f, opts...) }
