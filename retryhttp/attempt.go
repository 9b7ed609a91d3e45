package retryhttp

import (
	"context"
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
	resp, err := c.t.send(a.sent, c.replay)
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
			return retry.Stop(errAgain(err))
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
