package peers

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

var sethvargo = Library{
	Name:     "sethvargo/go-retry",
	Module:   "github.com/sethvargo/go-retry",
	Make:     makeSethvargo,
	OptIn:    true,
	UserMark: true,
	Stop:     func(err error) error { return &unmarked{err} },
	Again:    again,
}

// An unmarked error is one that the function returns as it is: only what is marked retryable is tried again.
type unmarked struct{ error }

func (u *unmarked) Unwrap() error { return u.error }

// A marked error is one that the function has marked itself, somewhere inside: the adapter adds no mark.
type marked struct{ error }

func (m *marked) Unwrap() error { return m.error }

func again(err error) error {
	if err = retry.RetryableError(err); err == nil {
		return nil
	}
	return &marked{err}
}

func makeSethvargo(p Plan) (Call, error) {
	switch {
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.Once != nil:
		return nil, NotOffered("has no test of failures but the mark")
	case p.Budget:
		return nil, NotOffered("has no budget")
	case p.OnRetry != nil, p.OnEnd != nil:
		return nil, NotOffered("has no hooks")
	}
	var b retry.Backoff
	switch {
	case p.Delays != nil:
		next := 0
		b = retry.BackoffFunc(func() (time.Duration, bool) {
			if next == len(p.Delays) {
				return 0, true
			}
			next++
			return p.Delays[next-1], false
		})
	case p.Max != 0:
		b = retry.WithCappedDuration(p.Max, retry.NewExponential(p.Delay))
		if p.Jitter {
			b = retry.WithFullJitter(b)
		}
	case p.Delay == 0: // NewConstant wants more than that
		b = retry.BackoffFunc(func() (time.Duration, bool) { return 0, false })
	default:
		b = retry.NewConstant(p.Delay)
	}
	if p.Attempts > 0 {
		b = retry.WithMaxRetries(uint64(p.Attempts-1), b)
	}
	if p.Within > 0 {
		b = retry.WithMaxDuration(p.Within, b)
	}
	return func(ctx context.Context, f Func) (int, error) {
		return retry.DoValue(ctx, b, func(ctx context.Context) (int, error) {
			v, err := f(ctx)
			if errors.As(err, new(*unmarked)) || errors.As(err, new(*marked)) {
				return v, err
			}
			return v, retry.RetryableError(err)
		})
	}, nil
}
