package retryhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	timeout   time.Duration // of each attempt, if positive
	ends      time.Time     // when Within ends, if that's set
	proof     *proof        // of whether the attempt was sent

	newTest func() retry.Test // the policy's, if it isn't Transient
	test    retry.Test
	judged  bool // the test has seen the latest failure
	observe func(context.Context, retry.Event)

	resp    *http.Response // the latest answer, if it's a failure that may yet be returned
	failure error          // the latest
	stopped error          // that with a mark of this package's own, if it has one
	verdict error          // of the test on resp, if it made another error of it
}

type callKey struct{}

// Value makes the innermost call findable in the contexts of the requests it sends.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// settled reports whether resp comes from a Transport below this one that has already tried its
// best.
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
	c := &call{Context: req.Context(), t: t, req: req, body: body}
	same := idempotent(req)
	if !same && t.NewKey != nil {
		c.key = t.NewKey()
	}
	c.replay = same || o.replay || c.key != ""
	return c, nil
}

// adopt fills in the policy and notes what the call has to know of it.
func (c *call) adopt(p *retry.Policy) {
	c.limited = p.Timeout > 0 || p.Within > 0
	if p.Within > 0 {
		c.ends = time.Now().Add(p.Within)
	}
	if p.Test == nil {
		p.Test = Transient
	}
}

// watch is adopt for a call that may return its last answer: it comes between the policy and
// its own test and observer.
func (c *call) watch(p *retry.Policy) {
	c.newTest, c.observe = p.Test, p.Observe
	c.adopt(p)
	if p.Timeout > 0 {
		// Package retry would end the context of an attempt that is over, and the body with it.
		c.timeout, p.Timeout = p.Timeout, 0
	}
	p.Observe = observe
	if c.newTest != nil {
		p.Test = c.makeTest
	}
}

// observe throws an answer away as soon as another attempt is certain, so that its connection
// isn't held for the length of the delay.
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
	c.failure, c.stopped = err, nil
	if c.body.repeatable() && (c.replay || unsent) && !c.cancelled() {
		return err
	}
	c.stopped = retry.Stop(err)
	return c.stopped
}

// unmarked returns the call's error as its caller should see it: without the mark.
func (c *call) unmarked(err error) error {
	if c.stopped != nil && err == c.stopped {
		return c.failure
	}
	return err
}

// cancelled reports whether the caller has closed the old-fashioned Cancel channel.
func (c *call) cancelled() bool {
	select {
	case <-c.req.Cancel: //lint:ignore SA1019 net/http obeys it, so its callers may rely on it
		return true
	default:
		return false
	}
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
	if c.verdict != nil {
		return nil, c.verdict
	}
	return nil, c.unmarked(err)
}

// abandon closes what a call that ends without an answer may have left open, even if that was a
// panic.
func (c *call) abandon() {
	if !c.finished {
		c.body.close()
		c.discard()
	}
}
