package destination

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/callagain/retry"
)

// However many destinations are called, memory for their budgets is bounded, and one that is used up isn't forgotten for that.
func TestBudgetsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Budgets
		down := b.Of("down")
		for down.Take() {
		}
		for i := range 5 * Most {
			b.Of(fmt.Sprint(i))
			if b.Of("down") != down {
				t.Fatalf("the budget was forgotten after %d other destinations", i)
			}
		}
		if n := len(b.All()); n > Most {
			t.Errorf("%d budgets are kept", n)
		}
		time.Sleep(time.Hour)
		for i := range Most {
			b.Of(fmt.Sprint("late", i))
		}
		if b.Of("down") == down {
			t.Error("a budget that is full again was kept for ever")
		}
	})
}

// A destination that is well doesn't lose what it has earned, and one that is paused stays so.
func TestWhatIsNotAsNewIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Budgets
		well, paused := b.Of("well"), b.Of("paused")
		for range 100 {
			well.Earn()
		}
		paused.Pause(time.Minute)
		for i := range 2 * Most {
			b.Of(fmt.Sprint(i))
		}
		if b.Of("well") != well || b.Of("paused") != paused {
			t.Error("they were forgotten")
		}
	})
}

// When no budget can be forgotten, further destinations share one. Each of them may be called without a sweep of all.
func TestBudgetsInNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Budgets
		for i := range Most {
			b.Of(fmt.Sprint(i)).Take()
		}
		more := b.Of("more")
		if more != b.Of("still more") || more.Name != Other || b.All()[Other] != nil {
			t.Errorf("%v", more)
		}
		if more.Take(); b.All()[Other] != more || len(b.All()) != Most+1 {
			t.Errorf("%d budgets", len(b.All()))
		}
		b.known["0"].Restore(new(retry.Budget).State(time.Now())) // there would be room, in a second
		if b.Of("at once") != more {
			t.Error("all budgets were looked at again")
		}
		time.Sleep(time.Second)
		if b.Of("later") == more {
			t.Error("what is as new wasn't forgotten")
		}
	})
}

// What may be a secret isn't the name of a budget.
func TestBudgetName(t *testing.T) {
	var b Budgets
	for destination, want := range map[string]string{"dns:///shop:443": "dns:///shop:443", "x://u:secret@shop": "", "x://shop?key=secret": ""} {
		if got := b.Of(destination).Name; got != want {
			t.Errorf("%s: %q, want %q", destination, got, want)
		}
	}
}

// What is kept of a destination is its name, not the URL that it came in.
func TestBudgetKeepsNoMoreThanItsName(t *testing.T) {
	var b Budgets
	url := "host/" + strings.Repeat("x", 1000)
	b.Of(url[:4])
	var h Hedges
	h.Of(url[:4], url[5:6])
	for name, budget := range b.known {
		if within(name, url) || within(budget.Name, url) {
			t.Error("a budget keeps the URL")
		}
	}
	for name := range h.known {
		if within(name[0], url) || within(name[1], url) {
			t.Error("what is known for hedging keeps the URL")
		}
	}
}

// within reports whether two strings share memory.
func within(piece, whole string) bool {
	p, w := uintptr(unsafe.Pointer(unsafe.StringData(piece))), uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	return w <= p && p < w+uintptr(len(whole))
}

// So are those of hedging, which share one state when there are too many.
func TestHedgesAreBounded(t *testing.T) {
	var h Hedges
	known := h.Of("host", "method")
	if h.Of("host", "other") == known || h.Of("other", "method") == known {
		t.Error("two methods share what is known")
	}
	for i := range 2 * mostHedged {
		h.Of("host", fmt.Sprint(i))
	}
	if len(h.known) != mostHedged || h.Of("host", "method") != known || h.Of("host", "more") != h.Of("host", "still more") {
		t.Errorf("%d are kept", len(h.known))
	}
}
