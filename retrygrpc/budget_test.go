package retrygrpc

import (
	"fmt"
	"testing"
	"time"

	"testing/synctest"

	"github.com/callagain/retry"
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

// Whatever a server sends as pushback is a wait that isn't negative, or a stop.
func FuzzPushback(f *testing.F) {
	for _, s := range []string{"", "0", "-1", "+1", "1e3", "9223372036854775807", "9223372036854775808", "0x10", " 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := hintOf(nil, map[string][]string{pushbackKey: {s}})
		if h.wait < 0 || h.stop == (h.wait > 0) && h.stop {
			t.Errorf("%q: %+v", s, h)
		}
		if retry.After(fmt.Errorf("x"), h.wait) == nil {
			t.Error("no mark")
		}
	})
}
