package retrynats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go/jetstream"
)

// A step says what follows one step of handling a tick.
type step int

const (
	over step = iota // the tick is settled, or it is to be delivered again
	look             // read the record, and go on from there
	left             // the tick is left to the attempt that is running of the call here
)

// handle handles a tick. A tick is a hint: what counts is the record, which is changed by compare and set only.
func (e *Engine) handle(f *function, m jetstream.Msg) {
	e.lease.hold(m)
	next := over
	defer func() {
		if next != left {
			e.lease.drop(m)
		}
	}()
	id, r, rev, err := store.Ticked(m)
	if errors.Is(err, ErrNewer) {
		m.NakWithDelay(2 * time.Second) // for a worker of that version
		return
	}
	// The record in the tick is that of the good path. A tick that comes again may be that of a worker that died.
	if d, err := m.Metadata(); err != nil || d.NumDelivered > 1 || r != nil && r.State != record.Waiting {
		r = nil
	}
	for e.life.Err() == nil {
		if r == nil {
			next = over
			r, rev, err = e.store.Load(e.life, id)
			switch {
			case errors.Is(err, ErrNewer):
				m.NakWithDelay(2 * time.Second)
				return
			case errors.Is(err, ErrNotFound):
				m.Ack()
				return
			case err != nil:
				// No answer, or something that isn't a record: it mustn't keep the others waiting.
				e.set.Log.Warn("retrynats: read a call", "call", id, "err", err)
				m.NakWithDelay(time.Second)
				return
			}
		}
		switch r.State {
		case record.Waiting:
			next = e.claim(f, m, id, r, rev)
		case record.Running:
			next = left
			if !e.lease.join(id, rev, m) {
				next = e.askAfter(f, m, id, r, rev)
			}
		default:
			next = over
			m.Ack()
		}
		if next != look {
			return
		}
		r = nil
	}
}

// claim makes the next attempt of a call that waits, if it is due by our own clock as well.
func (e *Engine) claim(f *function, m jetstream.Msg, id string, r *record.Record, rev uint64) step {
	for early := time.Until(r.Due); early > 0; early = time.Until(r.Due) { // the clock may be set meanwhile
		if early > time.Second {
			return e.rewake(m, r, rev, ahead(m))
		}
		if pause(e.taking, early); e.taking.Err() != nil {
			break
		}
	}
	if e.taking.Err() != nil {
		m.Nak()
		return over
	}
	leave, ok := e.alone.enter(r)
	if !ok {
		m.NakWithDelay(100*time.Millisecond + rand.N(200*time.Millisecond))
		return over
	}
	defer leave()
	n := *r
	n.State, n.Attempts, n.Worker = record.Running, r.Attempts+1, e.name
	ctx, end := context.WithCancelCause(context.WithValue(e.attempts, attemptKey{}, Attempt{f.name, r.Key, n.Attempts, r.Due, r.Crashes.Attempts}))
	defer end(nil)
	a := &attempt{end: end}
	if !e.lease.begin(id, a, m) {
		return left
	}
	then := func() step { return over }
	rev, err := e.store.Change(e.life, &n, rev, 0)
	switch {
	case err == nil:
		e.lease.claimed(a, rev)
		then = e.attempt(ctx, f, m, &n, rev)
	case errors.Is(err, store.ErrConflict):
		then = func() step { return look }
	case e.life.Err() == nil:
		e.set.Log.Error("retrynats: claim an attempt", "call", id, "err", err)
	}
	// Until here, others that ask are told that we are at it.
	for _, other := range e.lease.finish(id, a) {
		other.Nak()
	}
	return then()
}

// ahead returns by how much the clock of the server that has just stored a tick is ahead of ours, as far as that can be seen.
func ahead(m jetstream.Msg) time.Duration {
	d, err := m.Metadata()
	if err != nil {
		return 0
	}
	return max(0, time.Until(d.Timestamp))
}

// rewake publishes a new tick of a call that waits, and settles the one that came too early.
func (e *Engine) rewake(m jetstream.Msg, r *record.Record, rev uint64, ahead time.Duration) step {
	if e.store.Wake(e.life, r, rev, ahead) == nil {
		m.Ack()
	}
	return over
}

// askAfter finds out what became of an attempt that another worker has claimed.
func (e *Engine) askAfter(f *function, m jetstream.Msg, id string, r *record.Record, rev uint64) step {
	if e.alive(r, rev) {
		m.NakWithDelay(min(e.set.Lease/4, 500*time.Millisecond))
		return over
	}
	now := time.Now()
	n := *r
	n.Fail(now, record.Crashed, fmt.Sprintf("%v (worker %s)", ErrCrashed, r.Worker))
	n.Worker = ""
	wait, end := e.crash(f, r, &n, now)
	if end != nil {
		n.State, n.Ended, n.Reason, n.Text = record.Dead, now, crashed, fmt.Sprintf("%v %d times in a row: %v", ErrCrashed, n.Crashes.Attempts, end)
	} else {
		n.State, n.Due, n.Waited = record.Waiting, now.Add(wait), r.Waited+wait
	}
	before := rev
	rev, err := e.store.Change(e.life, &n, rev, e.keep(&n))
	if errors.Is(err, store.ErrConflict) {
		return look
	}
	if err != nil {
		return over
	}
	e.set.Log.Warn("retrynats: an attempt has crashed", "call", id, "attempt", r.Attempts, "worker", r.Worker, "dead", end != nil)
	e.gone(id, before) // if its worker lives after all
	if end != nil {
		m.Ack()
		e.ended(f, &n, failed(f.policy.Name, &n))
		return over
	}
	e.rewake(m, &n, rev, 0)
	e.retrying(f, &n, wait, failures(&n)[len(n.Failures)-1])
	return over
}
