package retryhttp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/attempt"
)

// send makes one attempt, and returns once the headers of the answer are there.
func (c *call) send(ctx context.Context) (*http.Response, error) {
	if !c.ends.IsZero() {
		// This context ends with the attempt, which must not cut off the body.
		ctx = attempt.With(c, c.attempts+1)
	}
	var l *lease
	if c.limited {
		l = c.newLease(ctx)
		ctx = l.ctx
	}
	req, err := c.request(c.prove(ctx))
	var resp *http.Response
	if err == nil {
		resp, err = c.t.base().RoundTrip(req)
	}
	if l != nil {
		return l.keep(resp, err)
	}
	return resp, err
}

// prove watches the next attempt, if it may matter whether that is sent at all.
func (c *call) prove(ctx context.Context) context.Context {
	c.proof = nil
	if c.replay || !c.body.repeatable() || !c.limited && (c.req.URL == nil || c.req.URL.Scheme != "https") {
		return ctx
	}
	c.proof = new(proof)
	return c.proof.trace(ctx)
}

// unsent reports whether no server can have acted on the attempt that failed with err.
func (c *call) unsent(err error) bool {
	return c.proof != nil && c.proof.unsent() || Classify(err) == NeverSent
}

// A proof that a request was never sent is that a connection was asked for and none was had. It
// is only needed where the error doesn't tell: a TLS handshake that breaks looks like an answer
// that breaks, and an attempt's own time may end in either.
type proof struct{ asked, got atomic.Bool }

func (p *proof) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.got.Store(true) },
	})
}

func (p *proof) unsent() bool { return p.asked.Load() && !p.got.Load() }

// A lease limits the time of an attempt up to the headers of the answer. After them only the
// caller's context limits it; the lease is the body, and ends with that.
type lease struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	late   timeout
}

func (c *call) newLease(ctx context.Context) *lease {
	l := &lease{late: timeout{c.timeout, retry.ErrTimeout}}
	if !c.ends.IsZero() {
		if left := time.Until(c.ends); c.timeout <= 0 || left < c.timeout {
			l.late = timeout{left, retry.ErrTooLate}
		}
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.timer = time.AfterFunc(l.late.limit, func() { l.cancel(&l.late) })
	return l
}

// keep ends the limit, and the lease unless there is a body.
func (l *lease) keep(resp *http.Response, err error) (*http.Response, error) {
	if !l.timer.Stop() {
		// The time ran out, be it as the answer came: that has lost its body.
		if err == nil && resp != nil {
			resp.Body.Close()
		}
		l.cancel(&l.late)
		return nil, context.Cause(l.ctx)
	}
	if err != nil || resp == nil || resp.Body == nil || resp.Body == http.NoBody {
		l.cancel(nil)
		return resp, err
	}
	l.ReadCloser = resp.Body
	if w, ok := resp.Body.(io.Writer); ok { // after 101 Switching Protocols
		resp.Body = struct {
			*lease
			io.Writer
		}{l, w}
	} else {
		resp.Body = l
	}
	return resp, nil
}

func (l *lease) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err != nil {
		l.cancel(nil)
	}
	return n, err
}

func (l *lease) Close() error {
	defer l.cancel(nil)
	return l.ReadCloser.Close()
}

// A timeout is the failure of an attempt that ran out of the policy's time.
type timeout struct {
	limit time.Duration
	kind  error
}

func (e *timeout) Error() string   { return "no answer within " + e.limit.String() }
func (e *timeout) Unwrap() []error { return []error{e.kind, context.DeadlineExceeded} }
func (e *timeout) Timeout() bool   { return true }
