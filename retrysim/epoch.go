package retrysim

import (
	"time"

	"github.com/callagain/retry"
)

// epoch is when simulations begin. A Budget counts time in ticks of some milliseconds from the start of the process; the epoch is the
// beginning of a tick, so that simulations in different processes see the same ticks. It is later than any real time, so that a
// clock that is read by mistake shows.
var epoch = nextTick(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))

// nextTick finds the first time after t at which a token has faded that was there at t.
func nextTick(t time.Time) time.Time {
	faded := func(d time.Duration) bool {
		var b retry.Budget
		b.Restore(retry.BudgetState{At: t, Earned: 1})
		return b.State(t.Add(d)).Earned < 1
	}
	var low, high time.Duration = 0, time.Second // not faded, faded
	for high-low > 1 {
		if middle := (low + high) / 2; faded(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return t.Add(high)
}
