package retry

import (
	"context"
	"time"
)

// keep is how many failures a call remembers, however many there are.
const keep = 8

// failures are a call's first failure and its latest ones, and the contexts of its next attempts. There is no pointer to
// its room in it, so that it stays on the stack of whoever makes the attempts: the compiler, which doesn't tell the fields of a
// call apart, would otherwise let it escape. When the call is over, first is what it ended with.
type failures struct {
	first   error
	n       int
	latest  [keep - 1]error
	numbers *numbered
}

func (f *failures) add(err error) {
	if f.first == nil {
		f.first = err
		return
	}
	if f.n == len(f.latest) {
		copy(f.latest[:], f.latest[1:])
		f.n--
	}
	f.latest[f.n] = err
	f.n++
}

// replace puts err in the place of the last failure.
func (f *failures) replace(err error) {
	if f.n == 0 {
		f.first = err
	} else {
		f.latest[f.n-1] = err
	}
}

// appendTo appends them to all, in order.
func (f *failures) appendTo(all []error) []error {
	if f.first == nil {
		return nil
	}
	return append(append(all, f.first), f.latest[:f.n]...)
}

func (f *failures) forget() {
	f.first, f.n = nil, 0
	clear(f.latest[:])
}

// end makes what the call ended with all that is left.
func (f *failures) end(err error) {
	f.forget()
	f.first = err
}

// number returns the context of the n-th attempt, which comes after the delay d.
func (f *failures) number(ctx context.Context, n int, d time.Duration) context.Context {
	if n == 1 && d == 0 && !nested(ctx) {
		return ctx
	}
	numberedYet.Store(true)
	if n == 1 {
		return &attemptCtx{ctx, n, d}
	}
	i := (n - 2) % len(numbered{})
	if i == 0 || f.numbers == nil || f.numbers[i].Context != nil {
		f.numbers = new(numbered)
	}
	a := &f.numbers[i]
	*a = attemptCtx{ctx, n, d}
	return a
}
