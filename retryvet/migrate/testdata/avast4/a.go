package avast4

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/avast/retry-go/v4"
)

var errGone = errors.New("gone")

func Default(f func() error) error {
	return retry.Do(f)
}

func Options(ctx context.Context, f func() error) error {
	return retry.Do(
		func() error {
			err := f()
			if errors.Is(err, errGone) {
				return retry.Unrecoverable(err)
			}
			return err
		},
		retry.Context(ctx),
		retry.Attempts(5),
		retry.Delay(time.Second),
		retry.DelayType(retry.FixedDelay),
		retry.LastErrorOnly(true),
		retry.OnRetry(func(n uint, err error) {
			log.Printf("attempt %d: %v", n+1, err)
		}),
	)
}

func Capped(f func() (int, error)) (int, error) {
	return retry.DoWithData(f, retry.Attempts(4), retry.Delay(time.Second), retry.MaxDelay(2*time.Second), retry.DelayType(retry.BackOffDelay),
		retry.RetryIf(func(err error) bool { return !errors.Is(err, errGone) }))
}

func Variable(f func() error, n uint) error {
	return retry.Do(f, retry.Attempts(n), retry.DelayType(retry.FixedDelay), retry.Delay(time.Second))
}

func Endless(f func() error) error {
	return retry.Do(f, retry.UntilSucceeded(), retry.DelayType(retry.CombineDelay(retry.FixedDelay, retry.RandomDelay)))
}
