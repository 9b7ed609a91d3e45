package retry

import (
	"math"
	"slices"
	"sync"
	"time"
)

// latencies remembers how long recent attempts took, for [HedgeSettings]: the latest 256 of them, in 4 kB.
// The zero value is empty and ready. It must not be copied; any number of goroutines may use it.
type latencies struct {
	mu     sync.Mutex
	n      int // how many there have been
	ring   [256]time.Duration
	sorted [256]time.Duration // as of asOf
	asOf   int
}

// maxQuantile is the highest that 256 latencies are enough for.
const maxQuantile = 0.99

// Add remembers that an attempt took d.
func (l *latencies) Add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.n%len(l.ring)] = d
	l.n++
}

// Quantile returns the time within which the fraction q of what is remembered was done, and whether
// enough is: 20 latencies for 0.95, 100 for 0.99. It is up to a sixteenth of them behind, to be cheap. A
// q that isn't between 0 and 0.99 has none.
func (l *latencies) Quantile(q float64) (time.Duration, bool) {
	if !(q > 0 && q <= maxQuantile) {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.n, len(l.ring))
	if n < enough(q) {
		return 0, false
	}
	if known := min(l.asOf, len(l.ring)); known < enough(q) || l.n-l.asOf > n/16 {
		copy(l.sorted[:n], l.ring[:n])
		slices.Sort(l.sorted[:n])
		l.asOf = l.n
	}
	known := min(l.asOf, len(l.ring))
	return l.sorted[int(math.Ceil(q*float64(known)))-1], true
}

// enough is how many latencies there must be for one of them to be above the quantile.
func enough(q float64) int { return int(math.Ceil(1/(1-q) - 1e-9)) }
