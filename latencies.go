package retry

import (
	"math"
	"slices"
	"sync"
	"time"
)

// latencies remembers how long recent attempts took: the latest 256 of them. Those of the last half minute count, but at least as many
// as the quantile needs: then a busy caller forgets a slow time in seconds, and a rare one after some calls.
type latencies struct {
	mu   sync.Mutex
	n    int // how many there have been, modulo a multiple of the ring's size
	full bool
	ring [256]latency

	// What was worked out last, from which samples, and when.
	quantile, median time.Duration
	of               float64
	behind           int
	at               time.Duration
	known            bool
}

type latency struct{ at, took time.Duration }

const (
	maxQuantile   = 0.99 // the highest that 256 latencies are enough for
	latencyWindow = 30 * time.Second
)

// add remembers that an attempt took d.
func (l *latencies) add(d time.Duration) {
	at := now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.n] = latency{at, d}
	l.behind++
	if l.n++; l.n == len(l.ring) {
		l.n, l.full = 0, true
	}
}

// quantiles returns the time within which the fraction q of what counts was done, the median, and whether enough is known: 20 latencies
// for 0.95, 100 for 0.99. It is up to 16 latencies and a second behind, to be cheap.
func (l *latencies) quantiles(q float64) (quantile, median time.Duration, ok bool) {
	at := now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of != q || !l.known || l.behind >= 16 || at-l.at > time.Second || at < l.at {
		l.work(q, at)
	}
	return l.quantile, l.median, l.known
}

// work works the quantile out. It is called with l.mu held.
func (l *latencies) work(q float64, at time.Duration) {
	size := l.n
	if l.full {
		size = len(l.ring)
	}
	l.of, l.at, l.behind = q, at, 0
	if l.known = size >= enough(q); !l.known {
		return
	}
	var counts [len(l.ring)]time.Duration
	n := 0
	for i := 1; i <= size; i++ { // the latest first
		x := l.ring[(l.n-i+len(l.ring))%len(l.ring)]
		if age := at - x.at; n >= enough(q) && (age > latencyWindow || age < 0) {
			break
		}
		counts[n] = x.took
		n++
	}
	slices.Sort(counts[:n])
	l.quantile = counts[int(math.Ceil(q*float64(n)))-1]
	l.median = counts[(n-1)/2]
}

// enough is how many latencies there must be for one of them to be above the quantile.
func enough(q float64) int { return int(math.Ceil(1/(1-q) - 1e-9)) }
