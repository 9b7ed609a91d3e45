package retrysim

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/callagain/retry"
)

// The streams of random numbers: one for each purpose, so that a change of one thing leaves the others as they were.
const (
	arrivalStream = iota
	networkStream
	serviceStream
	faultStream
	seedStream
)

// Run simulates s. If ctx is over before the end, Run returns its cause. A scenario that makes no sense is an error that names the field.
func Run(ctx context.Context, s Scenario) (*Result, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	e := newEngine(&s)
	defer e.close()
	if err := e.run(ctx); err != nil {
		return nil, err
	}
	if s.For > 0 && !s.Drain {
		e.now = e.end
	}
	return e.meter.result(e), nil
}

type engine struct {
	s        *Scenario
	agenda   agenda
	arriver  *arriver
	server   server
	layers   []layer // the policy, then those of the callers above
	throttle []Throttle
	hedger   *hedger
	meter    meter
	budgets  map[*retry.Budget][]retry.Budget

	calls   pages[call]
	serials []uint32 // of the attempt that each call waits for; 0 for none
	free    []uint32 // records of calls that have ended
	serial  uint32
	active  int

	now      int64
	end      int64
	network  stream
	seeds    stream
	failures []error
	fatal    error
}

func newEngine(s *Scenario) *engine {
	e := &engine{s: s, end: int64(s.For), network: newStream(s.Seed, networkStream), seeds: newStream(s.Seed, seedStream),
		arriver: newArriver(s.Arrivals, s.Clients, s.Seed), budgets: map[*retry.Budget][]retry.Budget{}}
	e.agenda.init()
	for _, p := range append([]retry.Policy{s.Policy}, s.Outer...) {
		e.layers = append(e.layers, newLayer(e, p))
	}
	if s.Throttle != nil {
		for range s.Clients {
			e.throttle = append(e.throttle, s.Throttle())
		}
	}
	if s.Hedge != nil {
		e.hedger = newHedger(e, *s.Hedge)
	}
	e.failures = []error{retry.ErrTimeout, ErrRejected, ErrConflict, ErrCut}
	e.server = newServer(e)
	e.meter = newMeter(e)
	e.arrivals()
	return e
}

const (
	timedOut uint8 = iota
	rejected
	conflicted
	cut
	faulty // and more
)

// budget returns the clients' budgets with the settings of b.
func (e *engine) budget(b *retry.Budget) []retry.Budget {
	if b == nil || e.budgets[b] != nil {
		return e.budgets[b]
	}
	n := e.s.Clients
	if e.s.SharedBudget {
		n = 1
	}
	all := make([]retry.Budget, n)
	for i := range all {
		c := &all[i]
		c.Name, c.Ratio, c.Min, c.Every = b.Name, b.Ratio, b.Min, b.Every
		c.Restore(retry.BudgetState{At: epoch, Spare: 1e6}) // full; otherwise the first success would read a clock
	}
	e.budgets[b] = all
	return all
}

func (e *engine) close() {
	for i := range e.layers {
		if f := e.layers[i].foreign; f != nil {
			f.close()
		}
	}
}

func (e *engine) run(ctx context.Context) error {
	var instant int64 // events at the same time
	for n := 0; ; n++ {
		if n&0xfff == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ev, from := e.agenda.next()
		next := min(ev.at, e.arriver.at)
		if fault := e.server.change; fault <= next {
			next = fault
		}
		if e.ended(next) {
			return nil
		}
		if next == e.now {
			if instant++; instant > 1000*int64(e.s.Clients)+1e6 {
				return fmt.Errorf("retrysim: attempts without end at %v: the policy repeats them without a delay", time.Duration(e.now))
			}
		} else {
			instant = 0
		}
		for next >= e.meter.until {
			e.meter.step(e)
		}
		e.now = next
		switch next {
		case e.server.change: // first, so that a fault meets all that comes at its time
			e.server.changed(e)
		case ev.at:
			e.agenda.remove(from)
			e.happen(ev)
		default:
			e.begin(e.arriver.client)
			e.arrivals()
		}
		if e.fatal != nil {
			return e.fatal
		}
	}
}

// arrivals finds the next call.
func (e *engine) arrivals() {
	e.arriver.advance()
	if e.end > 0 && e.arriver.at >= e.end {
		e.arriver.at = math.MaxInt64
	}
}

// ended reports whether the simulation is over before the time next.
func (e *engine) ended(next int64) bool {
	if e.end > 0 && !e.s.Drain {
		return next >= e.end
	}
	return e.active == 0 && e.arriver.at == math.MaxInt64 || next == math.MaxInt64
}

func (e *engine) happen(ev event) {
	index, serial := ev.index(), ev.serial()
	current := e.serials[index] == serial
	switch kind := ev.kind(); {
	case kind == arrive:
		e.server.arrive(e, index, serial)
	case kind == served:
		e.server.served(e, index, serial)
	case kind == send:
		e.send(index, serial)
	case !current: // the caller has left
		if kind != timeout && kind != hedge {
			e.meter.now.Late++
		}
	case kind == succeed:
		e.succeed(index)
	case kind == fail:
		c := e.calls.at(index)
		if c.running--; c.running == 0 {
			e.failed(index, e.failures[c.failure])
		}
	case kind == timeout:
		e.timeout(index)
	case kind == hedge:
		e.hedger.another(e, index, serial)
	}
}
