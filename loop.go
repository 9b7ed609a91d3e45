package retry

import (
	"context"
	"iter"
	"time"
)

// A Loop makes the attempts of a call in the body of a range loop, for code that needs its own return, break or defer:
//
//	var loop retry.Loop
//	for ctx := range loop.Attempts(ctx, policy) {
//		order, err := fetch(ctx, id)
//		if loop.Done(err) {
//			return order, nil
//		}
//	}
//	return nil, loop.Err()
//
// The body must tell how each attempt ended, by calling [Loop.Done], before it ends itself. A body that ends without doing so
// is a mistake, and ends the call with an error that says so.
//
// The zero value is ready to use. A Loop must not be used by more than one goroutine at a time.
type Loop struct {
	err   error // of the attempt, and then of the call
	told  bool  // Done was called in this attempt
	used  bool  // Attempts was ranged over
	going bool  // Attempts is being ranged over
}

// errUntold is the end of a call whose loop made a mistake.
var errUntold error = &misuse{"the body of the loop ended without calling Loop.Done"}

var errUnused error = &misuse{"Loop.Attempts was not ranged over"}

type misuse struct{ text string }

func (m *misuse) Error() string        { return m.text }
func (m *misuse) Is(target error) bool { return target == ErrInvalid }

// Attempts returns an iterator over the attempts of one call: their contexts. The loop ends after an attempt that succeeded, or
// when p says to stop. Leaving the body by break, return or panic ends the call. Each range is a call of its own. Attempts panics, when
// it is ranged over, if ctx is nil, or inside of another range over the same Loop.
func (l *Loop) Attempts(ctx context.Context, p Policy) iter.Seq[context.Context] {
	return func(yield func(context.Context) bool) { l.run(ctx, &p, yield) }
}

// Done tells that the attempt has ended: with a success if err is nil, which it reports, or with the failure err. If the
// body calls Done more than once, the last call counts.
func (l *Loop) Done(err error) (success bool) {
	l.err, l.told = err, true
	return err == nil
}

// Err returns what [Do] would have returned. After a break it returns what Done was last told in this attempt. If Done wasn't
// called in it, because the body was left early or panicked, or if the loop never ran, Err returns an error that is [ErrInvalid].
func (l *Loop) Err() error {
	switch {
	case !l.used:
		return errUnused
	case l.err == nil && !l.told:
		return errUntold
	}
	return l.err
}

func (l *Loop) run(ctx context.Context, p *Policy, yield func(context.Context) bool) {
	must("Loop.Attempts", ctx, true)
	if l.going {
		panic("retry: Loop.Attempts inside of a range over the same Loop; use one Loop for each call")
	}
	l.going, l.used = true, true
	defer l.stop()
	if !p.plain(ctx) {
		l.again(ctx, p, yield, false)
		return
	}
	left := l.body(ctx, yield)
	switch {
	case !l.told:
		l.err = &Error{Name: p.Name, Reason: errUntold, Attempts: 1}
	case l.err == nil:
		p.Budget.Earn()
	case !left:
		l.again(ctx, p, yield, true)
	}
}

func (l *Loop) stop() { l.going = false }

// body runs the body once, and reports whether it was left.
func (l *Loop) body(ctx context.Context, yield func(context.Context) bool) (left bool) {
	l.err, l.told = nil, false
	return !yield(ctx)
}

// again makes the attempts that the short way of run didn't: all, or those after a first one that failed.
func (l *Loop) again(ctx context.Context, p *Policy, yield func(context.Context) bool, resume bool) {
	var kept failures
	c := call{policy: *p, ctx: ctx}
	defer c.close(&kept)
	var d time.Duration
	if resume {
		d = c.resume(&kept, l.err)
	} else {
		d = c.begin(&kept)
	}
	for c.wait(&kept, d) {
		ran, left := false, false
		failure, reason := c.run(&kept, func(ctx context.Context) error {
			ran = true
			if left = l.body(ctx, yield); !l.told {
				return errUntold
			}
			return l.err
		})
		switch {
		case ran && !l.told:
			d = c.giveUp(&kept, errUntold)
		case !left:
			d = c.settle(&kept, failure, reason)
		case l.err == nil:
			c.settle(&kept, nil, nil)
			return
		default: // the body was left with its failure, which ends the call as it is
			c.end(&kept, l.err, nil)
			return
		}
	}
	l.err, l.told = kept.first, true
}
