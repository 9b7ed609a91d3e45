package retryhttp

import (
	"net/http"
	"strings"
	"sync"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/destination"
)

// A Transport is an [http.RoundTripper] that sends a request again when it fails. The zero value works, over
// [http.DefaultTransport]. It must not be changed or copied once it's used, and may be shared by any number of goroutines;
// make one and keep it, as one does with an [http.Client].
//
// A request is sent again if
//
//   - its method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE: RFC 9110, section 9.2.2), it has an Idempotency-Key or
//     X-Idempotency-Key header, or its context is from [WithIdempotent] or [WithKey]; or else no server can have acted on it (see
//     [NeverSent]); and
//   - it has no body; or one that its GetBody can make again, as [http.NewRequest] arranges for the readers of packages bytes and
//     strings; or one of which nothing was read. Any other body is sent once; see BufferBody.
//
// The policy decides which failures are retried: errors, and answers with a status of 400 or above, which it is told of as a
// [*StatusError]. It can't allow what the rules above forbid. A delay that [Hint] finds in an answer is never shortened, and a
// server that wants no retry gets none (see [DoNotRetry]).
//
// An answer that isn't retried, or after which no attempt is left, is returned with its body and a nil error, as without this
// Transport; for the policy's Budget and Observe it is a failure nevertheless. If Decide puts another error in the place of an answer
// that isn't retried, that error is returned. A failure of the network that outlasts the attempts is a [*retry.Error]. Answers on the
// way are read to their end, within limits, so that connections are used again; idle connections are left alone.
type Transport struct {
	// Base sends the requests. If it's nil, it is http.DefaultTransport.
	Base http.RoundTripper

	// Policy says when to retry. In it, a nil RetryIf is Transient. Timeout limits each attempt up to the headers of the answer,
	// and Within all of them: neither cuts off the body of the response that is returned; the request's context does, and
	// Client.Timeout. Use Fetch if the body is to be part of the attempt, and of its time. Around runs each attempt up to the headers
	// as well. See WithPolicy for single requests.
	Policy retry.Policy

	// Budget returns the budget of a host for policies that have none, nil for no limit. The host is in lower case and has its
	// port if that isn't the scheme's own. Budget must be safe for concurrent use. If it's nil, the Transport keeps a
	// retry.Budget for each host; see Budgets.
	Budget func(host string) *retry.Budget

	// NewKey, if not nil, makes an Idempotency-Key for each request whose method isn't idempotent and that has no such header; it is
	// the same in each of the attempts, which are thus allowed. A redirected request is another one, and gets another key. Set
	// it to Text of crypto/rand, say, for servers that honor such keys.
	NewKey func() string

	// SendAttempt makes the second attempt and those after it tell the server their number; see AttemptHeader.
	SendAttempt bool

	// BufferBody is the number of bytes of a body without GetBody that are read into memory before the first attempt, so
	// that it can be sent again. A longer body is sent once. If it's 0, nothing is buffered.
	BufferBody int64

	// Jar is the Jar of the client that uses the Transport. With it the cookies of an answer that is retried are stored, and sent by the
	// next attempt, as the client does with the last answer. It isn't needed for a client made by NewClient, nor with
	// Fetch.
	Jar http.CookieJar

	// Hedge, if not nil, sends a request that may be sent more than once a second time when its answer is slow, and takes the first answer that
	// is neither 429 nor 500 and above; see retry.HedgeSettings. Latencies and, without a Budget, the budget are those of each host, unless there is a State.
	// Each sending has a body of its own, and all have the same Idempotency-Key. Drop is not used: the answers that don't win are
	// closed. A hedge is part of its attempt: the policy sees one result. Over HTTP/2 all go through one connection, so a hedge helps
	// against a slow server behind it, and not against a slow connection.
	Hedge *retry.HedgeSettings

	client  *http.Client // made by NewClient; may be nil
	budgets destination.Budgets
	hedges  destination.Hedges
	proofs  sync.Pool
}

// NewClient returns a client that retries requests as p says, over [http.DefaultTransport]. It is short for
//
//	&http.Client{Transport: &retryhttp.Transport{Policy: p}}
//
// but its Transport knows the client's Jar, also if that is set later. A copy of the client that is given another Jar needs a
// Transport of its own, with that Jar. The client's Timeout, which is for the whole call with all attempts and the reading of
// the body, is not set.
func NewClient(p retry.Policy) *http.Client {
	c := new(http.Client)
	c.Transport = &Transport{Policy: p, client: c}
	return c
}

// RoundTrip sends req, more than once if need be.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if f := fetching(req); f != nil {
		return f.roundTrip(t, req)
	}
	c, p, err := t.newCall(req)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.end(retry.Do(c, p, c.attempt))
}

// CloseIdleConnections does what Base does. It is what [http.Client.CloseIdleConnections] calls.
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

// policy returns the policy for req, complete.
func (t *Transport) policy(req *http.Request, o *options) retry.Policy {
	p := t.Policy
	if o.policy != nil {
		p = *o.policy
	}
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	if p.Budget == nil && req.URL != nil {
		if t.Budget != nil {
			p.Budget = t.Budget(strings.Clone(hostOf(req.URL)))
		} else {
			p.Budget = t.budgets.Of(hostOf(req.URL))
		}
	}
	return p
}
