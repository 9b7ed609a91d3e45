package peers

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
)

// A Hedged function makes the n-th attempt of a call, from 1.
type Hedged = func(ctx context.Context, n int) (int, error)

// A Hedger is a way of making a second attempt beside a slow one.
type Hedger struct {
	Name   string
	Module string // as in [Library]; empty if it isn't of a library

	// Make returns f, hedged. Usual is the time within which 95 of 100 attempts are done when all is well, for those who must be told.
	Make func(usual time.Duration, f Hedged) func(context.Context) (int, error)
}

// NoHedge is the [Hedger] that makes no second attempt.
var NoHedge = Hedger{Name: "no hedging", Make: func(_ time.Duration, f Hedged) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return f(ctx, 1) }
}}

// AllHedgers returns every way, after none at all: ours first. Each decides by the 0.95 quantile of latencies, if it can.
func AllHedgers() []Hedger {
	return []Hedger{
		NoHedge,
		{Ours, callagain.Module, hedgeCallagain},
		{"failsafe-go", failsafeGo.Module, hedgeFailsafe(nil)},
		{"failsafe-go with its budget", failsafeGo.Module, hedgeFailsafe(budget.New)},
		{"by hand, a fixed delay", "", hedgeByHand},
	}
}

func hedgeCallagain(_ time.Duration, f Hedged) func(context.Context) (int, error) {
	return retry.Hedge(retry.HedgeSettings{}, func(ctx context.Context) (int, error) { return f(ctx, retry.Hedged(ctx)) })
}

// hedgeFailsafe has no default for how many latencies are remembered and needed: a hundred, and twenty, as ours needs.
func hedgeFailsafe(limit func() budget.Budget) func(time.Duration, Hedged) func(context.Context) (int, error) {
	return func(_ time.Duration, f Hedged) func(context.Context) (int, error) {
		b := hedgepolicy.NewBuilderWithDelayQuantile[int](0.95, 100, 20)
		if limit != nil {
			b.WithBudget(limit())
		}
		ex := failsafe.With(b.Build())
		return func(ctx context.Context) (int, error) {
			return ex.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[int]) (int, error) {
				if e.IsHedge() {
					return f(e.Context(), 1+e.Hedges())
				}
				return f(e.Context(), 1)
			})
		}
	}
}

// hedgeByHand is what a careful person would write.
func hedgeByHand(usual time.Duration, f Hedged) func(context.Context) (int, error) {
	type answer struct {
		value int
		err   error
	}
	return func(ctx context.Context) (int, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		answers := make(chan answer, 2)
		try := func(n int) {
			value, err := f(ctx, n)
			answers <- answer{value, err}
		}
		go try(1)
		running := 1
		timer := time.NewTimer(usual)
		defer timer.Stop()
		for {
			select {
			case a := <-answers:
				if running--; a.err == nil || running == 0 {
					return a.value, a.err
				}
			case <-timer.C:
				running++
				go try(2)
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
	}
}
