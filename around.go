package retry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callagain/retry/internal/pull"
)

// limited runs f with the policy's limits and Around: Within, which ends at end if that isn't 0, then Around, then Timeout.
// A reason says that Around was used wrongly.
func (p *Policy) limited(ctx context.Context, end time.Duration, f func(context.Context) error) (failure, reason error) {
	if end != 0 {
		if left := until(end, now()); p.Around != nil || p.Timeout == 0 || left <= p.Timeout {
			within, cancel := context.WithTimeoutCause(ctx, left, &limitError{ErrTooLate, p.Within})
			defer cancel()
			ctx = within
		}
	}
	if p.Around == nil {
		return timed(ctx, p.Timeout, f), nil
	}
	return around(ctx, p, f)
}

// timed runs f for as long as limit, if that is positive, and marks its failure if it ended that way. Only the
// contexts know: f may have returned any error at all by then.
func timed(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	if limit == 0 {
		return f(ctx)
	}
	cause := &limitError{ErrTimeout, limit}
	inner, cancel := context.WithTimeoutCause(ctx, limit, cause)
	defer cancel()
	err := f(inner)
	if err == nil || ctx.Err() != nil || context.Cause(inner) != cause {
		return err
	}
	if err == cause {
		err = context.DeadlineExceeded
	}
	return &timeoutError{err, cause}
}

// around runs f inside of the policy's Around. Around runs in a goroutine of its own, and f in this one: were f given to
// Around, it would escape, with all that it refers to, in the calls without Around as well; and so would the body of each Loop.
func around(ctx context.Context, p *Policy, f func(context.Context) error) (failure, reason error) {
	t := new(turn)
	wrap := p.Around
	next, stop := pull.Pull(func(run func(context.Context) bool) {
		defer t.leave() // after a panic in Around as well
		err := wrap(ctx, func(ctx context.Context) error { return t.attempt(ctx, run) })
		failure, reason = t.end(err)
	})
	defer stop() // after a panic in f: Around sees an error, and returns
	limit := p.Timeout
	for ctx, ok := next(); ok; ctx, ok = next() {
		t.result = timed(ctx, limit, f)
	}
	return failure, reason
}

// A turn is one run of Around. It outlives that, with the function that Around was given.
type turn struct {
	mu      sync.Mutex
	called  int
	over    bool
	running sync.WaitGroup // the attempt
	result  error          // of it
}

// attempt is what Around calls. It may be called in any goroutine, and must run f once at most.
func (t *turn) attempt(ctx context.Context, run func(context.Context) bool) error {
	t.mu.Lock()
	t.called++
	misused := ""
	switch {
	case t.over:
		misused = "after it had returned"
	case ctx == nil:
		misused = "with a nil context"
		t.called = 2
	case t.called > 1:
		misused = "more than once"
	default:
		t.running.Add(1)
		defer t.running.Done()
	}
	t.mu.Unlock()
	if misused != "" {
		return fmt.Errorf("%w: Around called the attempt %s", ErrInvalid, misused)
	}
	t.result = errPanicked // unless it returns
	run(ctx)
	return t.result
}

// leave ends the turn. An attempt that Around left running, in another goroutine, is waited for: the goroutine of Around must not end before it.
func (t *turn) leave() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.running.Wait()
}

// end returns what came of the attempt, now that Around returned err.
func (t *turn) end(err error) (failure, reason error) {
	t.leave()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.called > 1:
		return err, fmt.Errorf("%w: Around called the attempt more than once, or with a nil context", ErrInvalid)
	case t.called == 0 && err == nil:
		return nil, fmt.Errorf("%w: Around returned nil without having called the attempt", ErrInvalid)
	}
	return err, nil
}
