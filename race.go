package retry

import (
	"context"
	"errors"
	"reflect"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// errHedged is the cause that ends the contexts of all attempts when Hedge returns.
var errHedged = errors.New("the hedged call has its result")

// A race is one call of a hedged function.
type race[T any] struct {
	settings *HedgeSettings
	ctx      context.Context // the caller's
	f        func(context.Context) (T, error)
	began    time.Duration
	delay    time.Duration // before a further attempt
	hedges   bool          // there is a delay
	hold     time.Duration // until when a failure asked to wait, if held
	held     bool
	started  int
	cancels  [mostHedged]context.CancelCauseFunc
	answers  chan answer[T]
	over     atomic.Bool // nobody takes answers any more
	running  int
	first    bool // the first attempt has answered
	failed   []answer[T]
	id       uint64
}

// An answer is how an attempt went.
type answer[T any] struct {
	attempt int // from 1; 0 if there is none
	value   T
	err     error
	fault   error // a *panicError or errGoexit
	own     bool  // err is of the call itself, which gave up
}

// take takes an answer, and reports whether it is that of the call.
func (r *race[T]) take(a answer[T]) bool {
	r.running--
	at := now()
	if a.attempt == 1 {
		r.first = true
		if took, ok := at-r.began, a.fault == nil && a.err == nil; ok || r.hedges && took >= r.delay {
			r.settings.State.latencies.add(at, took, false, ok)
		}
	}
	if a.fault != nil || a.err == nil {
		return true
	}
	m := read(a.err)
	if m.after > 0 {
		end := after(at, m.after)
		if r.held {
			end = max(end, r.hold)
		}
		r.hold, r.held = end, true
	}
	if m.flags&stop != 0 {
		return true
	}
	r.failed = append(r.failed, a)
	return false
}

// best returns the failure that tells most, with the longest hint of all.
func (r *race[T]) best() answer[T] {
	rank := func(err error) int {
		switch {
		case read(err).flags&canceled != 0:
			return 2
		case is(err, context.DeadlineExceeded):
			return 1
		}
		return 0
	}
	best := r.failed[0]
	var hint time.Duration
	for _, a := range r.failed {
		hint = max(hint, read(a.err).after)
		if x, y := rank(a.err), rank(best.err); x < y || x == y && a.attempt < best.attempt {
			best = a
		}
	}
	if hint > read(best.err).after {
		best.err = After(best.err, hint)
	}
	return best
}

// giveUp returns the error of a call whose context is over.
func (r *race[T]) giveUp() error {
	var kept failures
	for _, a := range r.failed {
		kept.add(a.err)
	}
	return &Error{
		Name:     r.settings.Name,
		Reason:   cause(r.ctx),
		Attempts: r.started,
		Elapsed:  now() - r.began,
		Failures: kept.appendTo(nil),
		over:     r.ctx.Err(),
	}
}

// finish ends the call: it cancels all attempts but the winner, gets rid of what isn't returned, and tells the end.
func (r *race[T]) finish(winner answer[T], ended bool) {
	r.over.Store(true)
	for i, cancel := range r.cancels[:r.started] {
		if i+1 != winner.attempt || !ended {
			cancel(errHedged)
		}
	}
	if hedges := r.started - 1; hedges > 0 {
		won := ended && winner.err == nil && winner.attempt > 1
		if won {
			hedges--
		}
		r.settings.settle(won, hedges)
	}
	if r.running > 0 && !r.first {
		at, success := now(), ended && winner.err == nil
		if took := at - r.began; took >= r.delay || r.ctx.Err() != nil {
			r.settings.State.latencies.add(at, took, success, success) // the first attempt has taken so long so far
		}
	}
	for _, a := range r.failed {
		if a.attempt != winner.attempt {
			r.drop(a)
		}
	}
	r.drain()
	e := Event{Hedge: winner.attempt, Err: winner.err}
	switch g, gaveUp := winner.err.(*Error); {
	case !ended:
		e.Err, e.Reason = errPanicked, errPanicked
	case gaveUp && g.Reason != nil && winner.own:
		e.Reason, e.over = g.Reason, g.over
	}
	r.tell(e)
}

// tell calls Observe with e.
func (r *race[T]) tell(e Event) {
	if r.settings.Observe == nil {
		return
	}
	if r.id == 0 {
		r.id = lastCall.Add(1)
	}
	t := time.Now()
	e.Elapsed = t.Sub(epoch) - r.began
	e.Name, e.Call, e.Attempt, e.Began = r.settings.Name, r.id, r.started, t.Add(-e.Elapsed)
	r.settings.Observe(r.ctx, e)
}

// release ends the context of an attempt.
func (r *race[T]) release(attempt int) {
	if attempt >= 1 && attempt <= r.started {
		r.cancels[attempt-1](errHedged)
	}
}

// drain gets rid of the answers that nobody takes any more.
func (r *race[T]) drain() {
	for {
		select {
		case a := <-r.answers:
			r.drop(a)
		default:
			return
		}
	}
}

// drop gets rid of a value. There is nobody who a panic could reach.
func (r *race[T]) drop(a answer[T]) {
	if p, ok := a.fault.(*panicError); ok {
		logFault("an attempt of a Hedge that was no longer waited for", p.value, p.stack)
		return
	}
	if r.settings.Drop == nil || a.fault != nil || a.err != nil && reflect.ValueOf(&a.value).Elem().IsZero() {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			logFault("HedgeSettings.Drop", v, debug.Stack())
		}
	}()
	r.settings.Drop(a.value)
}
