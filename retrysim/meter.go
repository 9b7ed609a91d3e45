package retrysim

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/callagain/retry"
)

// A meter counts what happens, in steps of equal length.
type meter struct {
	now       Counts // in this step
	steps     []Step
	length    int64
	until     int64 // the end of this step
	latencies histogram
	all       histogram
	sampled   []retry.Budget // some of the budgets
}

func newMeter(e *engine) meter {
	m := meter{length: int64(e.s.Step)}
	if m.length == 0 {
		m.length = int64(time.Second)
	}
	m.until = m.length
	if b := e.layers[0].budgets; b != nil {
		m.sampled = b[:min(len(b), 64)]
	}
	return m
}

func (m *meter) succeeded(latency int64) {
	m.now.Succeeded++
	m.latencies.add(latency)
}

func (m *meter) gaveUp(err error) {
	var e *retry.Error
	switch {
	case !errors.As(err, &e):
		m.now.Stopped++
	case errors.Is(e.Reason, retry.ErrExhausted):
		m.now.Exhausted++
	case errors.Is(e.Reason, retry.ErrBudget):
		m.now.Refused++
	case errors.Is(e.Reason, retry.ErrTooLate):
		m.now.TooLate++
	default:
		m.now.Stopped++
	}
}

// mostSteps is how many there may be, of some hundred bytes each.
const mostSteps = 1_000_000

// step ends a step.
func (m *meter) step(e *engine) error {
	if len(m.steps) == mostSteps {
		return fmt.Errorf("retrysim: more than %d steps at %v; make Step longer, which is %v, or set For", mostSteps, time.Duration(m.until-m.length), time.Duration(m.length))
	}
	s := Step{At: time.Duration(m.until - m.length), Counts: m.now, Queue: e.server.queue.count, Busy: e.server.busy, InProgress: e.active,
		P50: m.latencies.quantile(0.5), P99: m.latencies.quantile(0.99)}
	for i := range m.sampled {
		b := m.sampled[i].State(epoch.Add(time.Duration(m.until)))
		s.Budget += b.Earned + b.Spare
	}
	if n := len(m.sampled); n > 0 {
		s.Budget /= float64(n)
	}
	m.steps = append(m.steps, s)
	m.all.merge(&m.latencies)
	m.now = Counts{}
	m.until += m.length
	if e.s.Progress != nil {
		e.s.Progress(time.Duration(m.until - m.length))
	}
	return nil
}

func (m *meter) result(e *engine) (*Result, error) {
	r := &Result{Step: time.Duration(m.length), End: time.Duration(e.now), Clients: e.s.Clients, LastFault: time.Duration(e.s.lastFault())}
	for m.until <= e.now || m.now != (Counts{}) { // or a part of a step
		if err := m.step(e); err != nil {
			return nil, err
		}
	}
	r.Steps = m.steps
	for _, s := range m.steps {
		r.Counts.add(s.Counts)
	}
	r.InProgress = e.active
	r.P50, r.P90, r.P99, r.P999 = m.all.quantile(0.5), m.all.quantile(0.9), m.all.quantile(0.99), m.all.quantile(0.999)
	r.Longest = time.Duration(m.all.longest)
	r.Recovered = r.recovered()
	return r, nil
}

// A histogram counts durations in buckets that are 3 % wide.
type histogram struct {
	buckets [60 << subBits]uint32
	count   int64
	longest int64
}

const subBits = 5

func bucket(d int64) int {
	exponent := max(bits.Len64(uint64(d)), subBits+1) - subBits - 1
	return exponent<<subBits + int(d>>exponent)
}

// upper returns the end of a bucket.
func upper(bucket int) int64 {
	if bucket < 1<<(subBits+1) {
		return int64(bucket)
	}
	exponent := bucket>>subBits - 1
	return (int64(bucket)-int64(exponent)<<subBits+1)<<exponent - 1
}

func (h *histogram) add(d int64) {
	h.buckets[bucket(d)]++
	h.count++
	h.longest = max(h.longest, d)
}

// merge adds the counts of g to h and makes g empty.
func (h *histogram) merge(g *histogram) {
	if g.count == 0 {
		return
	}
	for i, n := range g.buckets {
		h.buckets[i] += n
	}
	h.count += g.count
	h.longest = max(h.longest, g.longest)
	*g = histogram{}
}

// quantile returns the duration that the part q isn't above, up to 3 % too high; 0 if there is none.
func (h *histogram) quantile(q float64) time.Duration {
	left := int64(math.Ceil(q * float64(h.count)))
	if left == 0 {
		return 0
	}
	for i, n := range h.buckets {
		if left -= int64(n); left <= 0 {
			return time.Duration(min(upper(i), h.longest))
		}
	}
	return time.Duration(h.longest)
}
