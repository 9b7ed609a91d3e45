package retrysim

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callagain/retry"
)

// A call is the record of a call in progress.
type call struct {
	client  uint32
	began   int64
	sent    int64  // the current attempt
	version uint32 // of the row that it has read
	writes  bool   // has read a row and writes it
	failure uint16 // index in engine.failures
}

// begin begins a call.
func (e *engine) begin(client uint32) {
	index := uint32(len(e.serials))
	if n := len(e.free); n > 0 {
		index = e.free[n-1]
		e.free = e.free[:n-1]
	} else if index == 1<<indexBits {
		e.fatal = errors.New("retrysim: more than 536 million calls are in progress")
		return
	} else {
		e.serials = append(e.serials, 0)
		e.calls.grow(index)
		for i := range e.layers {
			e.layers[i].positions.grow(index)
		}
		if e.hedger != nil {
			e.hedger.races.grow(index)
		}
	}
	*e.calls.at(index) = call{client: client, began: e.now}
	e.active++
	e.meter.now.Calls++
	if e.throttle != nil {
		e.throttle[client].Began(time.Duration(e.now))
	}
	switch wait, ok := e.first(index, len(e.layers)-1, 0); {
	case ok && wait == 0: // nothing else is to happen before it: calls begin after all events of their time
		e.send(index, e.nextSerial())
	case ok:
		e.schedule(index, wait)
	}
}

// first begins the call of a layer after wait and, inside of its first attempt, those of the layers below. It returns what to wait before the
// attempt, if there is to be one.
func (e *engine) first(index uint32, layer int, wait time.Duration) (time.Duration, bool) {
	for ; layer >= 0; layer-- {
		l := &e.layers[layer]
		*l.positions.at(index) = retry.Position{Seed: e.seeds.next() | 1}
		w, err := l.next(e, index, e.after(int64(wait)), nil)
		if err != nil {
			e.ends(index, layer, err)
			return 0, false
		}
		wait += w
	}
	return wait, true
}

// schedule makes the next attempt after wait.
func (e *engine) schedule(index uint32, wait time.Duration) {
	at := noLane
	if wait == 0 {
		at = soonLane
	}
	e.agenda.push(at, newEvent(e.after(int64(wait)), e.nextSerial(), send, index))
}

func (e *engine) send(index, serial uint32) {
	c := e.calls.at(index)
	c.sent, c.writes = e.now, false
	e.serials[index] = serial
	p := &e.layers[0].policy
	leave := int64(math.MaxInt64)
	if p.Timeout > 0 {
		leave = e.after(int64(p.Timeout))
	}
	if p.Within > 0 {
		leave = min(leave, e.after(int64(p.Within)-(e.now-e.layers[0].began(index))))
	}
	if leave != math.MaxInt64 {
		e.agenda.push(timeoutLane, newEvent(leave, serial, timeout, index))
	}
	e.transmit(index, serial, arrive)
	e.meter.now.Attempts++
	if e.hedger != nil {
		e.hedger.begin(e, index, serial)
	}
}

// transmit sends a request or an answer over the network.
func (e *engine) transmit(index, serial uint32, k kind) {
	at := noLane
	if e.s.Network.constant() {
		at = hopLane
	}
	e.agenda.push(at, newEvent(e.after(e.s.Network.sample(&e.network)), serial, k, index))
}

// leave is when the caller doesn't wait any longer for an attempt.
func (e *engine) leave(index, serial uint32) {
	switch {
	case e.serials[index] != serial:
	case e.hedger != nil:
		e.hedger.leave(e, index)
	default:
		e.timeout(index)
	}
}

func (e *engine) timeout(index uint32) {
	if e.hedger != nil {
		e.hedger.finish(e, index, 0)
	}
	if p := &e.layers[0].policy; p.Within > 0 && e.now-e.layers[0].began(index) >= int64(p.Within) {
		e.serials[index] = 0
		e.ends(index, 0, &retry.Error{Reason: retry.ErrTooLate})
		return
	}
	e.meter.now.Timeouts++
	e.failed(index, retry.ErrTimeout)
}

func (e *engine) succeed(index uint32) {
	e.serials[index] = 0
	c := e.calls.at(index)
	for i := range e.layers {
		e.layers[i].earn(c.client)
	}
	if e.throttle != nil {
		e.throttle[c.client].Ended(time.Duration(e.now), e.attempt(index), nil)
	}
	e.meter.succeeded(e.now - c.began)
	e.release(index)
}

// failed is the end of an attempt.
func (e *engine) failed(index uint32, failure error) {
	e.serials[index] = 0
	t := e.throttles(index)
	if t != nil {
		t.Ended(time.Duration(e.now), e.attempt(index), failure)
	}
	wait, err := e.layers[0].next(e, index, e.now, failure)
	if err == nil && t != nil && !t.Retry(time.Duration(e.now)) {
		err = &retry.Error{Reason: retry.ErrBudget}
	}
	if err != nil {
		e.ends(index, 0, err)
		return
	}
	e.schedule(index, wait)
}

// attempt returns the number of the attempt that is in progress.
func (e *engine) attempt(index uint32) int { return e.layers[0].positions.at(index).Attempts + 1 }

func (e *engine) throttles(index uint32) Throttle {
	if e.throttle == nil {
		return nil
	}
	return e.throttle[e.calls.at(index).client]
}

// ends is the end of the call of a layer, which is the end of an attempt of the layer above.
func (e *engine) ends(index uint32, layer int, err error) {
	if errors.Is(err, retry.ErrInvalid) {
		e.fatal = fmt.Errorf("retrysim: %w", err)
		return
	}
	if f := e.layers[layer].foreign; f != nil {
		f.end(index)
	}
	if layer+1 < len(e.layers) {
		seen := err
		if e.s.OuterUnaware {
			seen = ErrFailed
		}
		wait, outer := e.layers[layer+1].next(e, index, e.now, seen)
		if outer == nil {
			if wait, ok := e.first(index, layer, wait); ok {
				e.schedule(index, wait)
			}
			return
		}
		e.ends(index, layer+1, outer)
		return
	}
	e.meter.gaveUp(err)
	e.release(index)
}

func (e *engine) release(index uint32) {
	for i := range e.layers {
		if f := e.layers[i].foreign; f != nil {
			f.end(index)
		}
	}
	e.active--
	e.free = append(e.free, index)
}

// cut breaks all connections.
func (e *engine) cut() {
	for i, serial := range e.serials {
		switch {
		case serial == 0:
		case e.hedger != nil:
			e.hedger.cut(e, uint32(i))
		default:
			e.failed(uint32(i), ErrCut)
		}
	}
}
