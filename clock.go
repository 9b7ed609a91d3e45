package retry

import (
	"math"
	"time"
)

// forever is the time left where nothing limits it.
const forever time.Duration = math.MaxInt64

// Times are kept as a distance from epoch: half the cost of reading a time.Time, and a third of its size. In a
// synctest bubble they are negative.
var epoch = time.Now()

func now() time.Duration { return time.Since(epoch) }

// virtual reports whether this goroutine is in a synctest bubble.
func virtual() bool { return now() < 0 }

// after returns t + d, or the end of time if that is earlier.
func after(t, d time.Duration) time.Duration {
	if t > 0 && d > forever-t {
		return forever
	}
	return t + d
}

// until returns t - now, or the longest duration if that is less.
func until(t, now time.Duration) time.Duration {
	if now < 0 && t > forever+now {
		return forever
	}
	return t - now
}

// times returns d times n, or the longest duration if that is less.
func times(d time.Duration, n int) time.Duration {
	if d > 0 && n > 0 && d > forever/time.Duration(n) {
		return forever
	}
	return d * time.Duration(n)
}
