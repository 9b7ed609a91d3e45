//go:build !race

package peers

import (
	"testing"

	"github.com/callagain/retry"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
)

// A call that succeeds makes at most four allocations more than a plain client's.
func TestAllocs(t *testing.T) {
	allocs := func(w way) float64 {
		_, addr := Serve(t, Service{})
		conn := Dial(t, addr, w.opts...)
		call := func() {
			if _, err := Call(t.Context(), conn, Add, 1); err != nil {
				t.Fatal(err)
			}
		}
		call()
		// The server's are counted, too, and so is what runs beside: the least of several runs is the call's.
		var least float64
		for i := range 5 {
			if n := testing.AllocsPerRun(100, call); i == 0 || n < least {
				least = n
			}
		}
		return least
	}
	const more = "allocations more than a plain call, on success"
	base := allocs(plain())
	table.Saw(more, "plain", 0)
	for _, w := range append([]way{ours(retry.Policy{})}, others()...) {
		n := allocs(w) - base
		t.Logf("%s: %+.0f allocations beside the %.0f of a plain call, the server's included", w.name, n, base)
		if w.name == "retrygrpc" && n > 4 {
			t.Errorf("%.0f allocations more than a plain call, want 4 at most", n)
		}
		table.Saw(more, w.name, n)
	}
}
