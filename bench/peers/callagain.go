package peers

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
)

// Ours is the name of this repository's library.
const Ours = "callagain/retry"

var callagain = Library{
	Name:      Ours,
	Module:    "github.com/callagain/retry",
	Make:      makeCallagain,
	Stop:      retry.Stop,
	After:     retry.After,
	Attempt:   retry.Attempt,
	Exhausted: func(err error) bool { return errors.Is(err, retry.ErrExhausted) },
	Start:     startCallagain,
}

func makeCallagain(p Plan) (Call, error) {
	policy := callagainPolicy(p)
	return func(ctx context.Context, f Func) (int, error) { return retry.Get(ctx, policy, f) }, nil
}

func startCallagain(p Plan) (func(context.Context, Func) func() (int, error), error) {
	policy := callagainPolicy(p)
	return func(ctx context.Context, f Func) func() (int, error) { return retry.Start(ctx, policy, f).Result }, nil
}

func callagainPolicy(p Plan) retry.Policy {
	policy := retry.Policy{Within: max(p.Within, 0), Timeout: p.Timeout, Attempts: p.Attempts}
	exponential := retry.Exponential{Initial: p.Delay, Max: p.Max}
	if !p.Jitter {
		exponential.Jitter = retry.NoJitter
	}
	switch {
	case p.Delays != nil:
		policy.Backoff = retry.List(append([]time.Duration{0}, p.Delays...))
		policy.Attempts = 0
	case p.Max == 0:
		policy.Backoff = retry.Constant(p.Delay)
	default:
		policy.Backoff = exponential
	}
	if p.Once != nil {
		policy.Decide = func(d *retry.Decision) {
			d.Retry = d.Retry && errors.Is(d.Err, p.Once) && d.Count("once") <= 1
		}
	}
	if p.Budget {
		policy.Budget = new(retry.Budget)
	}
	if p.OnRetry != nil || p.OnEnd != nil {
		policy.Observe = func(_ context.Context, e retry.Event) {
			switch {
			case e.Retry && p.OnRetry != nil:
				p.OnRetry()
			case !e.Retry && p.OnEnd != nil:
				p.OnEnd(e.Err)
			}
		}
	}
	return policy
}
