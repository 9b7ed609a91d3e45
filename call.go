package retry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// longest is the longest hint that a call without a limit of time obeys.
const longest = 5 * time.Minute

// A call is the state of one call, whatever the way it is made. Its owner does
//
//	for again := c.begin(nil) && c.wait(); again; {
//		again = c.settle(f(c.attempt())) && c.wait()
//	}
//	return c.err
//
// with a deferred close; one that can't block does its own waiting and asks ready after it.
type call struct {
	policy   Policy
	ctx      context.Context // the caller's
	test     Test
	at       position
	failures failures
	attempts int           // begun so far
	started  time.Duration // when the call began, or had its first delay; 0 if not known
	delay    time.Duration // before the next attempt
	timer    *time.Timer
	extra    *extra
	err      error // how the call ended, once it has
	paid     bool  // the next attempt has been paid for
	over     bool  // the end has been told
	telling  bool  // Observe is running
}

// extra is what few calls need to wait, kept apart because a waiting call's size counts.
type extra struct {
	latest   latest             // room for failures
	numbers  *numbered          // contexts for the next attempts
	deadline time.Duration      // when Within ends, if it's set
	attempt  context.Context    // the attempt's own context, while there is one
	cancel   context.CancelFunc // of attempt
	next     func() (time.Duration, bool)
	stop     func() // of next, the schedule that can't be stepped through in place
}

// more returns c.extra, made if need be.
func (c *call) more() *extra {
	if c.extra == nil {
		c.extra = new(extra)
	}
	return c.extra
}

// deadline is when Within ends; 0 if it isn't set.
func (c *call) deadline() time.Duration {
	if c.policy.Within == 0 || c.extra == nil {
		return 0
	}
	return c.extra.deadline
}

// spare has extras of calls that are over, with their room for what the next call remembers.
var spare = sync.Pool{New: func() any { return new(extra) }}

// borrow gives a new call its policy and context, and an extra that it must free.
func (c *call) borrow(ctx context.Context, p *Policy) {
	c.policy = *p
	c.ctx = ctx
	c.extra = spare.Get().(*extra)
	c.failures.rest = &c.extra.latest
}

// free closes c, and leaves its extra to another call.
func (c *call) free() {
	c.close()
	c.failures.forget()
	x := c.extra
	x.deadline, x.attempt, x.cancel, x.next, x.stop = 0, nil, nil, nil, nil
	spare.Put(x)
}

// begin prepares a call, and reports whether there is an attempt to make after c.delay. If
// the first attempt was already made and failed, first is that failure.
func (c *call) begin(first error) bool {
	p := &c.policy
	if first != nil {
		c.attempts = 1
		c.at = second
		return c.settle(first)
	}
	if err := p.check(); err != nil {
		return c.giveUp(err)
	}
	if p.Observe != nil || p.Timeout > 0 || p.Within > 0 {
		c.started = now()
	}
	if p.Within > 0 {
		c.more().deadline = after(c.started, p.Within)
	}
	return c.plan(0)
}

// attempt starts the next attempt and returns its context.
func (c *call) attempt() context.Context {
	c.attempts++
	ctx := c.number()
	if c.policy.Timeout == 0 && c.policy.Within == 0 {
		return ctx
	}
	limit, kind, whole := c.policy.Timeout, ErrTimeout, c.policy.Timeout
	if end := c.deadline(); end != 0 {
		if left := end - now(); limit == 0 || left <= limit {
			limit, kind, whole = left, ErrTooLate, c.policy.Within
		}
	}
	x := c.more()
	x.attempt, x.cancel = context.WithTimeoutCause(ctx, limit, &limitError{kind, whole})
	return x.attempt
}

// settle ends the attempt, which failed unless err is nil, and reports whether
// there is another one to make after c.delay.
func (c *call) settle(err error) bool {
	if c.extra != nil && c.extra.cancel != nil {
		err = c.timedOut(err)
		c.extra.cancel()
		c.extra.attempt, c.extra.cancel = nil, nil
	}
	if err == nil {
		c.err = nil
		c.policy.Budget.earn()
		c.tellEnd(Succeeded, nil)
		return false
	}
	m := read(err)
	if m.flags&fresh != 0 {
		c.refresh()
		m.after = max(m.after, unlimitedFloor) // there may be any number of these
	}
	c.failures.add(err)
	verdict := err
	switch {
	case c.policy.Test != nil:
		var unusable error
		if verdict, unusable = c.judge(err, m); unusable != nil {
			return c.giveUp(unusable)
		}
	case m.flags.transient():
		verdict = nil
	}
	if verdict == nil {
		return c.plan(m.after)
	}
	if over := c.ended(); over != nil && cancellation(verdict, over) {
		return c.giveUp(over)
	}
	c.err = verdict
	c.tellEnd(GaveUp, verdict)
	return false
}

// judge asks the call's own test: a verdict that isn't nil is what the call stops with.
// Stop is obeyed whatever the test says of it.
func (c *call) judge(err error, m marks) (verdict, unusable error) {
	if c.test == nil {
		if c.test = c.policy.Test(); c.test == nil {
			return nil, fmt.Errorf("%w: Test returned a nil Test", ErrPolicy)
		}
	}
	if verdict = c.test(err); verdict == nil && m.flags&stop != 0 {
		verdict = err
	}
	return verdict, nil
}

