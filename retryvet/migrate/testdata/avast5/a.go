package avast5

import (
	"context"
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
