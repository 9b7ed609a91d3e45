package retry_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// In a bubble of testing/synctest it is the year 2000, before the program started. Limits of time and budgets
// work there as they do anywhere.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := errors.New("fails")
		for _, within := range []time.Duration{time.Hour, math.MaxInt64} {
			attempts := 0
			err := retry.Do(t.Context(), retry.Policy{
				Within:  within,
				Backoff: retry.List{0, time.Minute, 0},
				Budget:  retry.NewBudget(retry.BudgetSettings{}),
			}, func(context.Context) error {
				attempts++
				return fails
			})
			if attempts != 3 || !errors.Is(err, retry.ErrExhausted) {
				t.Errorf("within %v: %d attempts, %v", within, attempts, err)
			}
		}
		b := retry.NewBudget(retry.BudgetSettings{})
		for d, refused := range map[time.Duration]bool{time.Hour: true, math.MaxInt64: true, 0: false} {
			b.Shut(d)
			err := retry.Do(t.Context(), retry.Policy{Budget: b}, func(context.Context) error { return fails })
			if errors.Is(err, retry.ErrBudget) != refused {
				t.Errorf("shut for %v: %v", d, err)
			}
		}
	})
}
