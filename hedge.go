package retry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// HedgeSettings say when [Hedge] starts another attempt. The zero value starts a second one when
// the first takes longer than 95 of 100 recent ones did.
type HedgeSettings struct {
	// Delay is how long to wait for an answer before starting another attempt beside those
	// that run. If it's 0, Quantile says.
	Delay time.Duration

	// Quantile makes the delay that of recent attempts: after it, this fraction of them had been
	// done. Until enough are known the delay is Delay, or, if that's 0, there are no further
	// attempts. It's a millisecond at least. It goes up to 0.99; if it's 0, it is 0.95 unless there is a Delay.
	Quantile float64

	// Latencies are those that Quantile is of. If it's nil, the hedged function remembers its
	// own. Share one where each call makes its own function.
	latencies *latencies

	// Attempts is how many there are at most, the first included. If it's 0, it is 2; at most 16.
	Attempts int

	// Budget pays for each attempt but the first; when it refuses, no further one is started. A success
	// earns for it. If it's nil, there is no such limit. It may be that of a [Policy] around the hedge or in it;
	// then the success of each earns.
	Budget *Budget

	// Drop is told, in its attempt's own goroutine, of each value that came too late: a connection to be
	// closed, say. If it's nil, they are forgotten.
	Drop func(value any)
}

// errHedged is the cause ([context.Cause]) that ends the contexts of all attempts when [Hedge] returns.
var errHedged = errors.New("the hedged call has its answer")

// Hedge returns a function like f that doesn't wait for the slowest: when an attempt to call f hasn't
// answered after a delay it starts another one beside it, and returns what succeeds first. It's for
// what may safely happen twice at the same time: f must be idempotent. It is the
// "hedged request" of Dean and Barroso, "The Tail at Scale" (CACM 2013).
//
// Each attempt gets a context with its number ([Attempt]). When Hedge returns they all end, with the cause
// a cause of its own, and those that still run aren't waited for. So f must be done with its context: it should read
// the body of an HTTP response, and not return that unread.
//
// A failed attempt isn't replaced; that is for [Get] to do, around a Hedge or in it. If all fail, the
// result is that of the attempt with the best error: one with an [After] before others, a timeout or a
// cancellation last, and else the earliest one's. A [Stop] is an answer, too. When ctx is over so is
// the call, with an [*Error] that keeps the failures so far.
//
// A panic in f, or [runtime.Goexit], reaches the caller as in [Call.Result], unless another attempt has
// answered before: it is lost then. Any number of goroutines may use the function if they may use f.
// Settings that make no sense, and a nil f, panic.
func Hedge[T any](s HedgeSettings, f func(context.Context) (T, error)) func(context.Context) (T, error) {
	if f == nil {
		panic("retry: Hedge of a nil function")
	}
	s.check()
	s.Attempts = cmp.Or(s.Attempts, 2)
	if s.Delay == 0 {
		s.Quantile = cmp.Or(s.Quantile, 0.95)
	}
	if s.Quantile != 0 && s.latencies == nil {
		s.latencies = new(latencies)
	}
	return func(ctx context.Context) (T, error) {
		delay, ok := s.delay()
		if !ok && ctx.Err() == nil {
			return alone(ctx, &s, f)
		}
		h := hedge[T]{settings: &s, ctx: ctx, f: f, begun: now()}
		if ctx.Err() != nil {
			return h.giveUp()
		}
		return h.run(delay)
	}
}

// alone makes the only attempt, in the caller's own goroutine.
func alone[T any](ctx context.Context, s *HedgeSettings, f func(context.Context) (T, error)) (T, error) {
	if nested(ctx) {
		ctx = withNumber(ctx, 1)
	}
	begun := now()
	v, err := f(ctx)
	if err == nil {
		s.succeeded(begun, true)
	}
	return v, err
}

func (s *HedgeSettings) check() {
	switch {
	case s.Delay < 0:
		panic(fmt.Sprintf("retry: Hedge: Delay is %v; set none, or a positive one", s.Delay))
	case !(s.Quantile >= 0 && s.Quantile <= maxQuantile):
		panic(fmt.Sprintf("retry: Hedge: Quantile is %v; it goes from 0 (the default) to %v", s.Quantile, maxQuantile))
	case s.Attempts < 0 || s.Attempts > 16:
		panic(fmt.Sprintf("retry: Hedge: Attempts is %d; it goes from 0 (the default of 2) to 16", s.Attempts))
	}
}

