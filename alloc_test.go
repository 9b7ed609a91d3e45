//go:build !race

package retry_test

import (
	"context"
	"testing"

	"github.com/callagain/retry"
)

// The costs that the design promises in allocations; the race detector makes some of its own.
func TestAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	works := func(context.Context) error { return nil }
	three := failing(3)
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		f      func(context.Context) error
		most   float64
	}{
		{"success_at_once", retry.Policy{}, works, 0},
		{"success_with_a_budget", retry.Policy{Budget: retry.NewBudget(retry.BudgetSettings{})}, works, 0},
		{"success_with_exponential", retry.Policy{Backoff: retry.Exponential{Attempts: 3}}, works, 0},
		{"success_with_list", withoutWait, works, 0},
		{"success_with_decorrelated", retry.Policy{Backoff: retry.Decorrelated{}}, works, 0},
		{"success_with_a_test", retry.Policy{Test: retry.AtMost(1, func(error) bool { return true })}, works, 0},
		{"success_observed", retry.Policy{Observe: func(context.Context, retry.Event) {}}, works, 0},
		{"three_failures", withoutWait, three, 0},
		{"giving_up", withoutWait, func(context.Context) error { return errFlaky }, 2}, // the Error and its failures
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(1000, func() { retry.Do(ctx, tt.policy, tt.f) }); n > tt.most {
				t.Errorf("Do makes %v allocations, want at most %v", n, tt.most)
			}
			get := func(ctx context.Context) (int, error) { return 0, tt.f(ctx) }
			if n := testing.AllocsPerRun(1000, func() { retry.Get(ctx, tt.policy, get) }); n > tt.most {
				t.Errorf("Get makes %v allocations, want at most %v", n, tt.most)
			}
		})
	}
}
