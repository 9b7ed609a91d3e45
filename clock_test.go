package retry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// In a bubble it is long before the program started.
func TestLimitsHoldBeforeTheProgramStarted(t *testing.T) {
	fail := func(context.Context) error { return errors.New("failure") }
	synctest.Test(t, func(t *testing.T) {
		budget := retry.NewBudget(retry.BudgetSettings{Cap: 2})
		var gaveUp *retry.Error
		err := retry.Do(t.Context(), retry.Policy{Budget: budget}, fail)
		if !errors.As(err, &gaveUp) || gaveUp.Attempts != 3 {
			t.Errorf("a budget of 2 allowed %v", err)
		}
		within := retry.Policy{Within: time.Minute, Backoff: retry.List{0, 20 * time.Second, 20 * time.Second, 20 * time.Second}}
		err = retry.Do(t.Context(), within, fail)
		if !errors.As(err, &gaveUp) || gaveUp.Attempts != 3 || !errors.Is(err, retry.ErrTooLate) {
			t.Errorf("a minute allowed %v", err)
		}
	})
}
