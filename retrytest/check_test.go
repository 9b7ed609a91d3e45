package retrytest_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

func TestCheck(t *testing.T) {
	budget := new(retry.Budget)
	draws := 0
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		bounds retrytest.Bounds
		want   string // in the message; empty if it holds
	}{
		{"zero_policy_exactly", retry.Policy{}, retrytest.Bounds{Attempts: 4, Delay: 400 * ms, Wait: 700 * ms, Load: 4}, ""},
		{"more_than_enough", retry.Policy{}, retrytest.Bounds{Attempts: 100, Delay: time.Hour, Wait: time.Hour, Load: 100}, ""},
		{"attempts", retry.Policy{}, retrytest.Bounds{Attempts: 3}, "4 attempts, more than 3\n"},
		{"delay", retry.Policy{}, retrytest.Bounds{Delay: 399 * ms}, "a delay of 400ms, more than 399ms\n"},
		{"wait", retry.Policy{}, retrytest.Bounds{Wait: 600 * ms}, "700ms of waiting, more than 600ms\n"},
		{"load", retry.Policy{}, retrytest.Bounds{Load: 3.5}, "4 attempts for each call in an outage, more than 3.5\n"},
		{"all", retry.Policy{}, retrytest.Bounds{1, 1, 1, 1}, "4 attempts, more than 1; a delay of 400ms, more than 1ns; 700ms of waiting, more than 1ns; 4 attempts for each call in an outage, more than 1\n"},
		{"budget", retry.Policy{Budget: budget}, retrytest.Bounds{Load: 1.1}, ""},
		{"budget_too_generous", retry.Policy{Budget: &retry.Budget{Ratio: 0.2}}, retrytest.Bounds{Load: 1.1}, "1.2 attempts for each call in an outage, more than 1.1\n"},
		{"one_attempt_with_budget", retry.Policy{Backoff: retry.List{0}, Budget: budget}, retrytest.Bounds{Load: 1}, ""},
		{"within", retry.Policy{Attempts: 10, Within: time.Second}, retrytest.Bounds{Delay: time.Second, Wait: time.Second}, ""},
		{"without_end", retry.Policy{Attempts: retry.Unlimited}, retrytest.Bounds{Attempts: 1000}, "unlimited attempts, more than 1000\n"},
		{"without_end_but_slow", retry.Policy{Attempts: retry.Unlimited, Budget: budget}, retrytest.Bounds{Delay: 2 * time.Minute, Load: 1.1}, ""},
		{"decorrelated", retry.Policy{Attempts: 10, Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter, Max: time.Second}}, retrytest.Bounds{Attempts: 10, Delay: time.Second, Wait: 9 * time.Second}, ""},
		{"invalid", retry.Policy{Timeout: -1}, retrytest.Bounds{Attempts: 10}, "invalid policy: Timeout is -1ns"},
		{"no_bounds", retry.Policy{}, retrytest.Bounds{}, "no bounds are given\nThe policy keeps retrytest.Bounds{Attempts: 4, Delay: 400 * time.Millisecond, Wait: 700 * time.Millisecond, Load: 4}.\nIt is retry: up to 4 attempts"},
		{"grows_with_each_call", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) {
			draws++
			yield(time.Duration(draws) * time.Second)
		})}, retrytest.Bounds{Delay: 10 * time.Second}, "with delays of up to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fake := new(fakeT)
			tt.policy.Observe = func(context.Context, retry.Event) { t.Error("Observe was told of a check") }
			retrytest.Check(fake, tt.policy, tt.bounds)
			got := strings.Join(fake.messages, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if budget.Granted()+budget.Refused() != 0 {
		t.Errorf("a check used the budget: %v", budget)
	}
}

func TestBoundsAreWrittenInGo(t *testing.T) {
	for want, b := range map[string]retrytest.Bounds{
		"retrytest.Bounds{}": {},
		"retrytest.Bounds{Delay: 2 * time.Minute, Wait: 36 * time.Hour}":     {Delay: 2 * time.Minute, Wait: 36 * time.Hour},
		"retrytest.Bounds{Delay: 1 * time.Microsecond, Load: 1.1}":           {Delay: time.Microsecond, Load: 1.1},
		"retrytest.Bounds{Delay: 1001 * time.Nanosecond, Load: math.Inf(1)}": {Delay: 1001, Load: math.Inf(1)},
		"retrytest.Bounds{Wait: math.MaxInt64}":                              {Wait: math.MaxInt64},
	} {
		if got := b.GoString(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
