package retryhttp

import (
	"net/http"

	"github.com/callagain/retry"
)

// A Transport is an [http.RoundTripper] that sends a request again when it fails. The zero
// value works, over [http.DefaultTransport]. It must not be changed or copied once it's used,
// and may be shared by any number of goroutines; make one and keep it, as one does with an
// [http.Client].
//
// A request is sent again if
//
//   - its method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE: RFC 9110, section
//     9.2.2), it has an Idempotency-Key or X-Idempotency-Key header, or its context is from
//     [WithReplay]; or else no server can have acted on it (see [NeverSent]); and
//   - it has no body, or one that its GetBody can make again, as [http.NewRequest] arranges for
//     the readers of packages bytes and strings. Any other body is sent once; see BufferBody.
//
// The policy's test decides which failures are worth it: errors, and answers with a status of
// 400 or above, which it is given as a [*StatusError]. What [Hint] says is obeyed; so is the
// server's word that it wants no retry (see [DoNotRetry]).
//
// An answer that is worth no further attempt, or after which there is none left, is returned
// with its body and a nil error, as without this Transport. A failure of the network that
// outlasts the attempts is a [*retry.Error]. Answers on the way are read to their end, within
// limits, so that connections are used again; idle connections are left alone.
type Transport struct {
	// Base sends the requests. If it's nil, it is http.DefaultTransport.
	Base http.RoundTripper

	// Policy says when to try again. In it, a nil Test is Transient. Timeout limits each
	// attempt up to the headers of the answer, and Within all of them: neither cuts off the
	// body of the response that is returned; the request's context does. See WithPolicy for
	// single requests.
	Policy retry.Policy

	// Budget returns the budget of a host (a URL's host, with its port if it has one) for
	// policies that have none, nil for no limit. It must be safe for concurrent use. If it's
	// nil, the Transport keeps one for each host, as retry.BudgetSettings{} makes it, for the
	// last few thousand hosts.
	Budget func(host string) *retry.Budget

	// NewKey, if not nil, mints an Idempotency-Key for each call whose method isn't idempotent
	// and whose request has no such header; it is the same in each of the call's attempts,
	// which are thus allowed. Set it to Text of crypto/rand, say, for servers that honour such
	// keys.
	NewKey func() string

	// SendAttempt makes the second attempt and those after it tell the server their number; see
	// AttemptHeader.
	SendAttempt bool

	// BufferBody is up to how many bytes of a body without GetBody are read into memory before
	// the first attempt, so that it can be sent again. A longer one is sent once. If it's 0,
	// nothing is buffered.
	BufferBody int64

	hosts hosts
}

// NewClient returns a client that makes requests again as p says, over [http.DefaultTransport].
// It is short for
//
//	&http.Client{Transport: &retryhttp.Transport{Policy: p}}
//
// Its Timeout, which is for the whole call with all attempts and the reading of the body, is
// not set.
func NewClient(p retry.Policy) *http.Client {
	return &http.Client{Transport: &Transport{Policy: p}}
}

// RoundTrip sends req, again if need be.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	o := optionsOf(req.Context())
	if o.governed {
		return t.base().RoundTrip(req)
	}
	c, err := t.newCall(req, o)
	if err != nil {
		return nil, err
	}
	defer c.abandon()
	p := t.policy(req, o)
	c.watch(&p)
	resp, err := retry.Get(c, p, c.attempt)
	return c.end(resp, err)
}

// CloseIdleConnections does what Base does. It is what [http.Client.CloseIdleConnections]
// calls, and is never called from here.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// policy returns the policy for req, with its budget.
func (t *Transport) policy(req *http.Request, o options) retry.Policy {
	p := t.Policy
	if o.policy != nil {
		p = *o.policy
	}
	if p.Budget == nil && req.URL != nil {
		if t.Budget != nil {
			p.Budget = t.Budget(req.URL.Host)
		} else {
			p.Budget = t.hosts.budget(req.URL.Host)
		}
	}
	return p
}
