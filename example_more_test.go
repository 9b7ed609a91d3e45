package retry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"time"

	"github.com/callagain/retry"
)

// A server says when to come back.
func ExampleAfter() {
	policy := retry.Policy{Observe: func(_ context.Context, e retry.Event) {
		fmt.Println(e.Outcome(), e.Err, e.Delay >= 20*time.Millisecond)
	}}
	busy := retry.After(errBusy, 20*time.Millisecond)
	retry.Do(context.Background(), policy, failing(busy))
	// Output:
	// retrying 503 Service Unavailable true
	// succeeded <nil> false
}

// A failure that another attempt can't change.
func ExampleStop() {
	err := retry.Do(context.Background(), retry.Policy{}, func(ctx context.Context) error {
		fmt.Println("attempt", retry.Attempt(ctx))
		return fmt.Errorf("order 7: %w", retry.Stop(errNotFound))
	})
	fmt.Println(err)
	// Output:
	// attempt 1
	// order 7: 404 Not Found
}

// halves is a Backoff of one's own: each delay is half of the one before.
type halves time.Duration

func (h halves) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for d := time.Duration(h); d > 0 && yield(d); d /= 2 {
		}
	}
}

func ExampleBackoff() {
	policy := retry.Policy{Attempts: 4, Backoff: halves(8 * time.Millisecond)}
	plan, err := policy.Plan()
	fmt.Println(plan.Delays, err)
	// Output: [8ms 4ms 2ms 1ms] <nil>
}

// Delays that an iterator gives.
func ExampleSeq() {
	squares := retry.Seq(func(yield func(time.Duration) bool) {
		for n := time.Duration(0); n < 5 && yield(n*n*time.Second); n++ {
		}
	})
	plan, err := retry.Policy{Backoff: squares}.Plan()
	fmt.Println(plan.Attempts, plan.Delays, err)
	// Output: 5 [0s 1s 4s 9s 16s] <nil>
}

// An attempt knows how long the call waited for it.
func ExampleDelay() {
	policy := retry.Policy{Backoff: retry.List{0, time.Millisecond, 3 * time.Millisecond}}
	retry.Do(context.Background(), policy, func(ctx context.Context) error {
		fmt.Println("attempt", retry.Attempt(ctx), "after", retry.Delay(ctx))
		return errBusy
	})
	// Output:
	// attempt 1 after 0s
	// attempt 2 after 1ms
	// attempt 3 after 3ms
}

// What ended the call, and what failed.
func ExampleError() {
	policy := retry.Policy{Attempts: 2, Backoff: retry.Constant(0)}
	err := retry.Do(context.Background(), policy, failing(errLockTimeout, errBusy))
	switch {
	case errors.Is(err, retry.ErrExhausted):
		fmt.Println("no attempts left")
	case errors.Is(err, retry.ErrTooLate):
		fmt.Println("no time left")
	case errors.Is(err, retry.ErrBudget):
		fmt.Println("too many others are retrying")
	}
	if e, ok := errors.AsType[*retry.Error](err); ok {
		fmt.Println(e.Attempts, "attempts; first:", e.First(), "last:", e.Last())
	}
	fmt.Println(errors.Is(err, errLockTimeout), errors.Is(err, errBusy))
	// Output:
	// no attempts left
	// 2 attempts; first: lock timeout last: 503 Service Unavailable
	// true true
}

