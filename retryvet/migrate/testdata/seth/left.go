package seth

import (
	"context"
	"time"

	"github.com/sethvargo/go-retry"
)

func mayMark(ctx context.Context) error { return retry.RetryableError(nil) }

func Elsewhere(ctx context.Context) error {
	return retry.Constant(ctx, time.Second, func(ctx context.Context) error { return mayMark(ctx) })
}

func Named(ctx context.Context) error { return retry.Constant(ctx, time.Second, mayMark) }
