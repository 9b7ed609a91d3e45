package retry

import "context"

// Do calls f until it succeeds or p says to stop. A failure that isn't retried is returned as it is. When there is no
// further attempt to make, Do returns an [*Error].
//
// If ctx is already over, Do makes no attempt. Do doesn't recover from a panic in f. It panics if f or ctx is nil. It may be called
// from any number of goroutines with one p.
func Do(ctx context.Context, p Policy, f func(context.Context) error) error {
	if p.plain(ctx) && f != nil {
		err := f(ctx)
		if err == nil {
			p.Budget.Earn()
			return nil
		}
		return doAgain(ctx, &p, f, err)
	}
	return doAgain(ctx, &p, f, nil)
}

// doAgain makes the attempts of Do that its short way didn't; first is that one's failure.
func doAgain(ctx context.Context, p *Policy, f func(context.Context) error, first error) error {
	must("Do", ctx, f != nil)
	var kept failures
	c := call{policy: *p, ctx: ctx}
	defer c.close(&kept)
	d := none
	if first != nil {
		d = c.resume(&kept, first)
	} else {
		d = c.begin(&kept)
	}
	for c.wait(&kept, d) {
		d = c.attempt(&kept, f)
	}
	return kept.first
}

// Get is like [Do] for a function that also returns a value. Get returns the value of the last attempt, also with an error. It is
// the zero value if no attempt was made.
func Get[T any](ctx context.Context, p Policy, f func(context.Context) (T, error)) (T, error) {
	if p.plain(ctx) && f != nil {
		v, err := f(ctx)
		if err == nil {
			p.Budget.Earn()
			return v, nil
		}
		return getAgain(ctx, &p, f, v, err)
	}
	var none T
	return getAgain(ctx, &p, f, none, nil)
}

// getAgain makes the attempts of Get that its short way didn't; v and first came of that one.
func getAgain[T any](ctx context.Context, p *Policy, f func(context.Context) (T, error), v T, first error) (T, error) {
	must("Get", ctx, f != nil)
	err := doAgain(ctx, p, func(ctx context.Context) (err error) {
		v, err = f(ctx)
		return err
	}, first)
	return v, err
}

// must panics if a call is made with nothing to call or without a context: now, not after a first delay.
func must(name string, ctx context.Context, f bool) {
	if !f {
		panic("retry: " + name + " with a nil function")
	}
	if ctx == nil {
		panic("retry: " + name + " with a nil context")
	}
}

// plain reports whether nothing stands before the first attempt: no delay, no clock to read, nobody to tell, nothing to put into the
// context. Most calls are like that, and succeed at once; they pay for nothing else. In doubt it says no.
func (p *Policy) plain(ctx context.Context) bool {
	if p.Observe != nil || p.Timeout|p.Within != 0 || p.Around != nil || p.probe != nil || p.Attempts < Unlimited {
		return false
	}
	switch b := p.Backoff.(type) {
	case nil:
	case Exponential:
		if b.WaitFirst || !b.fine() {
			return false
		}
	case Constant:
		if b < 0 {
			return false
		}
	case List:
		if !b.fine() || b[0] != 0 {
			return false
		}
	default:
		return false
	}
	return ctx != nil && ctx.Err() == nil && (p.Budget == nil || p.Budget.fine()) && !nested(ctx)
}
