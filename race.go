package retry

import (
	"context"
	"errors"
	"reflect"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/callagain/retry/internal/hedging"
)

// errHedged is the cause that ends the contexts of all attempts when Hedge returns.
var errHedged = errors.New("the hedged call has its result")

// A race is one call of a hedged function.
type race[T any] struct {
	hedging.Call // what is decided
	settings     *HedgeSettings
	ctx          context.Context // the caller's
	f            func(context.Context) (T, error)
	cancels      [mostHedged]context.CancelCauseFunc
	answers      chan answer[T]
	over         atomic.Bool // nobody takes answers any more
	failed       []answer[T]
	id           uint64
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
	if r.settings.answered(&r.Call, now(), a.attempt, a.fault == nil && a.err == nil, read(a.err)) || a.fault != nil {
		return true
	}
	r.failed = append(r.failed, a)
	return false
}

// best returns the failure that tells most, with the longest hint of all.
func (r *race[T]) best() answer[T] {
	var failures [mostHedged]error
	for _, a := range r.failed {
		failures[a.attempt-1] = a.err
	}
	n, err := mostTelling(failures[:r.Started])
	a := r.failed[slices.IndexFunc(r.failed, func(a answer[T]) bool { return a.attempt == n })]
	a.err = err
	return a
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
		Attempts: r.Started,
		Elapsed:  now() - r.Began,
		Failures: kept.appendTo(nil),
		over:     r.ctx.Err(),
	}
}

// finish ends the call: it cancels all attempts but the winner, gets rid of what isn't returned, and tells the end.
func (r *race[T]) finish(winner answer[T], ended bool) {
	r.over.Store(true)
	for i, cancel := range r.cancels[:r.Started] {
		if i+1 != winner.attempt || !ended {
			cancel(errHedged)
		}
	}
	won := 0
	if ended && winner.err == nil {
		won = winner.attempt
	}
	r.settings.finish(&r.Call, now(), won, r.ctx.Err() != nil)
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
	e.Elapsed = t.Sub(epoch) - r.Began
	e.Name, e.Call, e.Attempt, e.Began = r.settings.Name, r.id, r.Started, t.Add(-e.Elapsed)
	r.settings.Observe(r.ctx, e)
}

// release ends the context of an attempt.
func (r *race[T]) release(attempt int) {
	if attempt >= 1 && attempt <= r.Started {
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
