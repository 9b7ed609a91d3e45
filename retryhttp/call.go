package retryhttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callagain/retry"
)

// A call is the state of one RoundTrip. It is also the context of the whole call, the request's, which is how the observer finds
// it: one allocation serves for all.
type call struct {
	context.Context
	t        *Transport
	req      *http.Request // the caller's, never changed
	body     source
	key      string // added to the request
	cookies  bool   // an answer has changed the request's
	cookie   string // what they are now
	replay   bool   // the request is safe to send twice
	around   bool   // the contexts of attempts may end by themselves
	begun    bool   // there was an attempt
	finished bool
	spent    bool          // it ended with an answer since no more attempts were to be made
	timeout  time.Duration // of each attempt, if positive
	ends     time.Time     // when Within ends, if that's set
	observe  func(context.Context, retry.Event)

	resp    *http.Response // the latest answer
	outcome                // of the latest attempt
	first   attempt
}

type callKey struct{}

// Value makes the innermost call findable in the contexts of the requests it sends.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// newCall returns the call for a request, and the policy for retry.Do.
func (t *Transport) newCall(req *http.Request) (*call, retry.Policy, error) {
	o := optionsOf(req.Context())
	p := t.policy(req, &o)
	c := &call{Context: req.Context(), t: t, req: req, body: newSource(req)}
	if err := c.body.bufferWithin(c.Context, t.BufferBody, &p); err != nil {
		return nil, p, err
	}
	c.key = t.newKey(req, &o)
	c.replay = c.key != "" || o.idempotent || idempotent(req)

	c.around = p.Around != nil
	if p.Timeout > 0 {
		// Package retry would end the context of an attempt that is over, and the body with it.
		c.timeout, p.Timeout = p.Timeout, 0
	}
	c.observe, p.Observe = p.Observe, observe
	if p.Within > 0 {
		c.ends = time.Now().Add(p.Within)
		if !c.around {
			p.Within = 0 // c has a deadline instead, which costs nothing
		}
	}
	return c, p, nil
}

// Deadline returns the end of Within if that comes before the caller's deadline. An attempt sees to it that it ends then.
func (c *call) Deadline() (time.Time, bool) {
	theirs, ok := c.Context.Deadline()
	if c.ends.IsZero() || ok && theirs.Before(c.ends) {
		return theirs, ok
	}
	return c.ends, true
}

// limited reports whether attempts end before their answers' bodies do.
func (c *call) limited() bool { return c.timeout > 0 || c.around || !c.ends.IsZero() }

// needsProof reports whether it may matter how far an attempt came.
func (c *call) needsProof() bool {
	return c.req.URL != nil && c.req.URL.Scheme == "https" || c.limited() && !c.replay && c.body.repeatable()
}

// attempt makes an attempt. An answer that is a failure comes with an error.
func (c *call) attempt(ctx context.Context) error {
	a := &c.first
	if c.begun {
		a = new(attempt)
	}
	c.begun = true
	a.call, a.ctx = c, ctx
	c.resp, c.outcome = nil, outcome{}
	resp, err := a.send()
	defer c.t.done(a.proof, err == nil)
	if err != nil {
		return c.fail(shorten(a.proof.refused(err)), a.proof.unsent() || Classify(err) == NeverSent)
	}
	c.resp = resp
	if resp == nil || resp.StatusCode < 400 {
		return nil
	}
	e := newStatusError(a.sent, resp)
	if settled(resp, c) {
		return c.tell(e, retry.Stop(e), true)
	}
	c.fail(e, e.class() == NeverSent)
	return c.mark(c, e, timeLeft(c, c.ends))
}

// fail returns err as package retry is to see it: marked if the request must not, or can't, be sent again after it.
func (c *call) fail(err error, unsent bool) error {
	if c.body.repeatable() && (c.replay || unsent) && !canceled(c.req) {
		return c.tell(err, err, false)
	}
	return c.tell(err, retry.Stop(err), true)
}

// An outcome is the failure of an attempt.
type outcome struct {
	failure error // nil if it was a success
	told    error // the same, as package retry was told
	marked  bool  // told has a mark that failure hasn't
}

func (o *outcome) tell(err, told error, marked bool) error {
	*o = outcome{err, told, marked}
	return told
}

// mark adds the marks of an answer to what package retry is told, unless there is a stronger one.
func (o *outcome) mark(ctx context.Context, e *StatusError, left time.Duration) error {
	if !o.marked {
		o.told, o.marked = e.mark(ctx, left)
	}
	return o.told
}

// unmarked returns the error of a call as its caller should see it: without a mark of this package's.
func (o *outcome) unmarked(err error) error {
	if o.marked && err == o.told { // which is of package retry, and can be compared
		return o.failure
	}
	return err
}

// canceled reports whether the caller has closed the old-fashioned Cancel channel.
func canceled(req *http.Request) bool {
	select {
	case <-req.Cancel: //lint:ignore SA1019 net/http obeys it, so its callers may rely on it
		return true
	default:
		return false
	}
}

// settled reports whether resp comes from a Transport below c that has already tried its best.
func settled(resp *http.Response, c *call) bool {
	if resp.Request == nil {
		return false
	}
	inner, ok := resp.Request.Context().Value(callKey{}).(*call)
	return ok && inner != c && inner.spent
}

// observe throws an answer away as soon as another attempt is certain, so that its connection isn't held for the length of
// the delay.
func observe(ctx context.Context, e retry.Event) {
	c := ctx.Value(callKey{}).(*call)
	if e.Retry && c.resp != nil {
		c.t.keepCookies(c, c.resp)
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

// end makes the result of the call from that of its attempts. An answer is the result, whatever the reason for not retrying, unless
// the policy made another error of it, or the caller doesn't want it any more.
func (c *call) end(err error) (*http.Response, error) {
	if err == nil {
		c.finished = true
		return c.resp, nil
	}
	if c.resp != nil && c.failure != nil {
		e, gaveUp := err.(*retry.Error)
		if gaveUp && c.Err() == nil && !errors.Is(e.Reason, retry.ErrInvalid) || !gaveUp && err == c.told {
			c.spent = gaveUp && e.Attempts > 1
			c.finished = true
			return c.resp, nil
		}
	}
	return nil, c.unmarked(err)
}

// close closes what a call may have left open, even if it ended in a panic.
func (c *call) close() {
	c.body.close()
	if !c.finished {
		c.discard()
	}
	c.resp, c.outcome = nil, outcome{} // the answer's request refers to the call
}
