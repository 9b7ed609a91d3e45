package retry

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// A Jitter says how delays are spread, so that clients that failed together don't come
// back together. It only ever shortens a delay, so it never passes the cap, and
// spreads there as everywhere else. The names are those of Marc Brooker,
// "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
type Jitter int

const (
	Full  Jitter = iota // anything from 0 to the delay: the best at keeping clients apart
	Equal               // anything from half of the delay to the delay
	None                // the delay itself
)

// String returns "full", "equal" or "none".
func (j Jitter) String() string {
	switch j {
	case Full:
		return "full"
	case Equal:
		return "equal"
	case None:
		return "none"
	}
	return "Jitter(" + strconv.Itoa(int(j)) + ")"
}

func (j Jitter) spread(d time.Duration, r *rand.Rand) time.Duration {
	switch j {
	case Full:
		return random(d, r)
	case Equal:
		return d - random(d/2, r)
	}
	return d
}

// A rand.Rand isn't safe for concurrent use, but the policy that holds it must be.
var turn sync.Mutex

// random is a duration from 0 to d, both included.
func random(d time.Duration, r *rand.Rand) time.Duration {
	if r == nil {
		return time.Duration(rand.Uint64N(uint64(d) + 1))
	}
	turn.Lock()
	defer turn.Unlock()
	return time.Duration(r.Uint64N(uint64(d) + 1))
}
