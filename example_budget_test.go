package retry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

func ExampleBudget_Shut() {
	budget := retry.NewBudget(retry.BudgetSettings{})
	policy := retry.Policy{Budget: budget}

	budget.Shut(10 * time.Minute) // says the operator: no retries while the database recovers
	_, err := retry.Get(context.Background(), policy, flaky(errBusy))
	fmt.Println(errors.Is(err, retry.ErrBudget), budget.ShutFor() > 9*time.Minute)

	budget.Open()
	page, err := retry.Get(context.Background(), policy, flaky(errBusy))
	fmt.Println(page, err, budget.ShutFor())
	// Output:
	// true true
	// hello <nil> 0s
}

func ExampleBudget_Open() {
	budget := retry.NewBudget(retry.BudgetSettings{})
	budget.Shut(time.Hour)
	budget.Open()
	fmt.Println(budget.ShutFor())
	// Output: 0s
}

func ExampleBudget_ShutFor() {
	budget := retry.NewBudget(retry.BudgetSettings{})
	budget.Shut(time.Hour)
	fmt.Println(budget.ShutFor().Round(time.Minute))
	// Output: 1h0m0s
}

func ExampleBudget_Settings() {
	fmt.Printf("%+v\n", retry.NewBudget(retry.BudgetSettings{Cap: 100}).Settings())
	// Output: {Ratio:0.1 Cap:100 Every:30s}
}

func ExampleBudget_Granted() {
	budget := retry.NewBudget(retry.BudgetSettings{Cap: 3, Every: math.MaxInt64})
	policy := retry.Policy{Backoff: retry.List{0, 0, 0}, Budget: budget}
	for range 2 {
		retry.Do(context.Background(), policy, func(context.Context) error { return errBusy })
	}
	fmt.Println(budget.Granted(), budget.Refused(), budget.Tokens())
	// Output: 3 1 0
}

func ExampleBudget_Refused() {
	budget := retry.NewBudget(retry.BudgetSettings{})
	budget.Shut(time.Minute)
	retry.Do(context.Background(), retry.Policy{Budget: budget}, func(context.Context) error { return errBusy })
	fmt.Println(budget.Refused())
	// Output: 1
}

func ExampleBudget_Tokens() {
	budget := retry.NewBudget(retry.BudgetSettings{Cap: 5})
	fmt.Println(budget.Tokens())
	// Output: 5
}

func ExampleBudget_String() {
	fmt.Println(retry.NewBudget(retry.BudgetSettings{}))
	// Output: 20.0 of 20 tokens; retries: 0 granted, 0 refused
}

// A loop that polls for ever needs delays of its own: when the budget refuses, a call fails at once.
func ExampleBudget_loop() {
	policy := retry.Policy{Budget: retry.NewBudget(retry.BudgetSettings{Cap: 1})}
	paced := retry.Policy{
		Name:    "loop",
		Backoff: retry.Exponential{Initial: time.Second, Max: time.Minute, Attempts: retry.Unlimited, Jitter: retry.Equal},
		Test:    func() retry.Test { return func(error) error { return nil } }, // even after a call that gave up
	}
	poll := flaky(errBusy, errBusy, errBusy, errBusy, errBusy)

	ctx, waits := retrytest.Context(context.Background(), retrytest.Settings{}) // for this example: nothing waits
	page, err := retry.Get(ctx, paced, func(ctx context.Context) (string, error) {
		return retry.Get(ctx, policy, poll)
	})
	fmt.Println(page, err)
	fmt.Println("the loop waited for", waits.Delays("loop"))
	// Output:
	// hello <nil>
	// the loop waited for [1s 2s 4s 8s]
}

func ExampleHedge() {
	replicas := []string{"slow", "fast"}
	fetch := func(ctx context.Context) (string, error) {
		replica := replicas[retry.Attempt(ctx)-1]
		if replica == "slow" {
			<-ctx.Done() // for as long as anybody is interested
			return "", context.Cause(ctx)
		}
		return "hello from the " + replica + " one", nil
	}
	hedged := retry.Hedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}, fetch)
	fmt.Println(hedged(context.Background()))
	// Output: hello from the fast one <nil>
}

// A hedge in a call: each attempt may be two, and both are paid from one budget.
func ExampleHedge_inCall() {
	budget := retry.NewBudget(retry.BudgetSettings{})
	hedged := retry.Hedge(retry.HedgeSettings{Delay: 50 * time.Millisecond, Budget: budget}, flaky(errBusy))
	fmt.Println(retry.Get(context.Background(), retry.Policy{Budget: budget}, hedged))
	// Output: hello <nil>
}

