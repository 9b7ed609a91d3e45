package retryhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// An attempt is one request that is sent, with a body and an end of its own.
//
// If the policy limits the time of an attempt, or runs it in Around, the attempt is also the context of the request. It ends with
// the attempt's own context, or when its time is over, but only until the headers of the answer are there: after that, only
// the caller's context ends it, and with it the body that the caller reads. What it needs for this is made when somebody asks, so
// that it costs little where nobody waits.
type attempt struct {
	call  *call
	ctx   context.Context // what package retry gave to the attempt
	sent  *http.Request   // the caller's own, or out
	out   http.Request
	proof *proof // of whether it was sent; may be nil

	until time.Time // the end of its time, if that is limited
	late  timeout   // what it fails with then

	mu       sync.Mutex
	answered bool
	over     bool
	inner    context.Context // the caller's, with cancel
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	unlink   func() bool // inner from ctx
	body     io.ReadCloser
}

// send makes an attempt, and returns when the headers of the answer are there.
func (a *attempt) send() (*http.Response, error) {
	c := a.call
	if c.needsProof() {
		a.proof, a.ctx = c.t.watch(a.ctx)
	}
	ctx, limited := a.ctx, c.limited()
	if limited {
		a.limit()
		ctx = a
	}
	if err := a.request(ctx); err != nil {
		return nil, err
	}
	resp, err := c.t.base().RoundTrip(a.sent)
	if limited {
		return a.keep(resp, err)
	}
	return resp, err
}

// request makes the request of the attempt: the caller's own if nothing in it needs to differ.
func (a *attempt) request(ctx context.Context) error {
	c := a.call
	number := 1
	if c.t.SendAttempt {
		number = retry.Attempt(a.ctx)
	}
	if ctx == context.Context(c) && c.key == "" && number == 1 && !c.cookies && c.body.takeAsItIs() {
		a.sent = c.req
		return nil
	}
	a.out = *c.req.WithContext(ctx)
	a.sent = &a.out
	if !c.body.none {
		body, err := c.body.next()
		if err != nil {
			return retry.Stop(fmt.Errorf("retryhttp: making the request's body again: %w", err))
		}
		a.out.Body, a.out.GetBody = body, c.body.again
	}
	if c.key == "" && number == 1 && !c.cookies {
		return nil
	}
	if a.out.Header = c.req.Header.Clone(); a.out.Header == nil {
		a.out.Header = make(http.Header)
	}
	if number > 1 {
		a.out.Header.Set(AttemptHeader, strconv.Itoa(number))
	}
	if c.key != "" {
		a.out.Header.Set(keyHeader, c.key)
	}
	if c.cookies {
		a.out.Header.Del("Cookie")
	}
	if c.cookie != "" {
		a.out.Header.Set("Cookie", c.cookie)
	}
	return nil
}

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
	if w, ok := resp.Body.(io.Writer); ok { // after 101 Switching Protocols
		resp.Body = struct {
			*answer
			io.Writer
		}{(*answer)(a), w}
	} else {
		resp.Body = (*answer)(a)
	}
	return resp, nil
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