// plan schedules the next attempt, no sooner than after hint.
func (c *call) plan(hint time.Duration) bool {
	d, ok := c.next()
	if reason := c.ended(); reason != nil {
		return c.giveUp(reason)
	}
	if !ok {
		return c.giveUp(ErrExhausted)
	}
	if d < 0 {
		return c.giveUp(fmt.Errorf("%w: Backoff gave a delay of %v before attempt %d", ErrPolicy, d, c.attempts+1))
	}
	c.delay = max(d, hint)
	if c.delay > 0 && c.started == 0 {
		c.started = now()
	}
	if reason := c.tooLate(hint); reason != nil {
		return c.giveUp(reason)
	}
	if c.attempts == 0 {
		return true
	}
	if b := c.policy.Budget; b != nil {
		if !b.take(now()) {
			return c.giveUp(ErrBudget)
		}
		c.paid = true
	}
	if c.policy.Observe == nil {
		return true
	}
	c.tell(Retrying, c.failures.last())
	if reason := c.ended(); reason != nil {
		return c.giveUp(reason)
	}
	return true
}

// tooLate says why c.delay can't be waited for.
func (c *call) tooLate(hint time.Duration) error {
	left, limited := time.Duration(math.MaxInt64), false
	if d, ok := c.ctx.Deadline(); ok {
		left, limited = time.Until(d), true
	}
	if end := c.deadline(); end != 0 {
		left, limited = min(left, end-now()), true
	}
	what := "the next delay is"
	if hint > 0 && c.delay == hint {
		what = "the failure asks to wait"
	}
	switch {
	case limited && c.delay >= left:
		return fmt.Errorf("%w: %s %v, with %v left", ErrTooLate, what, c.delay, max(left, 0))
	case !limited && hint > longest:
		return fmt.Errorf("%w: %s %v, more than the %v allowed to a call without a limit of time", ErrTooLate, what, c.delay, longest)
	}
	return nil
}

// wait waits for c.delay to pass, and reports whether the attempt is still to be made.
func (c *call) wait() bool {
	if c.delay == 0 {
		c.paid = false
		return true // nothing has happened since plan asked the context
	}
	if c.timer == nil {
		c.timer = time.NewTimer(c.delay)
	} else {
		c.timer.Reset(c.delay)
	}
	select {
	case <-c.timer.C:
	case <-c.ctx.Done():
		c.timer.Stop()
	}
	return c.ready()
}

// ready reports, at the end of a delay, whether the attempt is still to be made. It
// asks the context whatever ended the delay: both may have come at once.
func (c *call) ready() bool {
	if reason := c.ended(); reason != nil {
		return c.giveUp(reason)
	}
	c.paid = false
	return true
}

// ended says why the whole call is over, if it is.
func (c *call) ended() error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if end := c.deadline(); end != 0 && now() >= end {
		return &limitError{ErrTooLate, c.policy.Within}
	}
	return nil
}

// giveUp ends the call with an Error, and returns false.
func (c *call) giveUp(reason error) bool {
	c.err = &Error{
		Name:     c.policy.Name,
		Reason:   reason,
		Attempts: c.attempts,
		Elapsed:  c.elapsed(),
		Failures: c.failures.all(),
	}
	c.tellEnd(GaveUp, c.err)
	return false
}

// close releases what the call holds. It is deferred, so that a call which panics or
// exits its goroutine is told to have ended, too; unless it was the observer who did.
func (c *call) close() {
	if c.extra != nil {
		if c.extra.cancel != nil {
			c.extra.cancel()
		}
		c.unpull()
	}
	c.refund()
	if !c.over && !c.telling {
		c.tellEnd(GaveUp, errPanicked)
	}
}

// refund gives back the token for an attempt that isn't made after all.
func (c *call) refund() {
	if c.paid {
		c.paid = false
		c.policy.Budget.refund()
	}
}

// refresh goes on as if the attempt just made had been the call's first.
func (c *call) refresh() {
	c.attempts = 1
	c.started = now()
	c.test = nil
	c.failures.forget()
	c.at = position{}
	c.unpull()
	c.next()
}

func (c *call) elapsed() time.Duration {
	if c.started == 0 {
		return 0
	}
	return now() - c.started
}

// tellEnd tells of the end of the call, once.
func (c *call) tellEnd(k Kind, err error) {
	if c.over {
		return
	}
	c.over = true
	if c.policy.Observe != nil {
		c.delay = 0
		c.tell(k, err)
	}
}

func (c *call) tell(k Kind, err error) {
	c.telling = true // stays so if Observe panics
	c.policy.Observe(c.ctx, Event{
		Kind:    k,
		Name:    c.policy.Name,
		Attempt: c.attempts,
		Err:     err,
		Delay:   c.delay,
		Elapsed: c.elapsed(),
	})
	c.telling = false
}

// cancellation reports whether err says no more than that the call was over.
func cancellation(err, reason error) bool {
	return errors.Is(err, reason) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// errPanicked is told as the end of a call whose attempt, test or schedule never returned.
var errPanicked = errors.New("the call panicked or exited its goroutine")

// Times are read as a distance from epoch: half the cost of a time.Time, and a third of its
// size. In a test's bubble of virtual time they are negative.
var epoch = time.Now()

func now() time.Duration { return time.Since(epoch) }

// after is d after t, or the end of time.
func after(t, d time.Duration) time.Duration {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}
