package retry

import (
	"context"
	"runtime/debug"
	"sync"
	"time"
)

// A Call is a call that was begun by [Start]. All of its methods may be used from any goroutine.
type Call[T any] struct {
	state call
	f     func(context.Context) (T, error)
	value T

	mu       sync.Mutex
	at       int32 // the place in the watcher's list
	asleep   bool  // between two attempts
	settled  bool  // value, state.err and fault are final
	finished bool  // and the functions given to Then have run
	end      *end[T]
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

// Start begins a call like [Get] and returns at once. Attempts run one after the other, each in a
// goroutine that ends with it: a call that waits is a timer and a small struct. When
// ctx is over the call ends, as soon as its attempt returns if one is running.
//
// A panic in f, in the policy's functions or in a function given to Then doesn't end the process: it reaches
// whoever asks for the [Call.Result]. A nil f or ctx panics here.
func Start[T any](ctx context.Context, p Policy, f func(context.Context) (T, error)) *Call[T] {
	if f == nil {
		panic("retry: Start of a nil function")
	}
	if ctx == nil {
		panic("retry: Start with a nil context")
	}
	c := &Call[T]{state: call{policy: p, ctx: ctx}, f: f}
	go c.guard(c.begin)
	return c
}

// Done returns a channel that is closed when the call has ended and the functions given to
// Then have run.
func (c *Call[T]) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doneLocked()
}

func (c *Call[T]) doneLocked() <-chan struct{} {
	e := c.ending()
	if e.done == nil {
		e.done = make(chan struct{})
		if c.finished {
			close(e.done)
		}
	}
	return e.done
}

// Result waits for the end of the call, and returns what [Get] would have returned. If
// something in the call panicked, Result panics with an error that has the value and the stack
// of that panic; if it called [runtime.Goexit], so does Result.
func (c *Call[T]) Result() (T, error) {
	c.mu.Lock()
	if !c.settled {
		done := c.doneLocked()
		c.mu.Unlock()
		<-done
		c.mu.Lock()
	}
	fault := c.fault()
	c.mu.Unlock()
	raise(fault)
	return c.value, c.state.err
}

// Then has fn called with the result when the call ends: in the goroutine that ends it, after the
// functions given before; or here and now if it has ended. If the call panicked, fn gets that as its error. fn must not wait
// for Done, which comes after it. A nil fn panics.
func (c *Call[T]) Then(fn func(T, error)) {
	if fn == nil {
		panic("retry: Then of a nil function")
	}
	c.mu.Lock()
	if !c.finished {
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
	return c.state.err
}

func (c *Call[T]) begin() {
	if c.state.begin(nil) {
		c.pause()
	} else {
		c.settle()
	}
}

// pause waits for the next attempt, or goes on at once if there is nothing to wait for.
func (c *Call[T]) pause() {
	if c.state.delay == 0 {
		c.run()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asleep = true
	watch(c.state.ctx, c)
	if c.state.timer == nil {
		c.state.timer = time.AfterFunc(c.state.delay, c.wake)
	} else {
		c.state.timer.Reset(c.state.delay)
	}
}

func (c *Call[T]) place() *int32 { return &c.at }

// wake ends a delay: it has passed, or the context is over. Only the first to come does anything.
func (c *Call[T]) wake() {
	c.mu.Lock()
	first := c.asleep
	c.asleep = false
	if first {
		c.state.timer.Stop()
		unwatch(c.state.ctx, c)
	}
	c.mu.Unlock()
	if first {
		c.guard(c.run)
	}
}

// run makes attempts until the call has to wait or is over.
func (c *Call[T]) run() {
	for c.state.ready() {
		var err error
		c.value, err = c.f(c.state.attempt())
		if !c.state.settle(err) {
			break
		}
		if c.state.delay > 0 {
			c.pause()
			return
		}
	}
	c.settle()
}

// settle makes the result final, and has it told.
func (c *Call[T]) settle() {
	c.state.close()
	c.finish()
}

// finish runs the functions given to Then until there are no more, and opens Done.
func (c *Call[T]) finish() {
	for {
		c.mu.Lock()
		c.settled = true
		if c.end == nil || len(c.end.thens) == 0 {
			c.finished = true
			if c.end != nil && c.end.done != nil {
				close(c.end.done)
			}
			c.mu.Unlock()
			return
		}
		fn, err := c.end.thens[0], c.outcome()
		c.end.thens = c.end.thens[1:]
		c.mu.Unlock()
		fn(c.value, err)
	}
}

// guard runs step, and keeps a panic or Goexit in it for whoever asks for the result. What is left of the call
// is to finish it, which may panic as well.
func (c *Call[T]) guard(step func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		var fault error = errGoexit
		if v := recover(); v != nil {
			fault = &panicError{v, debug.Stack()}
		}
		c.mu.Lock()
		if c.fault() == nil {
			c.ending().fault = fault
		}
		c.mu.Unlock()
		c.guard(c.settle)
	}()
	step()
	returned = true
}
