package peers

import (
	"context"

	"github.com/rogpeppe/retry"
)

var rogpeppe = Library{
	Name:     "rogpeppe/retry",
	Module:   "github.com/rogpeppe/retry",
	Make:     makeRogpeppe,
	NoErrors: "an iterator: the caller writes the loop, and so what becomes of its failures",
}

func makeRogpeppe(p Plan) (Call, error) {
	switch {
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
	s := retry.Strategy{
		Delay:       p.Delay,
		MaxDelay:    p.Max,
		MaxCount:    max(p.Attempts, 0),
		MaxDuration: max(p.Within, 0),
		Regular:     !p.Jitter,
	}
	if p.Max != 0 {
		s.Factor = 2
	}
	return func(ctx context.Context, f Func) (int, error) {
		for i := s.Start(); ; {
			v, err := f(ctx)
			if err == nil || !i.Next(ctx.Done()) {
				return v, err
			}
		}
	}, nil
}
