package retrynats

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// sweeps finds now and then what nothing wakes: calls whose process died between storing them and waking them, and those whose
// schedule was lost with what wasn't synced of the stream. One engine of all that share the streams does it.
func (e *Engine) sweeps(first bool) {
	heard := make(chan *nats.Msg, 8)
	if sub, err := e.nc.ChanSubscribe(record.Sweeps, heard); err == nil {
		defer sub.Unsubscribe()
	}
	took := time.Duration(0)
	for all := first; ; {
		if !all {
			// A sweep reads every record's headers: it takes a twentieth of the time at most.
			wait := max(e.every, 20*took)
			t := time.NewTimer(wait + rand.N(wait/4))
			select {
			case <-t.C:
			case <-heard: // another one is at it
				t.Stop()
				continue
			case <-e.taking.Done():
				t.Stop()
				return
			}
		}
		e.nc.Publish(record.Sweeps, nil)
		began := time.Now()
		err := e.sweep(e.taking, all, e.overdue)
		took = time.Since(began)
		// While a cluster elects a leader nothing can be read. What a worker that died meanwhile has left without a tick would otherwise be
		// found when it is overdue.
		if all = all && err != nil; all {
			pause(e.taking, max(500*time.Millisecond, 20*took))
			if e.taking.Err() != nil {
				return
			}
		}
	}
}

// sweep wakes the calls that nothing wakes: all of them, or those that should have been woken so long ago. Among these are calls whose
// worker is dead while the server gives it time by a clock that was set back.
func (e *Engine) sweep(ctx context.Context, all bool, overdue time.Duration) error {
	if n, err := e.store.DropAhead(ctx); n > 0 {
		e.set.Log.Warn("retrynats: consumers were ahead of their stream and are made anew", "consumers", n, "err", err)
	}
	now := time.Now()
	woken, err := e.store.Woken(ctx)
	n := 0
	mute := map[string]bool{} // workers that haven't answered
	var acks []jetstream.PubAckFuture
	if err == nil {
		err = e.store.Scan(ctx, "", false, func(h store.Head) bool {
			old := now.Sub(h.Stored).Abs() >= overdue // or stored before the clock was set back
			late := h.State == record.Waiting && now.Sub(h.Due) >= overdue
			lost := !woken[h.ID] && (all && h.Stored.Before(now) || old)
			stuck := h.State == record.Running && old
			if h.State != record.Waiting && h.State != record.Running || !late && !lost && !stuck {
				return true
			}
			r, rev, err := e.store.Load(ctx, h.ID)
			if err != nil || r.Over() || !all && rev != h.Seq {
				return ctx.Err() == nil // it goes on by itself, or isn't ours to read
			}
			// Whoever gets the tick asks more than once.
			if !late && !lost && (e.lease.has(question(h.ID, rev)) || !mute[r.Worker] && e.isAt(r, rev, mute)) {
				return ctx.Err() == nil
			}
			if ack, err := e.store.Tick(r, rev, 0); err == nil {
				acks = append(acks, ack)
				n++
			}
			if len(acks) >= 1000 {
				drain(acks)
				acks = acks[:0]
			}
			return ctx.Err() == nil
		})
		drain(acks)
	}
	switch {
	case err != nil && ctx.Err() == nil && !errors.Is(err, nats.ErrConnectionClosed):
		e.set.Log.Warn("retrynats: look for calls that nothing wakes", "err", err)
	case n > 0:
		e.set.Log.Info("retrynats: woke calls that nothing else did", "calls", n)
	}
	return err
}

// isAt reports whether the worker of an attempt says that it is at it, and notes one that says nothing.
func (e *Engine) isAt(r *record.Record, rev uint64, mute map[string]bool) bool {
	if e.dead(r.Worker) {
		return false
	}
	yes, err := e.ask(r, rev)
	mute[r.Worker] = err != nil
	return yes
}

// drain waits for acknowledgements, so that no more than those are on their way.
func drain(acks []jetstream.PubAckFuture) {
	for _, a := range acks {
		select {
		case <-a.Ok():
		case <-a.Err():
		}
	}
}