// delay is how long to wait before each further attempt, and whether there is to be one.
func (s *HedgeSettings) delay() (time.Duration, bool) {
	if s.Attempts == 1 {
		return 0, false
	}
	if s.Quantile != 0 {
		if d, ok := s.latencies.Quantile(s.Quantile); ok {
			return max(d, time.Millisecond), true
		}
	}
	return s.Delay, s.Delay > 0
}

// A hedge is one call of a hedged function.
type hedge[T any] struct {
	settings *HedgeSettings
	ctx      context.Context
	f        func(context.Context) (T, error)
	begun    time.Duration
	attempts int // started so far
	answers  chan answer[T]
	over     context.Context // that of the attempts
	failed   []answer[T]
}

// An answer is how an attempt went.
type answer[T any] struct {
	attempt int // from 1
	value   T
	err     error
	fault   error // a *panicError or errGoexit
}

func (h *hedge[T]) run(delay time.Duration) (T, error) {
	h.answers = make(chan answer[T])
	var cancel context.CancelCauseFunc
	h.over, cancel = context.WithCancelCause(h.ctx)
	defer cancel(errHedged)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	h.start()
	for running := 1; ; {
		select {
		case a := <-h.answers:
			running--
			raise(a.fault)
			if a.err == nil {
				firstFailed := slices.ContainsFunc(h.failed, func(a answer[T]) bool { return a.attempt == 1 })
				h.settings.succeeded(h.begun, !firstFailed)
				return a.value, nil
			}
			h.failed = append(h.failed, a)
			if running == 0 || read(a.err).flags&stop != 0 {
				best := h.best()
				return best.value, best.err
			}
		case <-timer.C:
			// At the very instant of a deadline, the context may be still to end.
			if end, ok := h.ctx.Deadline(); ok && !time.Now().Before(end) || h.ctx.Err() != nil {
				break
			}
			if h.mayStart() {
				h.start()
				running++
				timer.Reset(delay)
			}
		case <-h.ctx.Done():
			return h.giveUp()
		}
	}
}

func (h *hedge[T]) mayStart() bool {
	b := h.settings.Budget
	return h.attempts < h.settings.Attempts && (b == nil || b.Take())
}

// start starts the next attempt.
func (h *hedge[T]) start() {
	h.attempts++
	go h.attempt(withNumber(h.over, h.attempts))
}

// attempt makes one attempt, and gives its answer to run if that's still there.
func (h *hedge[T]) attempt(ctx *attemptCtx) {
	a := answer[T]{attempt: ctx.number, fault: errGoexit}
	defer func() {
		if a.fault != nil {
			if v := recover(); v != nil {
				a.fault = &panicError{v, debug.Stack()}
			}
		}
		select {
		case h.answers <- a:
		case <-h.over.Done():
			h.drop(a)
		}
	}()
	a.value, a.err = h.f(ctx)
	a.fault = nil
}

// drop gets rid of an answer that came too late. There is nobody who a panic could reach.
func (h *hedge[T]) drop(a answer[T]) {
	if a.fault == nil && a.err == nil && h.settings.Drop != nil {
		defer func() { recover() }()
		h.settings.Drop(a.value)
	}
}

// succeeded notes a success. The quantile is that of first attempts: one that was beaten counts
// with the time it has taken so far. Were it left out, slow attempts would never be seen just because
// they are hedged, and the quantile would sink further and further.
func (s *HedgeSettings) succeeded(begun time.Duration, first bool) {
	s.Budget.Earn()
	if first && s.latencies != nil {
		s.latencies.Add(now() - begun)
	}
}

// best is the failure that tells most.
func (h *hedge[T]) best() answer[T] {
	rank := func(err error) int {
		switch m := read(err); {
		case m.flags&stop != 0:
			return 0
		case m.after > 0:
			return 1
		case m.flags&canceled != 0:
			return 4
		case errors.Is(err, context.DeadlineExceeded):
			return 3
		}
		return 2
	}
	best := h.failed[0]
	for _, a := range h.failed[1:] {
		r, b := rank(a.err), rank(best.err)
		if r < b || r == b && a.attempt < best.attempt {
			best = a
		}
	}
	return best
}

// giveUp ends the call because the caller's context has.
func (h *hedge[T]) giveUp() (T, error) {
	var v T
	var kept failures
	for _, a := range h.failed {
		v = a.value
		kept.add(a.err)
	}
	return v, &Error{
		Reason:   context.Cause(h.ctx),
		Attempts: h.attempts,
		Elapsed:  now() - h.begun,
		Failures: kept.appendTo(nil),
	}
}