// Whose time was over: that of an attempt, or the caller's?
func Example_timeouts() {
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	err := retry.Do(context.Background(), retry.Policy{Attempts: 2, Backoff: retry.Constant(0), Timeout: time.Millisecond}, hang)
	fmt.Println(errors.Is(err, retry.ErrTimeout), errors.Is(err, retry.ErrExhausted))

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err = retry.Do(ctx, retry.Policy{}, hang)
	fmt.Println(errors.Is(err, retry.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true true
	// false true
}

// How delays are spread.
func ExampleJitter() {
	for _, j := range []retry.Jitter{retry.FullJitter, retry.EqualJitter, retry.DecorrelatedJitter, retry.NoJitter} {
		plan, err := retry.Policy{Backoff: retry.Exponential{Initial: time.Second, Max: 3 * time.Second, Jitter: j}}.Plan()
		fmt.Println(j, plan.Delays, err)
	}
	// Output:
	// full [0s 1s 2s 3s] <nil>
	// equal [0s 1s 2s 3s] <nil>
	// decorrelated [0s 3s 3s 3s] <nil>
	// none [0s 1s 2s 3s] <nil>
}

// What a policy comes to, before it is deployed.
func ExamplePolicy_Plan() {
	policy := retry.Policy{Attempts: 5, Backoff: retry.Exponential{Initial: time.Second}, Timeout: 2 * time.Second}
	plan, err := policy.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	var most retry.Plan = plan
	fmt.Println(most.MaxWait, most.MaxTime, most.Load)
	fmt.Println(policy)
	// Output:
	// 15s 25s 5
	// retry: up to 5 attempts, the first at once, then after up to 1s, 2s, 4s, 8s; 15s of waiting at most, 7.5s on average; an attempt may take up to 2s, the whole call up to 25s; without a budget, an outage gets 5 times the calls
}

// Log what is retried, and how calls end.
func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || len(groups) > 0 && a.Key != "err" && a.Key != "attempt" {
			return slog.Attr{} // to have the same in each run
		}
		return a
	}}))
	policy := retry.Policy{Name: "orders", Backoff: retry.Constant(0), Observe: retry.Log(logger)}
	retry.Do(context.Background(), policy, failing(errBusy))
	// Output:
	// level=WARN msg=retrying retry.attempt=1 retry.err="503 Service Unavailable"
	// level=INFO msg=succeeded retry.attempt=2
}

// The first of two servers is slow; the second attempt, at another one, answers.
func ExampleHedge() {
	endpoints := []string{"one", "two"}
	query := func(ctx context.Context) (string, error) {
		n := retry.Hedged(ctx)
		if n == 1 {
			<-ctx.Done() // slow, until the other one has answered
			return "", ctx.Err()
		}
		return "answer of " + endpoints[n-1], nil
	}
	search := retry.Hedge(retry.HedgeSettings{Delay: 5 * time.Millisecond}, query)
	fmt.Println(search(context.Background()))
	// Output: answer of two <nil>
}

// Each call makes its own function, and all of them share what they have learned.
func ExampleHedgeState() {
	var state retry.HedgeState // one for each service
	search := func(ctx context.Context, words string) (string, error) {
		return retry.Hedge(retry.HedgeSettings{State: &state}, func(context.Context) (string, error) {
			return "results for " + words, nil
		})(ctx)
	}
	fmt.Println(search(context.Background(), "tea"))
	fmt.Println("hedges allowed:", state.Budget().Available())
	// Output:
	// results for tea <nil>
	// hedges allowed: 3
}

// A budget goes on in another process.
func ExampleBudget_State() {
	budget := &retry.Budget{Name: "search"}
	budget.Take()
	stored, err := json.Marshal(budget.State(time.Now()))
	if err != nil {
		fmt.Println(err)
		return
	}

	var state retry.BudgetState
	if err := json.Unmarshal(stored, &state); err != nil {
		fmt.Println(err)
		return
	}
	again := &retry.Budget{Name: "search"}
	again.Restore(state)
	fmt.Println(again.Available())
	// Output: 2
}

// An operator's switch: no retries for a quarter of an hour. First attempts are still made.
func ExampleBudget_Pause() {
	budget := &retry.Budget{Name: "search"}
	policy := retry.Policy{Budget: budget, Backoff: retry.Constant(0)}
	budget.Pause(15 * time.Minute)
	err := retry.Do(context.Background(), policy, failing(errBusy))
	fmt.Println(errors.Is(err, retry.ErrBudget))

	budget.Resume()
	fmt.Println(retry.Do(context.Background(), policy, failing(errBusy)))
	// Output:
	// true
	// <nil>
}
