package peers

import (
	"context"

	"github.com/Rican7/retry"
	"github.com/Rican7/retry/strategy"
)

var rican7 = Library{
	Name:    "Rican7/retry",
	Module:  "github.com/Rican7/retry",
	Make:    makeRican7,
	NoValue: true,
	Attempt: attempt,
}

func makeRican7(p Plan) (Call, error) {
	switch {
	case p.Within > 0:
		return nil, NotOffered("has no limit of time of its own")
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.Max != 0:
		return nil, NotOffered("has no cap of a delay")
	case p.Once != nil:
		return nil, NotOffered("has no test of failures")
	case p.Budget:
		return nil, NotOffered("has no budget")
	case p.OnRetry != nil, p.OnEnd != nil:
		return nil, NotOffered("has no hooks")
	}
	var all []strategy.Strategy
	if p.Attempts > 0 {
		all = append(all, strategy.Limit(uint(p.Attempts)))
	}
	if p.Delays != nil {
		all = append(all, strategy.Limit(uint(len(p.Delays)+1)), strategy.Wait(p.Delays...))
	} else if p.Delay != 0 {
		all = append(all, strategy.Wait(p.Delay))
	}
	return func(ctx context.Context, f Func) (v int, err error) {
		err = retry.Retry(func(attempt uint) error {
			v, err = f(withAttempt(ctx, int(attempt)))
			return err
		}, all...)
		return v, err
	}, nil
}
