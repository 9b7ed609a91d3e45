package retrysim

import (
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/hedging"
)

// A hedger makes more attempts beside slow ones. What [retry.Hedge] decides is decided by its own code.
type hedger struct {
	settings retry.HedgeSettings
	clients  []hedging.Decisions // by client, made when they are needed; or one for all
	races    pages[race]
}

// A race is the record of a hedged attempt: of the attempts that run beside each other for it.
type race struct {
	hedging.Call
	serials  [16]uint32 // of those that are waited for; 0 for others
	failures [16]uint16 // index in engine.failures
	late     bool       // the caller is about to leave, at this instant
}

func newHedger(e *engine, h retry.HedgeSettings) *hedger {
	n := e.s.Clients
	if e.s.SharedBudget {
		n = 1
	}
	if h.Budget != nil {
		e.budget(h.Budget)
	}
	return &hedger{settings: h, clients: make([]hedging.Decisions, n)}
}

// mostHedgers is how many clients may hedge each for itself: one remembers 256 latencies in 7 kB.
const mostHedgers = 1_000_000

func (s *Scenario) checkHedge() error {
	if s.Hedge == nil {
		return nil
	}
	if s.Clients > mostHedgers && !s.SharedBudget {
		return fmt.Errorf("retrysim: Clients is %d; with a Hedge it must be at most %d, or they must share what they know of latencies: set SharedBudget", s.Clients, mostHedgers)
	}
	if _, err := hedging.Decide(*s.Hedge, epoch); err != nil {
		return fmt.Errorf("retrysim: Hedge: %w", err)
	}
	return nil
}

// decisions returns those of a client, which begins with what a new HedgeState knows.
func (h *hedger) decisions(e *engine, index uint32) hedging.Decisions {
	client := e.calls.at(index).client
	if len(h.clients) == 1 {
		client = 0
	}
	d := &h.clients[client]
	if *d == nil {
		s := h.settings
		s.State = new(retry.HedgeState)
		if live := h.settings.State; live != nil {
			fill(s.State.Budget(), live.Budget())
		} else {
			fill(s.State.Budget(), new(retry.Budget))
		}
		if s.Budget != nil {
			all := e.budget(s.Budget)
			s.Budget = &all[min(int(client), len(all)-1)]
		}
		*d, _ = hedging.Decide(s, epoch) // as checkHedge has seen
	}
	return *d
}

// begin begins a hedged attempt, the first one of which has been sent.
func (h *hedger) begin(e *engine, index, serial uint32) {
	r := h.races.at(index)
	*r = race{}
	r.serials[0] = serial
	if h.decisions(e, index).Begin(&r.Call, time.Duration(e.now)) {
		for h.another(e, index) {
		}
	} else if r.Hedges {
		h.wait(e, index, r.Delay)
	}
}

// wait looks after d whether another attempt is to be made.
func (h *hedger) wait(e *engine, index uint32, d time.Duration) {
	e.agenda.push(hedgeLane, newEvent(e.after(int64(d)), e.serials[index], hedge, index))
}

// due is when the delay before another attempt is over.
func (h *hedger) due(e *engine, index uint32) {
	r := h.races.at(index)
	if wait := h.decisions(e, index).Holding(&r.Call, time.Duration(e.now)); wait > 0 {
		h.wait(e, index, wait)
	} else if h.another(e, index) {
		h.wait(e, index, r.Delay)
	}
}

// another makes another attempt beside those that run, if it may.
func (h *hedger) another(e *engine, index uint32) bool {
	r := h.races.at(index)
	if r.late || !h.decisions(e, index).Another(&r.Call, time.Duration(e.now)) {
		return false
	}
	serial := e.nextSerial()
	r.serials[r.Started-1] = serial
	e.meter.now.Attempts++
	e.meter.now.Hedges++
	e.transmit(index, serial, arrive)
	return true
}

// number returns which attempt of a call has a serial number: from 1, or 0 if the call doesn't wait for it.
func (h *hedger) number(index, serial uint32) int {
	r := h.races.at(index)
	for i, s := range r.serials[:r.Started] {
		if s == serial {
			return i + 1
		}
	}
	return 0
}

// fails notes which failure the answer to an attempt will be.
func (h *hedger) fails(index, serial uint32, failure uint16) {
	h.races.at(index).failures[h.number(index, serial)-1] = failure
}

// answered is when the answer to an attempt comes.
func (h *hedger) answered(e *engine, index, serial uint32, failed bool) {
	r := h.races.at(index)
	n := h.number(index, serial)
	r.serials[n-1] = 0
	d := h.decisions(e, index)
	var err error
	if failed {
		err = e.failures[r.failures[n-1]]
	}
	switch over := d.Answered(&r.Call, time.Duration(e.now), n, err); {
	case err == nil:
		h.finish(e, index, n)
		e.succeed(index)
		return
	case over:
		h.finish(e, index, 0)
		e.failed(index, err)
		return
	case d.Replaces(&r.Call, time.Duration(e.now)):
		h.another(e, index)
	}
	switch {
	case r.Running > 0:
	case r.late:
		e.timeout(index)
	default:
		var failures [16]error
		for i, f := range r.failures[:r.Started] {
			failures[i] = e.failures[f]
		}
		err := d.Best(failures[:r.Started])
		h.finish(e, index, 0)
		e.failed(index, err)
	}
}

// finish ends a hedged attempt. Winner is the attempt that succeeded, or 0.
func (h *hedger) finish(e *engine, index uint32, winner int) {
	r := h.races.at(index)
	h.decisions(e, index).Finish(&r.Call, time.Duration(e.now), winner, r.late)
	r.serials = [16]uint32{}
}

// leave is when the caller's time is over. An answer of the same instant still counts, so this comes after all others of it.
func (h *hedger) leave(e *engine, index uint32) {
	r := h.races.at(index)
	if r.late {
		e.timeout(index)
		return
	}
	r.late = true
	e.serials[index] = e.nextSerial()
	e.agenda.push(noLane, newEvent(e.now, e.serials[index], timeout, index))
}

// cut breaks the connections of the attempts that run.
func (h *hedger) cut(e *engine, index uint32) {
	call := e.serials[index]
	for _, serial := range h.races.at(index).serials {
		if serial != 0 && e.serials[index] == call {
			h.fails(index, serial, cut)
			h.answered(e, index, serial, true)
		}
	}
}
