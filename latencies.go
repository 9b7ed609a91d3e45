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
	usual, median time.Duration
	of            float64
	behind        int
	at            time.Duration
	known         bool

	saved hedgesSaved
}

// A latency is how long an attempt took, or, if it was beaten by another one and not waited for, had taken by then.
type latency struct {
	at, took time.Duration
	beaten   bool
}

const (
	maxQuantile   = 0.99 // the highest that 256 latencies are enough for
	latencyWindow = 30 * time.Second
	shortestDelay = time.Millisecond
)

// add remembers at the time at that an attempt took d, and whether its call succeeded.
func (l *latencies) add(at, d time.Duration, beaten, success bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if success {
		l.saved.successes++
	}
	l.ring[l.n] = latency{at, d, beaten}
	l.behind++
	if l.n++; l.n == len(l.ring) {
		l.n, l.full = 0, true
	}
}

// delay returns the time after which an attempt is slow by the quantile q, the median, and whether enough is known: 20 latencies
// for 0.95, 100 for 0.99. It is up to 16 latencies and a second behind, to be cheap.
func (l *latencies) delay(at time.Duration, q float64) (usual, median time.Duration, ok bool) {
	l.mu.Lock()
	if l.of == q && l.known && l.behind < 16 && at-l.at <= time.Second && at >= l.at {
		defer l.mu.Unlock()
		return l.usual, l.median, true
	}
	l.at, l.behind = at, 0 // for others, who use the last one meanwhile
	var r recent
	l.collect(&r, q, at)
	l.mu.Unlock()
	if r.known+r.beaten < enough(q) {
		return 0, 0, false
	}
	usual, median = r.work(q)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of, l.known, l.usual, l.median = q, true, usual, median
	return usual, median, true
}

// recent are the latencies that count, and how many of them are known, and how many of those are only known to be longer.
type recent struct {
	took, least   [256]time.Duration
	known, beaten int
}

// collect collects those of the last half minute, or as many as the quantile q needs. It is called with l.mu held.
func (l *latencies) collect(r *recent, q float64, at time.Duration) {
	size := l.n
	if l.full {
		size = len(l.ring)
	}
	for i := 1; i <= size; i++ { // the latest first
		x := &l.ring[(l.n-i+len(l.ring))%len(l.ring)]
		if age := at - x.at; r.known+r.beaten >= enough(q) && (age > latencyWindow || age < 0) {
			break
		}
		if x.beaten {
			r.least[r.beaten] = x.took
			r.beaten++
		} else {
			r.took[r.known] = x.took
			r.known++
		}
	}
}

// work works the delay and the median out.
func (r *recent) work(q float64) (usual, median time.Duration) {
	slices.Sort(r.took[:r.known])
	slices.Sort(r.least[:r.beaten])
	n := r.known + copy(r.took[r.known:], r.least[:r.beaten]) // nobody knows how long they would have been, so they are the longest
	return slow(r.took[:n], r.known, q), r.took[(n-1)/2]
}

// spend reports whether a hedge may be made at the time at, and if so counts it.
func (l *latencies) spend(at time.Duration, ratio float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest, size := l.ring[0].at, l.n
	if l.full {
		oldest, size = l.ring[l.n].at, len(l.ring)
	}
	return l.saved.spend(ratio, float64(size)/max(at-oldest, 1).Seconds())
}

// giveBack gives hedges back that spend has counted, or counts more.
func (l *latencies) giveBack(n float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saved.hedges += n
}

// slow returns from when on an attempt is a slow one, given sorted latencies, the first n of which are known. This is the quantile q, unless
// more are slow than it leaves out, so that it is itself a slow one, which would help nobody. Then it is the latency below which a
// multiple of hedges makes the delay shorter by more than the square of it, so that the delay comes before a gap between the usual latencies and
// those of a slow server, and nowhere else. At most four times as many hedges are made for that.
func slow(took []time.Duration, n int, q float64) time.Duration {
	last := int(math.Ceil(q*float64(len(took)))) - 1
	first := max(0, len(took)-4*(len(took)-last))
	best, least := last, math.Inf(1)
	for i := min(last, n-1); i >= first; i-- {
		longer := float64(len(took) - 1 - i)
		if cost := float64(max(took[i], shortestDelay)) * longer * longer; cost < least {
			best, least = i, cost
		}
	}
	return took[best]
}

// enough is how many latencies there must be for one of them to be above the quantile.
func enough(q float64) int { return int(math.Ceil(1/(1-q) - 1e-9)) }
