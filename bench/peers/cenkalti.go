package peers

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"
)

var cenkalti = Library{
	Name:      "cenkalti/backoff",
	Module:    "github.com/cenkalti/backoff/v7",
	Make:      makeCenkalti,
	Single:    "documented: a BackOff is not safe for concurrent use, each call needs its own",
	Stop:      backoff.Permanent,
	After:     func(err error, d time.Duration) error { return backoff.RetryAfter(d, err) },
	Exhausted: func(err error) bool { return errors.Is(err, backoff.ErrExhausted) },
}

func makeCenkalti(p Plan) (Call, error) {
	var opts []backoff.RetryOption
	switch {
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.Once != nil:
		return nil, NotOffered("has no test of failures but the marks")
	case p.Budget:
		return nil, NotOffered("has no budget")
	case p.OnEnd != nil:
		return nil, NotOffered("has no hook for the end")
	}
	if p.Attempts > 0 {
		opts = append(opts, backoff.WithMaxTries(uint(p.Attempts)))
	}
	if p.Within != 0 {
		opts = append(opts, backoff.WithMaxElapsedTime(max(p.Within, 0)))
	}
	if p.OnRetry != nil {
		opts = append(opts, backoff.WithNotify(func(error, time.Duration) { p.OnRetry() }))
	}
	switch {
	case p.Delays != nil:
		opts = append(opts, backoff.WithBackOff(&listBackOff{delays: p.Delays}))
	case p.Max != 0:
		b := backoff.NewExponentialBackOff()
		b.InitialInterval, b.MaxInterval, b.Multiplier = p.Delay, p.Max, 2
		if !p.Jitter {
			b.RandomizationFactor = 0
		}
		opts = append(opts, backoff.WithBackOff(b))
	default:
		opts = append(opts, backoff.WithBackOff(backoff.NewConstantBackOff(p.Delay)))
	}
	return func(ctx context.Context, f Func) (int, error) {
		return backoff.Retry(ctx, func() (int, error) { return f(ctx) }, opts...)
	}, nil
}

// A listBackOff is a BackOff as the library's documentation asks its users to write one.
type listBackOff struct {
	delays []time.Duration
	next   int
}

func (b *listBackOff) Reset() { b.next = 0 }

func (b *listBackOff) NextBackOff() time.Duration {
	if b.next == len(b.delays) {
		return backoff.Stop
	}
	b.next++
	return b.delays[b.next-1]
}
