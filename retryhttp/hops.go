package retryhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/callagain/retry"
)

// hops is what the client of a Fetch sends its requests through: the request, and those that follow from redirects.
type hops struct {
	fetch *fetch
	next  http.RoundTripper
}

// request makes the request of an attempt. The client adds cookies to it.
func (f *fetch) request(ctx context.Context) (*http.Request, error) {
	req := f.req.WithContext(ctx)
	if req.Header = req.Header.Clone(); req.Header == nil {
		req.Header = make(http.Header)
	}
	if f.change != nil {
		f.change(req)
	}
	if f.body.none {
		return req, nil
	}
	body, err := f.body.next()
	if err != nil {
		return nil, retry.Stop(errAgain(err))
	}
	req.Body, req.GetBody = body, f.body.again
	return req, nil
}

// safe reports whether the request may be sent more than once, and makes it so if it has got a key.
func (f *fetch) safe(keyed bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replay = f.replay || keyed
	return f.replay
}

// noKeys adds the key of a context, and makes none.
var noKeys Transport

func (h hops) RoundTrip(req *http.Request) (*http.Response, error) {
	f := h.fetch
	f.redirected = req.Response != nil
	ctx := req.Context()
	if req.URL.Scheme == "https" || !f.safe(false) {
		f.proof, ctx = fallback.watch(ctx)
	}
	key := noKeys.newKey(req, &f.options)
	out := req.WithContext(ctx)
	if key != "" {
		f.safe(!f.redirected)
		out.Header = out.Header.Clone()
		out.Header.Set(keyHeader, key)
	}
	f.hop.Store(out)
	return h.next.RoundTrip(out)
}

// fetching returns the Fetch that req is a request of; nil if there is none, or if something else makes req with the context
// of a Fetch, such as a RoundTripper on the way that needs a token.
func fetching(req *http.Request) *fetch {
	f, _ := req.Context().Value(fetchKey{}).(*fetch)
	if f == nil {
		return nil
	}
	hop := f.hop.Load()
	if hop == nil || req.URL == nil || req.Method != hop.Method || req.URL.Host != hop.URL.Host || req.URL.Path != hop.URL.Path {
		return nil
	}
	return f
}

// roundTrip sends a request of the Fetch once, as t does, and leaves the retrying to Fetch.
func (f *fetch) roundTrip(t *Transport, req *http.Request) (*http.Response, error) {
	if !f.begin(t) {
		if req.Body != nil {
			req.Body.Close()
		}
		if err := f.loop.Err(); err != nil {
			return nil, err
		}
		return nil, errEnded
	}
	f.mu.Lock()
	attempt, apart := f.attempt, f.apart
	f.mu.Unlock()
	ctx := req.Context()
	if apart {
		ctx = f.joined(ctx, attempt)
	}
	number := 1
	if t.SendAttempt && sameOrigin(f.req.URL, req.URL) {
		number = retry.Attempt(attempt)
	}
	key := f.key(t, req)
	if ctx != req.Context() || number > 1 || key != "" {
		req = req.WithContext(ctx)
	}
	if number > 1 || key != "" {
		if req.Header = req.Header.Clone(); req.Header == nil {
			req.Header = make(http.Header)
		}
	}
	if number > 1 {
		req.Header.Set(AttemptHeader, strconv.Itoa(number))
	}
	if key != "" {
		req.Header.Set(keyHeader, key)
	}
	return t.send(req, f.safe(false))
}

// errEnded is for who gave up on a request, and sends it when the call has succeeded without.
var errEnded = errors.New("retryhttp: the Fetch that made this request has ended")

// key returns the key that t adds to req: a new one for each request, redirected ones included, and the same in each attempt.
func (f *fetch) key(t *Transport, req *http.Request) string {
	if t.NewKey == nil || idempotent(req) {
		return ""
	}
	which := "" // the request itself, whatever a RoundTripper adds to its query
	if req.Response != nil {
		which = req.Method + " " + req.URL.String()
	}
	f.mu.Lock()
	key, known := f.keys[which]
	f.mu.Unlock()
	if !known {
		made := t.NewKey()
		f.mu.Lock()
		if key, known = f.keys[which]; !known {
			if f.keys == nil || len(f.keys) >= mostKeys { // a server may redirect each attempt to another URL
				own, has := f.keys[""]
				if f.keys = make(map[string]string); has {
					f.keys[""] = own
				}
			}
			key, f.keys[which] = made, made
		}
		f.replay = f.replay || key != "" && req.Response == nil
		f.mu.Unlock()
	}
	return key
}

const mostKeys = 100

// joined returns ctx with the end and the values of the attempt that began after ctx was made.
func (f *fetch) joined(ctx, attempt context.Context) context.Context {
	if attempt == context.Context(f) {
		return ctx
	}
	inner, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(attempt, func() { cancel(context.Cause(attempt)) })
	f.mu.Lock()
	over := f.closed
	f.release = append(f.release, func() { stop(); cancel(nil) })
	f.mu.Unlock()
	if over {
		cancel(nil)
	}
	return &joined{inner, attempt}
}

type joined struct {
	context.Context
	attempt context.Context
}

func (j *joined) Value(key any) any {
	if v := j.Context.Value(key); v != nil {
		return v
	}
	return j.attempt.Value(key)
}
