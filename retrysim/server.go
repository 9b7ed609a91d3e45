package retrysim

import (
	"math"
	"slices"

	"github.com/callagain/retry"
)

// A server works on requests. It knows their callers only by index and serial number.
type server struct {
	Server
	random, chance stream
	queue          ring[waiting]
	busy, workers  int    // requests in service; how many there may be
	version        uint32 // of the row, if Optimistic

	faults []fault
	active []*fault // now
	slow   float64
	part   float64 // of the requests that are slow
	change int64   // when faults begin or end next
}

type waiting struct{ index, serial uint32 }

type fault struct {
	Fault
	failure uint16 // index in engine.failures
}

func newServer(e *engine) server {
	s := server{Server: e.s.Server, random: newStream(e.s.Seed, serviceStream), chance: newStream(e.s.Seed, faultStream), change: math.MaxInt64}
	if s.workers = s.Workers; s.workers == 0 {
		s.workers = math.MaxInt
	}
	for _, f := range e.s.Faults {
		err := f.Err
		if err == nil {
			err = ErrFailed
		}
		if f.After > 0 {
			err = retry.After(err, f.After)
		}
		e.failures = append(e.failures, err)
		s.faults = append(s.faults, fault{f, uint16(len(e.failures) - 1)})
		s.change = min(s.change, int64(f.From))
	}
	return s
}

// changed begins and ends faults.
func (s *server) changed(e *engine) {
	s.active, s.slow, s.part, s.change = nil, 1, 0, math.MaxInt64
	lost := 0.0
	cut := false
	for i := range s.faults {
		f := &s.faults[i]
		from, to := int64(f.From), int64(f.To)
		switch {
		case e.now < from:
			s.change = min(s.change, from)
			continue
		case e.now >= to:
			continue
		}
		s.change = min(s.change, to)
		cut = cut || f.Cut && e.now == from
		lost = max(lost, f.Lost)
		if f.Slow != 0 {
			if s.slow, s.part = f.Slow, f.SlowPart; s.part == 0 {
				s.part = 1
			}
		}
		if f.Fail > 0 || f.Hang > 0 {
			s.active = append(s.active, f)
		}
	}
	if s.Workers > 0 {
		s.workers = s.Workers - int(math.Round(lost*float64(s.Workers)))
	} else if s.workers = math.MaxInt; lost == 1 {
		s.workers = 0
	}
	for s.busy < s.workers && s.queue.count > 0 {
		s.begin(e)
	}
	if cut {
		e.cut()
	}
}

func (s *server) arrive(e *engine, index, serial uint32) {
	for _, f := range s.active {
		switch u := s.chance.unit(); {
		case u < f.Fail:
			s.fail(e, index, serial, f.failure)
			return
		case u < f.Fail+f.Hang:
			return
		}
	}
	switch {
	case s.Optimistic:
		s.row(e, index, serial)
	case s.busy < s.workers:
		s.serve(e, index, serial)
	case s.Queue > 0 && s.queue.count >= s.Queue:
		e.meter.now.Rejected++
		s.fail(e, index, serial, rejected)
	default:
		s.queue.push(waiting{index, serial})
	}
}

// row reads or writes the row.
func (s *server) row(e *engine, index, serial uint32) {
	if !e.waits(index, serial) {
		return
	}
	switch c := e.calls.at(index); {
	case !c.writes: // the answer comes over the network, and the write back
		c.writes, c.version = true, s.version
		e.agenda.push(noLane, newEvent(e.after(e.s.Network.sample(&e.network)+e.s.Network.sample(&e.network)), serial, arrive, index))
	case c.version == s.version:
		s.version++
		e.transmit(index, serial, succeed)
	default:
		s.fail(e, index, serial, conflicted)
	}
}

// serve begins to work on a request.
func (s *server) serve(e *engine, index, serial uint32) {
	work := s.Service.sample(&s.random) + min(int64(s.Crowding), longest/int64(max(1, s.busy)))*int64(s.busy)
	if s.part > 0 && (s.part == 1 || s.chance.unit() < s.part) {
		work = nanoseconds(float64(work) * s.slow)
	}
	s.busy++
	at := noLane
	if s.Service.constant() {
		at = serviceLane
	}
	e.agenda.push(at, newEvent(e.after(work), serial, served, index))
}

// begin begins to work on the next request in the queue.
func (s *server) begin(e *engine) {
	for s.queue.count > 0 {
		var w waiting
		if s.LIFO {
			w = s.queue.popBack()
		} else {
			w = s.queue.popFront()
		}
		if !s.DropDead || e.waits(w.index, w.serial) {
			s.serve(e, w.index, w.serial)
			return
		}
		e.meter.now.Dropped++
	}
}

func (s *server) served(e *engine, index, serial uint32) {
	s.busy--
	if s.busy < s.workers {
		s.begin(e)
	}
	if !e.waits(index, serial) {
		e.meter.now.Late++
		return
	}
	e.transmit(index, serial, succeed)
}

func (s *server) fail(e *engine, index, serial uint32, failure uint16) {
	switch {
	case !e.waits(index, serial):
		e.meter.now.Late++
		return
	case e.hedger != nil:
		e.hedger.fails(index, serial, failure)
	default:
		e.calls.at(index).failure = failure
	}
	e.transmit(index, serial, fail)
}

// cuts reports whether connections will be cut after the time now.
func (s *server) cuts(now int64) bool {
	return slices.ContainsFunc(s.faults, func(f fault) bool { return f.Cut && int64(f.From) > now })
}

// lastFault returns when the last fault or spike ends, or 0 if there is none.
func (s *Scenario) lastFault() int64 {
	var end int64
	for _, f := range s.Faults {
		end = max(end, int64(f.To))
	}
	for _, f := range slices.Clone(s.Arrivals.spikes) {
		end = max(end, int64(f.to))
	}
	return end
}
