package retry

import (
	"math"
	"time"
)

// Times are read as a distance from epoch: half the cost of a time.Time, and a third of its
// size. In a test's bubble of virtual time they are negative.
var epoch = time.Now()

func now() time.Duration { return time.Since(epoch) }

// after is d after t, or the end of time.
func after(t, d time.Duration) time.Duration {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}
