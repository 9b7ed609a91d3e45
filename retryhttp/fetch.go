package retryhttp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/pull"
)

// Fetch sends req with client and decodes the answer, as one attempt: if the connection breaks in the middle of the body, the
// request is retried. What decode returns is the result, also with an error; it need not read the body to its end, nor close it,
// and must not keep it. It isn't called for a status of 400 or above: that fails with a [*StatusError].
//
// Fetch does as the [Transport] of the client says, also if other RoundTrippers are wrapped around that, and as the zero Transport
// if there is none. The Transport leaves the retrying to Fetch, for this request and what it is redirected to; requests
// that something else makes with the same context are none of Fetch's business. The policy's limits of time and its Around
// include reading the body; the client's Timeout is for each attempt. A client that is nil is [http.DefaultClient]. The request isn't
// changed.
//
// An error from decode is a failure like any other, and retried unless it's marked by [retry.Stop] or the policy says
// otherwise. Fetch ends with a [*retry.Error], or with the failure itself if that isn't retried. A URL in it has no query and
// no user info.
func Fetch[T any](client *http.Client, req *http.Request, decode func(*http.Response) (T, error)) (T, error) {
	return fetchAs(client, req, nil, decode)
}

// fetchAs is Fetch with a function that changes the request of each attempt.
func fetchAs[T any](client *http.Client, req *http.Request, change func(*http.Request), decode func(*http.Response) (T, error)) (T, error) {
	var v T
	f, err := newFetch(client, req)
	if err != nil {
		return v, err
	}
	defer f.close()
	f.change = change
	for f.more() {
		resp, err := f.send()
		if err == nil {
			v, err = decoded(f, resp, decode)
		}
		f.end(err)
	}
	return v, f.unmarked(f.loop.Err())
}

// decoded returns the value of an answer, which it closes.
func decoded[T any](f *fetch, resp *http.Response, decode func(*http.Response) (T, error)) (T, error) {
	defer closeAfter(resp.Body, 0)
	v, err := decode(resp)
	if err != nil {
		err = f.fail(err, false)
	}
	return v, err
}

// A fetch is the state of one Fetch. It is also the context of the call, which is how a Transport finds it.
//
// The policy is that of the Transport that the first attempt comes to, which may be wrapped in others. So the call begins either before
// the first attempt, if the client's own Transport or a policy of the request says how; or in that Transport's RoundTrip; or
// after the attempt, if that came to none.
type fetch struct {
	context.Context
	client  http.Client
	req     *http.Request
	options options
	body    source
	change  func(*http.Request) // may be nil
	outcome

	loop   retry.Loop
	once   sync.Once // begins the call
	next   func() (context.Context, bool)
	ends   time.Time // when Within does, if that's set
	trying bool
	sent   bool // there was an attempt

	redirected bool
	hop        atomic.Pointer[http.Request] // the latest request of the attempt
	proof      *proof                       // of whether that was sent

	// A RoundTripper may come to the Transport in another goroutine, and late: for an attempt that was given up.
	mu      sync.Mutex
	replay  bool              // the request may be sent more than once
	attempt context.Context   // the latest; nil until the call has begun
	over    bool              // there is no attempt to make
	apart   bool              // the attempt began after its request was made, so that its context isn't in the request's
	keys    map[string]string // that were made, by request
	release []func()
	closed  bool
}

type fetchKey struct{}

func (f *fetch) Value(key any) any {
	if key == (fetchKey{}) {
		return f
	}
	return f.Context.Value(key)
}

func newFetch(client *http.Client, req *http.Request) (*fetch, error) {
	if client == nil {
		client = http.DefaultClient
	}
	f := &fetch{Context: req.Context(), client: *client, req: req, options: optionsOf(req.Context()), body: newSource(req)}
	f.replay = f.options.idempotent || idempotent(req)
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	f.client.Transport = hops{f, base}
	first, known := base.(*Transport)
	if _, plain := base.(*http.Transport); plain || !known && f.options.policy != nil {
		first, known = &fallback, true
	}
	if known {
		p := first.policy(req, &f.options)
		if err := f.body.bufferWithin(f, first.BufferBody, &p); err != nil {
			return nil, err
		}
		f.once.Do(func() { f.start(p) })
	}
	return f, nil
}

// fallback has the budgets for the fetches of clients without a Transport.
var fallback Transport

// begin begins the call by the policy of t, unless it has begun. It reports whether there is an attempt.
func (f *fetch) begin(t *Transport) bool {
	f.once.Do(func() { f.start(t.policy(f.req, &f.options)) })
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.over
}

// start begins the call, with its first attempt.
func (f *fetch) start(p retry.Policy) {
	f.over = true // in case of a panic
	if p.Within > 0 {
		f.ends = time.Now().Add(p.Within)
	}
	next, stop := pull.Pull(f.loop.Attempts(f, p))
	f.next, f.release = next, append(f.release, stop)
	ctx, ok := next()
	f.attempt, f.over = ctx, !ok
}

// more begins an attempt, and reports whether there is one.
func (f *fetch) more() bool {
	if f.sent && !f.over {
		ctx, ok := f.next()
		f.mu.Lock()
		f.attempt, f.over, f.apart = ctx, !ok, false
		f.mu.Unlock()
	}
	f.trying = !f.over
	return !f.over
}

// send makes an attempt up to the headers of a good answer.
func (f *fetch) send() (*http.Response, error) {
	f.sent, f.redirected, f.proof = true, false, nil
	ctx := f.attempt
	if ctx == nil {
		ctx = f
		f.mu.Lock()
		f.apart = true
		f.mu.Unlock()
	}
	req, err := f.request(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := f.client.Do(req)
	f.hop.Store(nil)
	if !f.begin(&fallback) {
		closeBody(resp)
		return nil, f.loop.Err()
	}
	if err != nil {
		// Whoever sent a redirect has seen the request.
		unsent := !f.redirected && (f.proof.unsent() || Classify(err) == NeverSent)
		return nil, f.fail(clean(shorten(f.proof.refused(err))), unsent)
	}
	fallback.done(f.proof, true)
	if resp.StatusCode < 400 {
		return resp, nil
	}
	sent := resp.Request
	if sent == nil {
		sent = req
	}
	e := newStatusError(sent, resp)
	e.Body = closeAfter(resp.Body, pieceSize)
	if settled(resp, nil) {
		return nil, f.tell(e, retry.Stop(e), true)
	}
	f.fail(e, !f.redirected && e.class() == NeverSent)
	return nil, f.mark(f, e, timeLeft(f, f.ends))
}

func (f *fetch) fail(err error, unsent bool) error {
	if f.body.repeatable() && (f.safe(false) || unsent) && !canceled(f.req) {
		return f.tell(err, err, false)
	}
	return f.tell(err, retry.Stop(err), true)
}

// end says how an attempt ended.
func (f *fetch) end(err error) {
	if !f.over {
		f.loop.Done(err)
	}
	f.trying = false
}

// close ends the call, and closes the request's body if it wasn't sent.
func (f *fetch) close() {
	if f.trying && !f.over {
		f.loop.Done(errPanicked)
	}
	f.mu.Lock()
	release := f.release
	f.closed = true
	f.mu.Unlock()
	for _, fn := range slices.Backward(release) {
		fn()
	}
	f.body.close()
}

var errPanicked = errors.New("retryhttp: the function given to Fetch panicked")
