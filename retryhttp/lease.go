package retryhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/callagain/retry"
)

// limit begins the time of the attempt.
func (a *attempt) limit() {
	c := a.call
	now := time.Now()
	if c.timeout > 0 {
		a.until, a.late = now.Add(c.timeout), timeout{c.timeout, retry.ErrTimeout}
	}
	if !c.ends.IsZero() && (a.until.IsZero() || c.ends.Before(a.until)) {
		a.until, a.late = c.ends, timeout{c.ends.Sub(now), retry.ErrTooLate}
	}
}

// keep ends the limit, and the attempt unless there is a body to read.
func (a *attempt) keep(resp *http.Response, err error) (*http.Response, error) {
	a.mu.Lock()
	a.answered = true
	late := !a.until.IsZero() && !time.Now().Before(a.until)
	if a.timer != nil {
		late = !a.timer.Stop()
	}
	unlink := a.unlink
	a.mu.Unlock()
	ended := unlink != nil && !unlink()
	switch {
	case late:
		// The time was over, be it as the answer came: that has lost its body.
		closeBody(resp)
		a.end(&a.late)
		return nil, &a.late
	case ended && err == nil:
		closeBody(resp)
		a.end(nil)
		return nil, context.Cause(a.ctx)
	case err != nil || resp == nil || resp.Body == nil || resp.Body == http.NoBody:
		a.end(nil)
		return resp, err
	}
	a.body = resp.Body
	resp.Body = wrapped(resp.Body, (*answer)(a))
	return resp, nil
}

// wrapped returns outer, which stands for body, with what else net/http's body can do after 101 Switching Protocols.
func wrapped(body, outer io.ReadCloser) io.ReadCloser {
	if w, ok := body.(io.Writer); ok {
		return tunnel{outer, w}
	}
	return outer
}

type tunnel struct {
	io.ReadCloser
	io.Writer
}

// CloseWrite is what a reverse proxy calls when its client has said all.
func (t tunnel) CloseWrite() error {
	if c, ok := t.Writer.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return fmt.Errorf("CloseWrite: %w", http.ErrNotSupported)
}

func closeBody(resp *http.Response) {
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
}

// end lets go of the caller's context.
func (a *attempt) end(cause error) {
	a.mu.Lock()
	a.over = true
	cancel := a.cancel
	a.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// An answer is the body of the answer to an attempt.
type answer attempt

func (b *answer) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil {
		(*attempt)(b).end(nil)
	}
	return n, err
}

func (b *answer) Close() error {
	defer (*attempt)(b).end(nil)
	return b.body.Close()
}

// Deadline returns when the attempt's time is over; once it was answered, when the caller's is.
func (a *attempt) Deadline() (time.Time, bool) {
	theirs, ok := a.call.Context.Deadline()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered || a.until.IsZero() || ok && theirs.Before(a.until) {
		return theirs, ok
	}
	return a.until, true
}

func (a *attempt) Done() <-chan struct{} { return a.context().Done() }

func (a *attempt) Err() error { return a.context().Err() }

// Value returns a value of the attempt's context; but where package context looks for what ends it, that is inner.
func (a *attempt) Value(key any) any {
	inner := a.context()
	if v := inner.Value(key); v == any(inner) {
		return v
	}
	return a.ctx.Value(key)
}

// context returns inner, and makes it if need be. Contexts of the caller's are asked without the lock.
func (a *attempt) context() context.Context {
	a.mu.Lock()
	inner, answered := a.inner, a.answered
	a.mu.Unlock()
	if inner != nil {
		return inner
	}
	inner, cancel := context.WithCancelCause(a.call.Context)
	unlink := func() bool { return true }
	if a.call.around && !answered {
		unlink = context.AfterFunc(a.ctx, func() { cancel(context.Cause(a.ctx)) })
	}
	if other := a.adopt(inner, cancel, unlink); other != nil {
		unlink()
		cancel(nil)
		return other
	}
	return inner
}

// adopt makes inner the context that ends with the attempt, or returns the one that does.
func (a *attempt) adopt(inner context.Context, cancel context.CancelCauseFunc, unlink func() bool) context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.inner != nil:
		return a.inner
	case a.over:
		cancel(nil)
	case a.answered:
		unlink()
	default:
		a.unlink = unlink
		if !a.until.IsZero() {
			a.timer = time.AfterFunc(time.Until(a.until), func() { cancel(&a.late) })
		}
	}
	a.inner, a.cancel = inner, cancel
	return nil
}

// A timeout is the failure of an attempt that ran out of the policy's time.
type timeout struct {
	limit time.Duration
	kind  error
}

func (e *timeout) Error() string   { return "no answer within " + e.limit.String() }
func (e *timeout) Unwrap() []error { return []error{e.kind, context.DeadlineExceeded} }
func (e *timeout) Timeout() bool   { return true }
