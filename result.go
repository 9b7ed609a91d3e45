package retry

import (
	"context"
	"runtime/debug"
	"sync"
)

// A Call is a call that was begun by [Start]. Its methods may be called from any goroutine.
type Call[T any] struct {
	state call
	first error // the first failure, and in the end what the call ended with
	f     func(context.Context) (T, error)
	value T

	mu    sync.Mutex // of state.phase and end
	alarm sleeper
	end   *end[T]
}

// An end is what a Call needs when somebody waits for its end, or it ends badly.
type end[T any] struct {
	done  chan struct{} // made when somebody asks
	thens []func(T, error)
	fault error // a *panicError or errGoexit
}

// ending returns c.end, made if need be. It is called with c.mu held.
func (c *Call[T]) ending() *end[T] {
	if c.end == nil {
		c.end = new(end[T])
	}
	return c.end
}

// Done returns a channel that is closed when the call has ended and the functions given to Then have returned.
func (c *Call[T]) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doneLocked()
}

func (c *Call[T]) doneLocked() <-chan struct{} {
	e := c.ending()
	if e.done == nil {
		e.done = make(chan struct{})
		if c.state.phase == finished {
			close(e.done)
		}
	}
	return e.done
}

// Result waits for the end of the call, and returns what [Get] would have returned. If a function of the call panicked, Result
// panics with an error that has the value and the stack of that panic; if it called [runtime.Goexit], so does Result.
func (c *Call[T]) Result() (T, error) {
	c.mu.Lock()
	if c.state.phase < settled {
		done := c.doneLocked()
		c.mu.Unlock()
		<-done
		c.mu.Lock()
	}
	fault := c.fault()
	c.mu.Unlock()
	raise(fault)
	return c.value, c.first
}

// Then calls fn with the result: when the call ends, in the goroutine that ends it and after the functions given before; or at once if
// it has ended. If a function of the call panicked, fn gets that as its error. fn must not wait for Done, which comes after it.
//
// A panic in fn when the call ends is logged by [slog.Default], with its stack; the other functions and Result aren't affected. Then
// panics if fn is nil.
func (c *Call[T]) Then(fn func(T, error)) {
	if fn == nil {
		panic("retry: Then with a nil function")
	}
	c.mu.Lock()
	if c.state.phase != finished {
		e := c.ending()
		e.thens = append(e.thens, fn)
		c.mu.Unlock()
		return
	}
	err := c.outcome()
	c.mu.Unlock()
	fn(c.value, err)
}

// fault is what went wrong in the call itself. It is called with c.mu held.
func (c *Call[T]) fault() error {
	if c.end == nil {
		return nil
	}
	return c.end.fault
}

// outcome is the error for Then. It is called with c.mu held.
func (c *Call[T]) outcome() error {
	if fault := c.fault(); fault != nil {
		return fault
	}
	return c.first
}

// finish runs the functions given to Then until there are no more, and opens Done.
func (c *Call[T]) finish() {
	for {
		c.mu.Lock()
		if c.end == nil || len(c.end.thens) == 0 {
			c.state.phase = finished
			if c.end != nil {
				c.end.thens = nil
				if c.end.done != nil {
					close(c.end.done)
				}
			}
			c.mu.Unlock()
			return
		}
		fn, err := c.end.thens[0], c.outcome()
		c.end.thens[0] = nil
		c.end.thens = c.end.thens[1:]
		c.mu.Unlock()
		c.tell(fn, err)
	}
}

// tell runs a function given to Then. One that panics or exits its goroutine does so for itself: the others are told all the same.
func (c *Call[T]) tell(fn func(T, error), err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		logFault("a function given to Call.Then", v, debug.Stack())
		if v == nil { // Goexit: this goroutine ends, but not before the call does
			c.finish()
		}
	}()
	fn(c.value, err)
	returned = true
}
