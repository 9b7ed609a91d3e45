package retry

import (
	"context"

	"github.com/callagain/retry/internal/hedging"
)

// Hedge returns a function like f that doesn't wait for the slowest: when an attempt to call f hasn't answered after a delay, it makes
// another one beside it, and returns the first success. f must be safe to run more than once at the same time. See Dean and Barroso,
// "The Tail at Scale" (CACM 2013).
//
// Each attempt gets a context with its number, see [Hedged]. When Hedge returns they are all canceled, and those that still run aren't
// waited for. So f must be done with its context: it should read the body of an HTTP response, and not return that unread
// (package retryhttp has a way around this).
//
// If all attempts fail, the result is that of the attempt with the most telling failure: a timeout or a cancellation comes last. Of several
// hints (see [After]) the longest is in the result; a hint also holds back further attempts. A failure marked by [Stop] ends the call. When
// ctx is over, so is the call, with a success if there is one, or else with an [*Error] that has the failures so far.
//
// A panic in f, or [runtime.Goexit], reaches the caller as in [Call.Result]; that of an attempt which is no longer waited for is logged by
// [log/slog.Default]. Any number of goroutines may use the function if they may use f. Hedge panics if f is nil, or if the settings make no
// sense.
func Hedge[T any](s HedgeSettings, f func(context.Context) (T, error)) func(context.Context) (T, error) {
	if f == nil {
		panic("retry: Hedge with a nil function")
	}
	s.check()
	s = s.complete()
	return func(ctx context.Context) (T, error) {
		a, r := hedge(ctx, &s, f)
		r.release(a.attempt)
		return a.value, a.err
	}
}

// hedge makes one call. The context of the attempt that is returned goes on until it is released.
func hedge[T any](ctx context.Context, s *HedgeSettings, f func(context.Context) (T, error)) (a answer[T], r *race[T]) {
	must("Hedge", ctx, true)
	r = &race[T]{settings: s, ctx: ctx, f: f}
	r.Began = now()
	ended := false
	defer func() { r.finish(a, ended) }() // after a panic as well
	if ctx.Err() != nil {
		a = answer[T]{err: r.giveUp(), own: true}
	} else {
		a = r.run()
	}
	raise(a.fault)
	ended = true
	return a, r
}

func init() {
	hedging.Do = func(ctx context.Context, settings any, f func(context.Context) (any, error)) (any, func(), error) {
		s := settings.(HedgeSettings)
		s.check()
		s = s.complete()
		a, r := hedge(ctx, &s, f)
		winner := a.attempt
		return a.value, func() { r.release(winner) }, a.err
	}
}
