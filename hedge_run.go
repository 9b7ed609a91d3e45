package retry

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/callagain/retry/internal/override"
)

// run makes the attempts, and returns the answer of the call.
func (r *race[T]) run() answer[T] {
	r.settings.begin(&r.Call, r.Began)
	if o := override.From(r.ctx); o != nil && r.Hedges {
		o.Record(r.settings.Name, 2, r.Delay)
		r.Delay = min(r.Delay, o.MaxDelay)
	}
	r.answers = make(chan answer[T], r.settings.Attempts)
	r.start()
	var timer *time.Timer
	var due <-chan time.Time
	if r.Hedges {
		for r.settings.AtOnce && r.hedge() {
		}
		if !r.settings.AtOnce {
			timer = time.NewTimer(r.Delay)
			defer timer.Stop()
			due = timer.C
		}
	}
	for {
		select {
		case a := <-r.answers:
			if r.take(a) {
				return a
			}
			if r.settings.replaces(&r.Call, now()) {
				r.hedge()
			}
			switch {
			case r.Running > 0:
			case r.ctx.Err() != nil: // of which the failures may be only the consequence
				return r.ended()
			default:
				return r.best()
			}
		case <-due:
			if wait := holding(&r.Call, now()); wait > 0 {
				timer.Reset(wait)
			} else if r.hedge() {
				timer.Reset(r.Delay)
			}
		case <-r.ctx.Done():
			return r.ended()
		}
	}
}

// start starts the next attempt.
func (r *race[T]) start() {
	ctx, cancel := context.WithCancelCause(r.ctx)
	r.cancels[r.Started] = cancel
	r.Started++
	r.Running++
	go r.attempt(&hedgedCtx{ctx, r.Started})
}

// hedge starts another attempt beside those that run, if it may, and reports whether it did.
func (r *race[T]) hedge() bool {
	n := r.Started + 1
	// At the very instant of a deadline, the context may be still to end.
	if end, ok := r.ctx.Deadline(); !r.settings.more(&r.Call) || ok && !time.Now().Before(end) || r.ctx.Err() != nil {
		return false
	}
	ok := r.settings.allows(now())
	if ok {
		r.start()
	}
	r.tell(Event{Hedge: n, hedged: true, refused: !ok, Delay: r.Delay})
	return ok
}

// attempt makes one attempt, and gives its answer to run if that is still there.
func (r *race[T]) attempt(ctx *hedgedCtx) {
	a := answer[T]{attempt: ctx.number, fault: errGoexit}
	defer func() {
		if a.fault != nil {
			if v := recover(); v != nil {
				a.fault = &panicError{v, debug.Stack()}
			}
		}
		if ctx.number > 1 {
			r.settings.leaves()
		}
		r.answers <- a // there is room for all
		if r.over.Load() {
			r.drain()
		}
	}()
	a.value, a.err = r.f(ctx)
	a.fault = nil
}

// ended returns the answer when the caller's context is over: a success that is there counts.
func (r *race[T]) ended() answer[T] {
	runtime.Gosched() // an attempt that answers at this instant may be about to say so
	for r.Running > 0 {
		select {
		case a := <-r.answers:
			if r.take(a) {
				return a
			}
			continue
		default:
		}
		break
	}
	a := answer[T]{err: r.giveUp(), own: true}
	if n := len(r.failed); n > 0 {
		a.value, a.attempt = r.failed[n-1].value, r.failed[n-1].attempt
	}
	return a
}
