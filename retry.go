// Package retry calls a function again when it fails: after a while, for the
// failures that are worth it, and never so often that it makes an outage worse.
//
// A [Policy] says when and after which failures; its zero value works. [Do] and
// [Get] call and wait, [Loop] is the same as a range loop, and [Start] returns at
// once and needs no goroutine while it waits. A call that can't be saved ends in an
// [*Error], which keeps the first failure, the latest ones and the reason for giving up.
//
// A call is the whole thing; an attempt is one run of the function, numbered from 1;
// a delay comes before an attempt.
package retry

import "context"

// Do calls f until it succeeds, and returns nil, or until p says to stop.
//
// It stops with f's own error, or the one that the policy's [Test] made of it, when
// that failure isn't worth another attempt; and with an [*Error] when there is no
// further attempt to make: the delays ran out, ctx is over or too near its deadline,
// the budget refused. A context that is already over makes no attempt. A panic in f
// is not caught; a nil f or ctx panics. Do may be called from any number of goroutines with one p.
func Do(ctx context.Context, p Policy, f func(context.Context) error) error {
	if p.plain(ctx) {
		err := f(ctx)
		if err == nil {
			p.Budget.earn()
			return nil
		}
		return doAgain(ctx, &p, f, err)
	}
	return doAgain(ctx, &p, f, nil)
}

// doAgain makes the attempts of Do that its short way didn't; first is that one's failure.
func doAgain(ctx context.Context, p *Policy, f func(context.Context) error, first error) error {
	if f == nil {
		panic("retry: call of a nil function") // now, not after a first delay
	}
	var c call
	c.borrow(ctx, p)
	defer c.free()
	for again := c.begin(first) && c.wait(); again; {
		again = c.settle(f(c.attempt())) && c.wait()
	}
	return c.err
}

// Get is [Do] for a function that also returns a value. The last value that f
// returned comes back even beside an error; it is zero only if f made it so, or was
// never called.
func Get[T any](ctx context.Context, p Policy, f func(context.Context) (T, error)) (T, error) {
	if p.plain(ctx) {
		v, err := f(ctx)
		if err == nil {
			p.Budget.earn()
			return v, nil
		}
		return getAgain(ctx, &p, f, v, err)
	}
	var none T
	return getAgain(ctx, &p, f, none, nil)
}

// getAgain makes the attempts of Get that its short way didn't; v and first came of that one.
func getAgain[T any](ctx context.Context, p *Policy, f func(context.Context) (T, error), v T, first error) (T, error) {
	if f == nil {
		panic("retry: call of a nil function") // now, not after a first delay
	}
	var c call
	c.borrow(ctx, p)
	defer c.free()
	for again := c.begin(first) && c.wait(); again; {
		var err error
		v, err = f(c.attempt())
		again = c.settle(err) && c.wait()
	}
	return v, c.err
}
