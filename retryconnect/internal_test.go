package retryconnect

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
)

// However many hosts are called, memory for their budgets is bounded, and one that is used up isn't forgotten for that.
func TestHostsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hosts
		down := h.budget("down")
		for down.Take() {
		}
		for i := range 5 * maxHosts {
			h.budget(fmt.Sprint(i))
			if h.budget("down") != down {
				t.Fatalf("the budget was forgotten after %d other hosts", i)
			}
		}
		if n := len(h.budgets); n > maxHosts {
			t.Errorf("%d budgets are kept", n)
		}
		for i := range 2 * maxHosts {
			h.budget(fmt.Sprint("in need", i)).Take()
		}
		if n := len(h.budgets); n > maxHosts || h.budget("more") != &h.rest {
			t.Errorf("%d budgets are kept, and there is one more", n)
		}
	})
}

// Whatever a server sends is a wait that isn't negative, or a stop.
func FuzzHint(f *testing.F) {
	detail, err := retryInfo(90 * time.Second)
	if err != nil {
		f.Fatal(err)
	}
	if d, ok := parseRetryInfo(detail.Bytes()); !ok || d != 90*time.Second {
		f.Fatal(d, ok)
	}
	f.Add("1", "1", "", detail.Bytes())
	f.Add("-1", "Thu, 26 Nov 2026 10:00:00 GMT", "Thu, 26 Nov 2026 09:00:00 GMT", []byte{0x0a, 0x80, 0x80})
	f.Fuzz(func(t *testing.T, pushback, after, date string, info []byte) {
		if d, _ := parseRetryInfo(info); d < 0 {
			t.Errorf("%x: %v", info, d)
		}
		e := connect.NewError(connect.CodeUnavailable, nil)
		e.Meta()[pushbackKey], e.Meta()[retryAfterKey], e.Meta()["Date"] = []string{pushback}, []string{after}, []string{date}
		if h := hintOf(e); h.wait < 0 || h.wait > 0 && !h.given {
			t.Errorf("%+v", h)
		}
	})
}
