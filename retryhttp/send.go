package retryhttp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// send makes one attempt, and returns once the headers of the answer are there. ctx ends when
// the attempt does, which must not cut off the body.
func (c *call) send(ctx context.Context) (*http.Response, error) {
	var l *lease
	if c.limited {
		l = newLease(ctx)
		ctx = l.ctx
	}
	req, err := c.request(c.prove(ctx))
	var resp *http.Response
	if err == nil {
		resp, err = c.t.base().RoundTrip(req)
	}
	if l != nil {
		return l.keep(resp, err, c.Context)
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

// A proof that a request was never sent is that a connection was asked for and none was had. It is only needed
// where the error doesn't tell: a TLS handshake that breaks looks like an answer that breaks, and
// an attempt's own time may end in either.
type proof struct{ asked, got atomic.Bool }

func (p *proof) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.got.Store(true) },
	})
}

func (p *proof) unsent() bool { return p.asked.Load() && !p.got.Load() }

// A lease is the context of an attempt whose answer outlives it: the attempt's own limit of time
// counts up to the headers, and after them only the caller's context does.
type lease struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	attempt context.Context
	stop    func() bool
}

func newLease(attempt context.Context) *lease {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(attempt))
	stop := context.AfterFunc(attempt, func() { cancel(context.Cause(attempt)) })
	return &lease{ctx, cancel, attempt, stop}
}

// keep turns from the attempt's context to the caller's.
func (l *lease) keep(resp *http.Response, err error, caller context.Context) (*http.Response, error) {
	if !l.stop() && err == nil && resp != nil {
		// The time ran out as the answer came, and took its body along.
		resp.Body.Close()
		err = context.Cause(l.attempt)
	}
	if err != nil || resp == nil {
		l.cancel(nil)
		return nil, err
	}
	if resp.Body == nil || resp.Body == http.NoBody {
		l.cancel(nil)
		return resp, nil
	}
	stop := context.AfterFunc(caller, func() { l.cancel(context.Cause(caller)) })
	b := &leased{resp.Body, func() { stop(); l.cancel(nil) }}
	if w, ok := resp.Body.(io.Writer); ok { // after 101 Switching Protocols
		resp.Body = struct {
			*leased
			io.Writer
		}{b, w}
	} else {
		resp.Body = b
	}
	return resp, nil
}

type leased struct {
	io.ReadCloser
	end func() // may be called more than once
}

func (b *leased) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *leased) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
