package retrysql

import (
	"context"
	"fmt"

	"github.com/callagain/retry"
)

// A reading is what came of one transaction of a hedge.
type reading[T any] struct {
	value T
	err   error
	over  bool // it isn't the zero value, which stands for nothing
}

// hedge is Get for transactions that only read and are hedged.
func hedge[T any](ctx context.Context, p retry.Policy, o *Options, begin func(context.Context) (Tx, error), f func(context.Context, Tx) (T, error)) (T, error) {
	var none T
	if !o.ReadOnly {
		return none, fmt.Errorf("retrysql: %w: Options.Hedge is for transactions that only read, and ReadOnly isn't set", retry.ErrInvalid)
	}
	s := *o.Hedge
	if s.State == nil {
		return none, fmt.Errorf("retrysql: %w: Options.Hedge has no State, so that nothing would be known of the calls before; keep one and share it", retry.ErrInvalid)
	}
	s.Drop = nil
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	race := retry.Hedge(s, func(ctx context.Context) (reading[T], error) {
		r := reading[T]{over: true}
		one := newRun(o, begin, func(ctx context.Context, tx Tx) (err error) {
			r.value, err = f(ctx, tx)
			return err
		})
		r.err = one.attempt(ctx)
		if r.err != nil && !Transient(r.err) {
			return r, retry.Stop(r.err) // another transaction would say the same
		}
		return r, r.err
	})
	return retry.Get(ctx, p, func(ctx context.Context) (T, error) {
		r, _ := race(ctx)
		if !r.over {
			return none, context.Cause(ctx) // which was over before there was anything else
		}
		return r.value, r.err
	})
}
