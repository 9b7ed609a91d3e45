package retrysim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Arrivals say when clients make calls. The zero value is [Herd].
type Arrivals struct {
	kind   arrivalKind
	rate   float64 // a second, of each client
	times  []time.Duration
	spikes []spike
}

type arrivalKind uint8

const (
	herdArrivals arrivalKind = iota
	poissonArrivals
	evenArrivals
	traceArrivals
)

type spike struct {
	from, to time.Duration
	factor   float64
}

// Herd makes each client call once, all of them at the beginning.
func Herd() Arrivals { return Arrivals{} }

// Poisson makes each client call at random times, perSecond times a second on average.
func Poisson(perSecond float64) Arrivals { return Arrivals{kind: poissonArrivals, rate: perSecond} }

// Even makes each client call perSecond times a second. The calls of all clients together are evenly spaced, and the
// clients take turns.
func Even(perSecond float64) Arrivals { return Arrivals{kind: evenArrivals, rate: perSecond} }

// Trace makes calls at the given times since the beginning, in ascending order. The clients take turns.
func Trace(times ...time.Duration) Arrivals { return Arrivals{kind: traceArrivals, times: times} }

// Spike returns a with the rate multiplied by factor from one time to another. It has no effect on [Herd] and [Trace].
// Spikes must not overlap.
func (a Arrivals) Spike(from, to time.Duration, factor float64) Arrivals {
	a.spikes = append(slices.Clip(a.spikes), spike{from, to, factor})
	return a
}

// finite reports whether the arrivals end by themselves.
func (a Arrivals) finite() bool { return a.kind == herdArrivals || a.kind == traceArrivals }

func (a Arrivals) check(clients float64, long time.Duration) error {
	if !a.finite() && !(a.rate >= 1e-9 && a.rate <= 1e9) {
		return fmt.Errorf("retrysim: Arrivals has a rate of %v calls a second for each client; it must be from a billionth to a billion", a.rate)
	}
	if !slices.IsSorted(a.times) || len(a.times) > 0 && (a.times[0] < 0 || a.times[len(a.times)-1] > longest) {
		return fmt.Errorf("retrysim: the times of Arrivals aren't in ascending order from 0 to %v", time.Duration(longest).Round(time.Hour))
	}
	for i, s := range a.sortedSpikes() {
		if s.from < 0 || s.to <= s.from || !(s.factor >= 0 && s.factor <= 1e9) {
			return fmt.Errorf("retrysim: Arrivals has a spike from %v to %v with the factor %v", s.from, s.to, s.factor)
		}
		if i > 0 && s.from < a.sortedSpikes()[i-1].to {
			return fmt.Errorf("retrysim: Arrivals has spikes that overlap at %v", s.from)
		}
	}
	calls := a.rate * clients * long.Seconds()
	for _, s := range a.spikes {
		calls += float64(a.rate * clients * max(0, min(s.to, long)-s.from).Seconds() * (s.factor - 1))
	}
	if !a.finite() && calls > mostCalls {
		return fmt.Errorf("retrysim: Arrivals makes %.2g calls in %v; at most 4 billion are simulated", calls, long)
	}
	return nil
}

const mostCalls = 4e9

func (a Arrivals) sortedSpikes() []spike {
	return slices.SortedFunc(slices.Values(a.spikes), func(a, b spike) int { return cmp.Compare(a.from, b.from) })
}

// An arriver makes the calls of all clients as one process, whose rate is the sum of theirs.
type arriver struct {
	kind    arrivalKind
	clients uint64
	random  stream
	at      int64 // of the next call; MaxInt64 after the last
	client  uint32

	count  uint64
	times  []time.Duration
	exact  float64 // at, with its fraction
	pieces []piece // the rates that are still to come
}

type piece struct{ until, rate float64 } // in nanoseconds, and calls per nanosecond

func newArriver(a Arrivals, clients int, seed uint64) *arriver {
	r := &arriver{kind: a.kind, clients: uint64(clients), random: newStream(seed, arrivalStream), times: a.times}
	rate := a.rate * float64(clients) / 1e9
	for _, s := range a.sortedSpikes() {
		r.pieces = append(r.pieces, piece{float64(s.from), rate}, piece{float64(s.to), rate * s.factor})
	}
	r.pieces = append(r.pieces, piece{math.Inf(1), rate})
	return r
}

// advance finds the next call.
func (r *arriver) advance() {
	n := r.count
	r.count++
	r.client = uint32(n % r.clients)
	switch r.kind {
	case herdArrivals:
		if r.at = 0; n >= r.clients {
			r.at = math.MaxInt64
		}
	case traceArrivals:
		if r.at = math.MaxInt64; n < uint64(len(r.times)) {
			r.at = int64(r.times[n])
		}
	default:
		left := 1.0
		if r.kind == poissonArrivals {
			left = r.random.exp()
			r.client = uint32(r.random.below(r.clients))
		}
		for {
			p := r.pieces[0]
			if next := r.exact + left/p.rate; next < p.until {
				r.exact = next
				break
			}
			left -= float64((p.until - r.exact) * p.rate)
			r.exact = p.until
			r.pieces = r.pieces[1:]
		}
		r.at = nanoseconds(r.exact)
	}
}
