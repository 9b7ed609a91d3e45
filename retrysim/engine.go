package retrysim

import (
	"context"
	"errors"
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

// result simulates all of it.
func (e *engine) result(ctx context.Context) (*Result, error) {
	if e.fatal != nil {
		return nil, e.fatal
	}
	if err := e.run(ctx); err != nil {
		return nil, err
	}
	if e.s.For > 0 && !e.s.Drain {
		e.now = e.end
	}
	return e.meter.result(e)
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
	watch    *watch

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

func newEngine(s *Scenario, w *watch) *engine {
	e := &engine{s: s, watch: w, end: int64(s.For), network: newStream(s.Seed, networkStream), seeds: newStream(s.Seed, seedStream),
		arriver: newArriver(s.Arrivals, s.Clients, s.Seed), budgets: map[*retry.Budget][]retry.Budget{}}
	e.agenda.init()
	for i, p := range append([]retry.Policy{s.Policy}, s.Outer...) {
		e.layers = append(e.layers, newLayer(e, i, p))
	}
	if s.Throttle != nil {
		for range s.Clients {
			t := s.Throttle()
			if t == nil {
				e.fatal = errors.New("retrysim: Throttle returned nil")
			}
			e.throttle = append(e.throttle, t)
		}
	}
	if s.Hedge != nil {
		e.hedger = newHedger(e, *s.Hedge)
	}
	e.failures = []error{nil, ErrRejected, ErrConflict, ErrCut}
	e.server = newServer(e)
	e.meter = newMeter(e)
	e.arrivals()
	return e
}

const (
	rejected uint16 = iota + 1
	conflicted
	cut // and those of the faults
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
		fill(&all[i], b)
	}
	e.budgets[b] = all
	return all
}

// fill makes a full budget with the settings of another one.
func fill(b, like *retry.Budget) {
	b.Name, b.Ratio, b.Min, b.Every = like.Name, like.Ratio, like.Min, like.Every
	b.Restore(retry.BudgetState{At: epoch, Spare: 1e6}) // otherwise the first success would read a clock
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
		if e.ended(ev.at, next) {
			return nil
		}
		if next == endOfTime {
			return fmt.Errorf("retrysim: a call lasts longer than %v; set For", time.Duration(endOfTime).Round(time.Hour))
		}
		if next == e.now {
			if instant++; instant > 1000*int64(e.s.Clients)+1e6 {
				return fmt.Errorf("retrysim: attempts without end at %v: the policy repeats them without a delay", time.Duration(e.now))
			}
		} else {
			instant = 0
		}
		for next >= e.meter.until {
			if err := e.meter.step(e); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
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

// ended reports whether the simulation is over before the time next, given the time of the next event that isn't an arrival or a fault.
func (e *engine) ended(event, next int64) bool {
	switch {
	case e.end > 0 && !e.s.Drain:
		return next >= e.end
	case e.arriver.at < math.MaxInt64:
		return false
	case e.active == 0:
		return true
	}
	// All calls that are left wait for answers. Only the end of a fault can bring them, from the queue, or a cut.
	return event == math.MaxInt64 && (next == math.MaxInt64 || e.server.queue.count == 0 && !e.server.cuts(e.now))
}

func (e *engine) happen(ev event) {
	index, serial := ev.index(), ev.serial()
	switch kind := ev.kind(); {
	case kind == arrive:
		e.server.arrive(e, index, serial)
	case kind == served:
		e.server.served(e, index, serial)
	case kind == send:
		e.send(index, serial)
	case kind == timeout:
		e.leave(index, serial)
	case kind == hedge:
		if e.serials[index] == serial {
			e.hedger.due(e, index)
		}
	case !e.waits(index, serial): // the caller has left
		e.meter.now.Late++
	case e.hedger != nil:
		e.hedger.answered(e, index, serial, kind == fail)
	case kind == succeed:
		e.succeed(index)
	case kind == fail:
		e.failed(index, e.failures[e.calls.at(index).failure])
	}
}

// waits reports whether a call waits for the answer to an attempt.
func (e *engine) waits(index, serial uint32) bool {
	if e.hedger != nil {
		return e.hedger.number(index, serial) > 0
	}
	return e.serials[index] == serial
}

// after returns the time that is d from now, or the end of time.
func (e *engine) after(d int64) int64 { return e.now + min(d, endOfTime-e.now) }

// endOfTime is what no simulation reaches: more than a hundred years.
const endOfTime = 1 << 62

// nextSerial returns a serial number for an attempt.
func (e *engine) nextSerial() uint32 {
	if e.serial == math.MaxUint32 {
		e.fatal = errors.New("retrysim: more than 4 billion attempts")
		return e.serial
	}
	e.serial++
	return e.serial
}
