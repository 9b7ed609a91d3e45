package peers

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

var failsafeGo = Library{
	Name:      "failsafe-go",
	Module:    "github.com/failsafe-go/failsafe-go",
	Make:      makeFailsafe,
	UserMark:  true,
	Stop:      func(err error) error { return aborted{err} },
	Attempt:   attempt,
	Exhausted: retrypolicy.IsExceededError,
	Start:     startFailsafe,
}

// An aborted error is an error type of the user's own, as AbortOnErrorTypes wants one in place of a mark.
type aborted struct{ error }

func (a aborted) Unwrap() error { return a.error }

func makeFailsafe(p Plan) (Call, error) {
	ex, err := failsafeExecutor(p)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, f Func) (int, error) {
		return ex.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[int]) (int, error) {
			return f(withAttempt(e.Context(), e.Attempts()))
		})
	}, nil
}

func startFailsafe(p Plan) (func(context.Context, Func) func() (int, error), error) {
	ex, err := failsafeExecutor(p)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, f Func) func() (int, error) {
		return ex.WithContext(ctx).GetAsyncWithExecution(func(e failsafe.Execution[int]) (int, error) {
			return f(withAttempt(e.Context(), e.Attempts()))
		}).Get
	}, nil
}

func failsafeExecutor(p Plan) (failsafe.Executor[int], error) {
	if p.Once != nil {
		return nil, NotOffered("has no test of failures with a state for each call")
	}
	b := retrypolicy.NewBuilder[int]().AbortOnErrorTypes(aborted{})
	if p.Attempts != 0 {
		b.WithMaxAttempts(p.Attempts)
	}
	if p.Within > 0 {
		b.WithMaxDuration(p.Within)
	}
	if p.Budget {
		b.WithBudget(budget.New())
	}
	if p.OnRetry != nil {
		b.OnRetryScheduled(func(failsafe.ExecutionScheduledEvent[int]) { p.OnRetry() })
	}
	switch {
	case p.Delays != nil:
		b.WithMaxRetries(len(p.Delays)).WithDelayFunc(func(e failsafe.ExecutionAttempt[int]) time.Duration {
			return p.Delays[e.Attempts()-1]
		})
	case p.Max != 0:
		b.WithBackoff(p.Delay, p.Max)
		if p.Jitter {
			b.WithJitterFactor(.5)
		}
	default:
		b.WithDelay(p.Delay)
	}
	policies := []failsafe.Policy[int]{b.Build()}
	if p.Timeout != 0 {
		policies = append(policies, timeout.New[int](p.Timeout))
	}
	ex := failsafe.With(policies...)
	if p.OnEnd != nil {
		ex = ex.OnDone(func(e failsafe.ExecutionDoneEvent[int]) { p.OnEnd(e.Error) })
	}
	return ex, nil
}
