package retry

import (
	"context"
	"runtime/debug"
	"time"
)

// Start begins a call like [Get] and returns at once. Each attempt runs in a goroutine that ends with the attempt; a call that
// waits needs none: it is a timer and a small struct. When ctx is over, the call ends as soon as its attempt returns.
//
// A panic in f or in a function of the policy is passed to the callers of [Call.Result]; it doesn't end the process. Start panics if
// f or ctx is nil.
func Start[T any](ctx context.Context, p Policy, f func(context.Context) (T, error)) *Call[T] {
	must("Start", ctx, f != nil)
	c := &Call[T]{state: call{policy: p, ctx: ctx}, f: f}
	go c.guard(c.begin)
	return c
}

func (c *Call[T]) begin() {
	var kept failures
	c.run(&kept, c.state.begin(&kept))
}

// recall returns what the call remembers, for the goroutine that makes its attempts; remember keeps that when it ends.
func (c *Call[T]) recall() failures {
	if x := c.state.extra; x != nil && x.kept.first != nil {
		return x.kept
	}
	return failures{first: c.first}
}

func (c *Call[T]) remember(kept *failures) {
	kept.numbers = nil
	c.first = kept.first
	if kept.n > 0 || c.state.extra != nil {
		c.state.more().kept = *kept
	}
}

// run makes attempts until the call has to wait or is over.
func (c *Call[T]) run(kept *failures, d time.Duration) {
	for d == 0 {
		d = c.state.attempt(kept, c.attempt)
	}
	c.remember(kept)
	if d > 0 {
		c.pause(d)
	} else {
		c.settle()
	}
}

func (c *Call[T]) attempt(ctx context.Context) (err error) {
	c.value, err = c.f(ctx)
	return err
}

// pause gives the call to a timer, which the context's end makes fire early.
func (c *Call[T]) pause(d time.Duration) {
	s := &c.state
	c.mu.Lock()
	c.state.phase = falling
	if s.timer == nil {
		c.alarm.wake = c.wake
		s.timer = time.AfterFunc(d, c.alarm.wake)
	} else {
		s.timer.Reset(d)
	}
	c.mu.Unlock()
	watch(s.ctx, &c.alarm) // runs the context's code
	c.mu.Lock()
	again := c.state.phase == woken
	c.state.phase = asleep
	c.mu.Unlock()
	if again {
		go c.wake() // not here: delays of a nanosecond would nest
	}
}

// wake ends a delay: it has passed, or the context is over. Only the first to come does anything.
func (c *Call[T]) wake() {
	c.mu.Lock()
	first := c.state.phase == asleep
	if first {
		c.state.phase = running
	} else if c.state.phase == falling {
		c.state.phase = woken
	}
	c.mu.Unlock()
	if first {
		c.guard(c.goOn)
	}
}

func (c *Call[T]) goOn() {
	s := &c.state
	s.timer.Stop()
	unwatch(s.ctx, &c.alarm)
	kept := c.recall()
	d := none
	if s.ready(&kept) {
		d = 0
	}
	c.run(&kept, d)
}

// settle makes the result final, lets go of what it was made with, and has it told.
func (c *Call[T]) settle() {
	kept := c.recall()
	c.state.close(&kept)
	c.remember(&kept)
	c.mu.Lock()
	c.state, c.f = call{phase: settled}, nil
	c.mu.Unlock()
	c.finish()
}

// guard runs step, and keeps a panic or Goexit in it for whoever asks for the result. What is left of the call
// is to settle it, which may panic as well.
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
		if c.state.phase >= settled {
			c.mu.Unlock()
			return // nothing is left to do
		}
		if c.fault() == nil {
			c.ending().fault = fault
		}
		c.state.phase = running
		if t := c.state.timer; t != nil {
			t.Stop()
		}
		c.mu.Unlock()
		c.guard(c.settle)
	}()
	step()
	returned = true
}
