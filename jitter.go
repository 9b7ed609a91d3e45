package retry

import (
	"strconv"
	"time"
)

// A Jitter says how the delays of an [Exponential] are randomized, so that clients that failed together don't come
// back together. Jitter never makes a delay longer than Exponential.Max, and still spreads delays that have reached it. See Marc
// Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
type Jitter int

const (
	FullJitter  Jitter = iota // from 0 to the delay
	EqualJitter               // from half the delay to the delay

	// DecorrelatedJitter draws from Initial to three times the last delay; Grow isn't used. Unlike in the article, Max
	// limits the range that is drawn from, so that delays don't gather at Max.
	DecorrelatedJitter

	NoJitter // the delay itself
)

// String returns "full", "equal", "decorrelated" or "none".
func (j Jitter) String() string {
	switch j {
	case FullJitter:
		return "full"
	case EqualJitter:
		return "equal"
	case DecorrelatedJitter:
		return "decorrelated"
	case NoJitter:
		return "none"
	}
	return "Jitter(" + strconv.Itoa(int(j)) + ")"
}

// spread randomizes the delay d, which is the n-th.
func (j Jitter) spread(d time.Duration, seed uint64, n int) time.Duration {
	switch j {
	case FullJitter:
		return draw(seed, n, d)
	case EqualJitter:
		return d - draw(seed, n, d/2)
	}
	return d
}

// mean is what spread makes of d on average.
func (j Jitter) mean(d time.Duration) time.Duration {
	switch j {
	case FullJitter:
		return d / 2
	case EqualJitter:
		return d - d/4
	}
	return d
}