func ExampleHedgeSettings() {
	// After the time in which 99 of 100 recent attempts were done, up to two more of them.
	settings := retry.HedgeSettings{
		Quantile: 0.99,
		Delay:    time.Second, // until there are a hundred
		Attempts: 3,
		Budget:   retry.NewBudget(retry.BudgetSettings{Ratio: 0.02}),
	}
	fetch := retry.Hedge(settings, flaky())
	fmt.Println(fetch(context.Background()))
	// Output: hello <nil>
}

// Where each call makes its own function, such as one with arguments, they share what they know.
func ExampleLatencies() {
	var latencies retry.Latencies
	settings := retry.HedgeSettings{Latencies: &latencies}
	fetch := func(ctx context.Context, name string) (string, error) {
		return retry.Hedge(settings, func(ctx context.Context) (string, error) {
			return "hello " + name, nil
		})(ctx)
	}
	for range 20 {
		fetch(context.Background(), "you")
	}
	_, known := latencies.Quantile(0.95)
	fmt.Println(known)
	// Output: true
}

func ExampleLatencies_Add() {
	var latencies retry.Latencies
	for i := range 100 {
		latencies.Add(time.Duration(i+1) * time.Millisecond)
	}
	fmt.Println(latencies.Quantile(0.95))
	// Output: 95ms true
}

func ExampleLatencies_Quantile() {
	var latencies retry.Latencies
	latencies.Add(time.Second)
	fmt.Println(latencies.Quantile(0.5))
	latencies.Add(2 * time.Second)
	fmt.Println(latencies.Quantile(0.5))
	// Output:
	// 0s false
	// 1s true
}

func ExamplePolicy_String() {
	fmt.Println(retry.Policy{
		Name:    "search",
		Backoff: retry.Exponential{Attempts: 4},
		Timeout: 2 * time.Second,
		Budget:  retry.NewBudget(retry.BudgetSettings{}),
	})
	// Output:
	// retry "search": up to 4 attempts, the first at once, then after up to 10ms, 20ms, 40ms; 70ms of waiting at worst, 35ms on average, no delay longer than 40ms; an attempt may take up to 2s, the whole call up to 8.07s; a budget allows 1.1 attempts for each call in the long run, beside 20 retries at once and one every 30s
}

func ExamplePolicy_Plan() {
	plan, err := retry.Policy{Backoff: retry.Exponential{Attempts: 3}}.Plan()
	if err != nil {
		panic(err)
	}
	for i, d := range plan.Delays {
		fmt.Printf("attempt %d: after %v to %v, %v on average\n", i+1, d.Min, d.Max, d.Mean)
	}
	fmt.Println("at worst", plan.MaxWait)
	// Output:
	// attempt 1: after 0s to 0s, 0s on average
	// attempt 2: after 0s to 10ms, 5ms on average
	// attempt 3: after 0s to 20ms, 10ms on average
	// at worst 30ms
}

func ExamplePlan_String() {
	plan, _ := retry.Policy{Backoff: retry.List{0, time.Second}}.Plan()
	fmt.Println(plan)
	// Output: up to 2 attempts, the first at once, then after 1s; 1s of waiting at worst, no delay longer than 1s; no budget: in an outage 2 attempts for each call
}

func ExampleNewBudget() {
	// One for all calls to the database, wherever they are made.
	budget := retry.NewBudget(retry.BudgetSettings{})
	read := retry.Policy{Name: "read", Budget: budget}
	write := retry.Policy{Name: "write", Budget: budget, Backoff: retry.List{0, time.Second}}
	fmt.Println(retry.Get(context.Background(), read, flaky(errBusy)))
	fmt.Println(retry.Get(context.Background(), write, flaky()))
	fmt.Println(budget)
	// Output:
	// hello <nil>
	// hello <nil>
	// 19.2 of 20 tokens; retries: 1 granted, 0 refused
}

// A tenth of what the default allows, for a server that runs hot.
func ExampleBudgetSettings() {
	budget := retry.NewBudget(retry.BudgetSettings{Ratio: 0.01, Cap: 5, Every: time.Minute})
	fmt.Println(retry.Policy{Backoff: retry.List{0, time.Second}, Budget: budget})
	// Output: retry: up to 2 attempts, the first at once, then after 1s; 1s of waiting at worst, no delay longer than 1s; a budget allows 1.01 attempts for each call in the long run, beside 5 retries at once and one every 1m
}

func ExamplePlan() {
	plan, err := retry.Policy{Timeout: time.Second, Budget: retry.NewBudget(retry.BudgetSettings{})}.Plan()
	if err != nil {
		panic(err)
	}
	last := plan.Delays[len(plan.Delays)-1]
	fmt.Println(plan.Attempts, "attempts; the last after up to", last.Max)
	fmt.Println(plan.MaxTime, "at worst, and", plan.Load, "attempts for each call in the long run")
	// Output:
	// 10 attempts; the last after up to 2.56s
	// 15.11s at worst, and 1.1 attempts for each call in the long run
}
