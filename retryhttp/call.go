package retryhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/callagain/retry"
)

// A call is the state of one RoundTrip or Fetch. It is also the context of the whole call, the
// request's, which is how the observer finds it: one allocation serves for all.
type call struct {
	context.Context
	t         *Transport
	req       *http.Request // the caller's, never changed
	body      source
	key       string // minted for this call
	replay    bool   // the request is safe to send twice
	limited   bool   // by the policy's own limits of time
	copies    bool   // even the first attempt sends a copy of req
	finished  bool
	exhausted bool // it ended with an answer for want of attempts
	attempts  int
	ends      time.Time // when Within ends, if that's set
	proof     *proof    // of whether the attempt was sent

	newTest func() retry.Test // the policy's, if it isn't Transient
	test    retry.Test
	judged  bool // the test has seen the latest failure
	observe func(context.Context, retry.Event)

	resp     *http.Response // the latest answer, if it's a failure that may yet be returned
	failure  error          // the latest
	returned error          // that with its marks
	verdict  error          // of the test on resp, if it made another error of it
}

type callKey struct{}

// Value makes the innermost call findable in the contexts of the requests it sends.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// settled reports whether resp comes from a Transport below this one that has already tried its best.
func (c *call) settled(resp *http.Response) bool {
	if resp.Request == nil {
		return false
	}
	inner, ok := resp.Request.Context().Value(callKey{}).(*call)
	return ok && inner != c && inner.exhausted
}

func (t *Transport) newCall(req *http.Request, o options) (*call, error) {
	body, err := newSource(req, t.BufferBody)
	if err != nil {
		return nil, fmt.Errorf("retryhttp: buffering the request's body: %w", err)
	}
	c := &call{Context: req.Context(), t: t, req: req, body: body, replay: o.replay}
	if !idempotent(req) {
		if t.NewKey != nil {
			c.key = t.NewKey()
		}
		c.replay = c.replay || c.key != ""
	} else {
		c.replay = true
	}
	return c, nil
}

// idempotent reports whether req is, by its method or by a key. A header that is there without a
// value counts, as it does for net/http, which doesn't send such a one.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPut, http.MethodDelete:
		return true
	}
	for _, key := range [...]string{keyHeader, "X-Idempotency-Key"} {
		if _, ok := req.Header[key]; ok {
			return true
		}
	}
	return false
}

const keyHeader = "Idempotency-Key"

// watch puts the call between the policy and its own observer.
func (c *call) watch(p *retry.Policy) {
	c.limited = p.Timeout > 0 || p.Within > 0
	if p.Within > 0 {
		c.ends = time.Now().Add(p.Within)
	}
	if p.Test == nil {
		p.Test = Transient
	}
}

// answerable makes p fit for calls that return a last answer.
func (c *call) answerable(p *retry.Policy) {
	c.newTest, c.observe = p.Test, p.Observe
	c.watch(p)
	p.Observe = observe
	if c.newTest != nil {
		p.Test = c.makeTest
	}
}

// observe throws an answer away as soon as another attempt is certain, so that its connection isn't held for
// the length of the delay.
func observe(ctx context.Context, e retry.Event) {
	c := ctx.(*call)
	if e.Kind == retry.Retrying {
		c.discard()
	}
	if c.observe != nil {
		c.observe(c.Context, e)
	}
}

func (c *call) discard() {
	if c.resp != nil {
		closeAfter(c.resp.Body, 0)
		c.resp = nil
	}
}

// makeTest makes what package retry asks. The policy's own test has judged an answer by then.
func (c *call) makeTest() retry.Test {
	if c.test == nil {
		if c.test = c.newTest(); c.test == nil {
			return nil
		}
	}
	return func(err error) error {
		if c.judged {
			return nil
		}
		return c.test(err)
	}
}

// attempt makes one. An answer that is a success, or that the test doesn't want another attempt
// after, is the call's result; any other comes with an error.
func (c *call) attempt(ctx context.Context) (*http.Response, error) {
	c.judged = false
	resp, err := c.send(ctx)
	switch {
	case err != nil:
		return nil, c.fail(err, c.unsent(err))
	case resp == nil || resp.StatusCode < 400:
		return resp, nil
	}
	c.resp = resp
	e := newStatusError(c.req, resp)
	judge := transient
	if c.newTest != nil {
		if c.test == nil {
			c.test = c.newTest()
		}
		if judge = c.test; judge == nil {
			return resp, e // to end as every call of such a policy does
		}
	}
	verdict := judge(e)
	c.judged = true
	switch {
	case verdict == error(e):
		c.resp = nil
		return resp, nil
	case verdict != nil:
		c.verdict = verdict
		return resp, retry.Stop(verdict)
	case c.settled(resp):
		return resp, retry.Stop(e)
	}
	return resp, c.fail(e.marked(c.left()), false)
}

// fail returns err with a mark if req must not, or can't, be sent again after it.
func (c *call) fail(err error, unsent bool) error {
	c.failure, c.returned = err, err
	if !c.body.repeatable() || !c.replay && !unsent || c.cancelled() {
		c.returned = retry.Stop(err)
	}
	return c.returned
}

// cancelled reports whether the caller has closed the old-fashioned Cancel channel.
func (c *call) cancelled() bool {
	select {
	case <-c.req.Cancel:
		return true
	default:
		return false
	}
}

// request makes the request of the next attempt: req itself if nothing in it needs to differ.
func (c *call) request(ctx context.Context) (*http.Request, error) {
	c.attempts++
	number := c.attempts > 1 && c.t.SendAttempt
	if c.attempts == 1 && ctx == context.Context(c) && c.key == "" && !c.body.own && !c.copies {
		c.body.first = nil
		return c.req, nil
	}
	req := c.req.WithContext(ctx)
	if !c.body.none {
		body, err := c.body.next()
		if err != nil {
			return nil, retry.Stop(fmt.Errorf("retryhttp: making the request's body again: %w", err))
		}
		req.Body, req.GetBody = body, c.body.again
	}
	if number || c.key != "" || c.copies {
		if req.Header = req.Header.Clone(); req.Header == nil {
			req.Header = make(http.Header)
		}
	}
	if number {
		req.Header.Set(AttemptHeader, strconv.Itoa(c.attempts))
	}
	if c.key != "" {
		req.Header.Set(keyHeader, c.key)
	}
	return req, nil
}

func (c *call) left() time.Duration {
	if c.ends.IsZero() {
		return timeLeft(c)
	}
	left := time.Until(c.ends)
	if d, ok := c.Deadline(); ok {
		left = min(left, time.Until(d))
	}
	return left
}

// end makes the result of the call from that of its attempts.
func (c *call) end(resp *http.Response, err error) (*http.Response, error) {
	if err == nil {
		c.finished = true
		return resp, nil
	}
	if c.resp != nil && c.verdict == nil && c.Err() == nil && !errors.Is(err, retry.ErrPolicy) {
		_, gaveUp := err.(*retry.Error)
		c.exhausted = gaveUp && c.attempts > 1
		c.finished = true
		return c.resp, nil
	}
	switch {
	case c.verdict != nil:
		return nil, c.verdict
	case err == c.returned:
		return nil, c.failure
	}
	return nil, err
}

// abandon closes what a call that ends without an answer may have left open, even if that was a panic.
func (c *call) abandon() {
	if !c.finished {
		c.body.close()
		c.discard()
	}
}
