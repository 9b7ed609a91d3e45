package retrygrpc

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// However many targets are called, memory for their budgets is bounded, and one that is used up isn't forgotten for that.
func TestTargetsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts targets
		down := ts.budget("down")
		for down.Take() {
		}
		for i := range 5 * maxTargets {
			ts.budget(fmt.Sprint(i))
			if ts.budget("down") != down {
				t.Fatalf("the budget was forgotten after %d other targets", i)
			}
		}
		if n := len(ts.budgets); n > maxTargets {
			t.Errorf("%d budgets are kept", n)
		}
		time.Sleep(time.Hour)
		for i := range maxTargets {
			ts.budget(fmt.Sprint("late", i))
		}
		if ts.budget("down") == down {
			t.Error("a budget that is full again was kept for ever")
		}
	})
}

// When no budget can be given up, further targets share one.
func TestTargetsInNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts targets
		for i := range maxTargets {
			ts.budget(fmt.Sprint(i)).Take()
		}
		if b := ts.budget("more"); b != &ts.rest || ts.budget("still more") != b {
			t.Error("they don't share one")
		}
		if len(ts.budgets) != maxTargets {
			t.Errorf("%d budgets are kept", len(ts.budgets))
		}
	})
}

// What may be a secret isn't the name of a budget.
func TestBudgetName(t *testing.T) {
	var ts targets
	for target, want := range map[string]string{"dns:///shop:443": "dns:///shop:443", "x://u:secret@shop": "", "x://shop?key=secret": ""} {
		if got := ts.budget(target).Name; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}
