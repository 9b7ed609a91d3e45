package avast5

import (
	"context"
	"errors"
	"time"

	"github.com/avast/retry-go/v5"
)

func Options(ctx context.Context, f func() error) error {
	return retry.New(retry.Context(ctx), retry.Attempts(3), retry.Delay(time.Second)).Do(f)
}

func Value(f func() (int, error)) (int, error) {
	return retry.NewWithData[int](retry.Attempts(3), retry.DelayType(retry.FixedDelay)).Do(f)
}

var shared = retry.New(retry.Attempts(3))

func Shared(f func() error) error { return shared.Do(f) }

// A Retrier for one call.
func Kept(f func() error, n uint) error {
	delay := time.Second
	r := retry.New(retry.Attempts(n), retry.Delay(delay), retry.DelayType(retry.FixedDelay), retry.RetryIf(func(err error) bool { return err != errGone }))
	return r.Do(f)
}

var errGone = errors.New("gone")

// One for several.
func KeptTwice(f func() error) error {
	r := retry.New(retry.Attempts(2), retry.DelayType(retry.FixedDelay))
	return errors.Join(r.Do(f), r.Do(f))
}

// One whose options change before the call.
func KeptChanged(f func() error, n uint) error {
	r := retry.New(retry.Attempts(n), retry.DelayType(retry.FixedDelay))
	n = 7
	return r.Do(f)
}

var hooks int

func hook() func(uint, error) {
	hooks++
	return func(uint, error) { hooks++ }
}

// One with a hook that a call makes, before the call.
func KeptHook(fs ...func() error) (err error) {
	r := retry.New(retry.Attempts(2), retry.DelayType(retry.FixedDelay), retry.OnRetry(hook()))
	for _, f := range fs {
		err = r.Do(f)
	}
	return err
}

func Hook(f func() error) error {
	return retry.New(retry.Attempts(2), retry.DelayType(retry.FixedDelay), retry.OnRetry(hook())).Do(f)
}
