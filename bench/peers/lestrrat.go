package peers

import (
	"context"

	"github.com/lestrrat-go/backoff/v2"
)

var lestrrat = Library{
	Name:     "lestrrat-go/backoff",
	Module:   "github.com/lestrrat-go/backoff/v2",
	Make:     makeLestrrat,
	NoErrors: "an iterator: the caller writes the loop, and so what becomes of its failures",
}

func makeLestrrat(p Plan) (Call, error) {
	switch {
	case p.Within > 0:
		return nil, NotOffered("has no limit of time of its own")
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.Delays != nil:
		return nil, NotOffered("has no schedules but its own")
	case p.Once != nil:
		return nil, NotOffered("has no test of failures: the caller writes the loop")
	case p.Budget:
		return nil, NotOffered("has no budget")
	case p.OnRetry != nil, p.OnEnd != nil:
		return nil, NotOffered("has no hooks: the caller writes the loop")
	}
	var policy backoff.Policy
	retries := backoff.WithMaxRetries(max(p.Attempts-1, 0)) // 0 is without a limit
	switch {
	case p.Attempts == 1:
		policy = backoff.Null()
	case p.Max != 0:
		options := []backoff.ExponentialOption{retries, backoff.WithMinInterval(p.Delay), backoff.WithMaxInterval(p.Max), backoff.WithMultiplier(2)}
		if p.Jitter {
			options = append(options, backoff.WithJitterFactor(.5))
		}
		policy = backoff.Exponential(options...)
	default:
		policy = backoff.Constant(retries, backoff.WithInterval(p.Delay))
	}
	return func(ctx context.Context, f Func) (v int, err error) {
		inner, cancel := context.WithCancel(ctx) // ends the goroutine that each loop has
		defer cancel()
		for c := policy.Start(inner); backoff.Continue(c); {
			if v, err = f(ctx); err == nil {
				return v, nil
			}
		}
		return v, err
	}, nil
}
