// Package alonepart is rewritten without another one of the program that looks for its marks.
package alonepart

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"

	"migratetest/again"
)

func Elsewhere(f func() error) error {
	return again.Again(func() error {
		if f() != nil {
			return backoff.Permanent(errors.New("gone"))
		}
		return nil
	}, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}

func Here(f func() error) error {
	return backoff.Retry(func() error {
		if err := f(); err != nil {
			return backoff.Permanent(err)
		}
		return nil
	}, backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2))
}
