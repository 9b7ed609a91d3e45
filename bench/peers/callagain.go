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
	policy := retry.Policy{Within: max(p.Within, 0), Timeout: p.Timeout}
	exponential := retry.Exponential{Initial: p.Delay, Max: p.Max, Attempts: p.Attempts}
	if !p.Jitter {
		exponential.Jitter = retry.None
	}
	switch {
	case p.Delays != nil:
		policy.Backoff = retry.List(append([]time.Duration{0}, p.Delays...))
	case p.Delay == 0 && p.Attempts > 0:
		policy.Backoff = make(retry.List, p.Attempts)
	case p.Max == 0:
		exponential.Grow = func(d time.Duration) time.Duration { return d }
		exponential.Max = max(p.Delay, 0)
		policy.Backoff = exponential
	default:
		policy.Backoff = exponential
	}
	if p.Once != nil {
		policy.Test = retry.AtMost(1, func(err error) bool { return errors.Is(err, p.Once) })
	}
	if p.Budget {
		policy.Budget = retry.NewBudget(retry.BudgetSettings{})
	}
	if p.OnRetry != nil || p.OnEnd != nil {
		policy.Observe = func(_ context.Context, e retry.Event) {
			switch {
			case e.Kind == retry.Retrying && p.OnRetry != nil:
				p.OnRetry()
			case e.Kind != retry.Retrying && p.OnEnd != nil:
				p.OnEnd(e.Err)
			}
		}
	}
	return policy
}
