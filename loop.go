package retry

import (
	"context"
	"iter"
)

// Loop makes the attempts of a call in the body of a range loop, for code that wants
// to keep its own break, return and variables:
//
//	for ctx := range retry.Loop(ctx, p, &err) {
//		v, err = fetch(ctx)
//	}
//
// The body says how its attempt went by setting *err, which is nil when it begins. After the
// loop *err is what [Do] would have returned. Leaving the body early ends the call with *err as the
// body left it. No goroutine is started. Each range is a call of its own; ranges over one Loop
// share its *err. A nil err or ctx panics.
func Loop(ctx context.Context, p Policy, err *error) iter.Seq[context.Context] {
	if err == nil {
		panic("retry: Loop with a nil *error: it needs a place for the body's error")
	}
	if ctx == nil {
		panic("retry: Loop with a nil context")
	}
	return func(yield func(context.Context) bool) {
		var c call
		c.borrow(ctx, &p)
		defer c.free()
		for again := c.begin(nil) && c.wait(); again; {
			*err = nil
			if !yield(c.attempt()) {
				c.leave(*err)
				return
			}
			again = c.settle(*err) && c.wait()
		}
		*err = c.err
	}
}

// leave ends a call whose body was left early, with err.
func (c *call) leave(err error) {
	if err == nil {
		c.settle(nil)
		return
	}
	c.tellEnd(GaveUp, err)
}
