package retrysql

import (
	"context"
	"errors"
	"time"
)

// A life is the context of a transaction. The transaction has to outlive the caller's context for a moment: a COMMIT or ROLLBACK
// that is cut off is worse than one that takes a second.
type life struct {
	context.Context // never the caller's, but with its values
	caller          context.Context
	cancel          context.CancelCauseFunc
	detach          func() bool
	grace           time.Duration
}

var errGrace = errors.New("no answer before the context ended, nor in Options.Grace after that")

// newLife returns a life that ends with ctx.
func newLife(ctx context.Context, grace time.Duration) *life {
	l := &life{caller: ctx, grace: grace}
	l.Context, l.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	l.detach = context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })
	return l
}

// prolong makes l outlive the caller's context by the grace. It reports false if the caller's context ended before.
func (l *life) prolong() bool {
	if !l.detach() {
		return false
	}
	l.detach = context.AfterFunc(l.caller, func() {
		t := time.AfterFunc(l.grace, func() { l.cancel(errGrace) })
		context.AfterFunc(l, func() { t.Stop() })
	})
	return true
}

func (l *life) end() {
	l.detach()
	l.cancel(nil)
}

// bounded calls f and returns what it returns, or an error when l is over: a driver's COMMIT and ROLLBACK may know no context, and then
// f goes on in its goroutine until the connection fails. A panic in f is the caller's.
func (l *life) bounded(f func(context.Context) error) error {
	if l.caller.Done() == nil {
		return f(l)
	}
	type result struct {
		err      error
		panicked any
	}
	results := make(chan result, 1)
	go func() {
		r := result{err: errors.New("the driver ended its goroutine")}
		defer func() { results <- r }()
		defer func() { r.panicked = recover() }()
		r.err = f(l)
	}()
	var r result
	select {
	case r = <-results:
	case <-l.Done():
		select {
		case r = <-results:
		default:
			return context.Cause(l)
		}
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.err
}
