package peers

import (
	"context"
	"time"

	"github.com/avast/retry-go/v5"
)

var avast = Library{
	Name:   "avast/retry-go",
	Module: "github.com/avast/retry-go/v5",
	Make:   makeAvast,
	Stop:   retry.Unrecoverable,
}

// makeAvast keeps the options, and makes the Retrier anew for each call because the context is one of them.
func makeAvast(p Plan) (Call, error) {
	opts := []retry.Option{retry.Delay(p.Delay)}
	switch {
	case p.Within > 0:
		return nil, NotOffered("has no limit of time of its own")
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.OnEnd != nil:
		return nil, NotOffered("has no hook for the end")
	}
	if p.Attempts != 0 {
		opts = append(opts, retry.Attempts(uint(max(p.Attempts, 0))))
	}
	if p.Once != nil {
		opts = append(opts, retry.AttemptsForError(2, p.Once))
	}
	if p.Budget {
		opts = append(opts, retry.WithThrottle(retry.NewFixedTokenBucketThrottle(retry.FixedTokenBucketThrottleConfig{})))
	}
	if p.OnRetry != nil {
		opts = append(opts, retry.OnRetry(func(uint, error) { p.OnRetry() }))
	}
	switch {
	case p.Delays != nil:
		opts = append(opts, retry.Attempts(uint(len(p.Delays)+1)), retry.DelayType(
			func(n uint, _ error, _ retry.DelayContext) time.Duration { return p.Delays[n-1] }))
	case p.Max != 0 && p.Jitter:
		opts = append(opts, retry.MaxDelay(p.Max), retry.DelayType(retry.FullJitterBackoffDelay))
	case p.Max != 0:
		opts = append(opts, retry.MaxDelay(p.Max), retry.DelayType(retry.BackOffDelay))
	default:
		opts = append(opts, retry.DelayType(retry.FixedDelay))
	}
	return func(ctx context.Context, f Func) (int, error) {
		all := append(opts[:len(opts):len(opts)], retry.Context(ctx))
		return retry.NewWithData[int](all...).Do(func() (int, error) { return f(ctx) })
	}, nil
}
