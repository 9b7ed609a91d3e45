package retryhttp

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/hedging"
)

// send sends a request of an attempt: once, or, if the Transport hedges and the request may be sent again, a second time beside it when the
// answer is slow.
func (t *Transport) send(req *http.Request, replay bool) (*http.Response, error) {
	if t.Hedge == nil || !replay || req.URL == nil || req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return t.base().RoundTrip(req)
	}
	s := *t.Hedge
	if s.State == nil {
		s.State = t.hedges.Of(hostOf(req.URL), "")
	}
	s.Drop = drop
	// Attempts may still read the request when the caller has its answer, and changes it for the next one.
	own := req.Clone(req.Context())
	own.Trailer = req.Trailer // set while the body is read
	h := hedged{t: t, req: own}
	v, release, err := hedging.Do(req.Context(), s, h.attempt)
	h.close()
	resp, _ := v.(*http.Response)
	switch e, gaveUp := err.(*retry.Error); {
	case resp != nil && lost(err):
		err = nil // all have failed: an answer is the result nevertheless
	case gaveUp:
		err = e.Reason // the context's: it is for the policy to say what follows
	}
	if err != nil {
		release()
		closeBody(resp)
		return nil, err
	}
	if resp == nil || resp.Body == nil || resp.Body == http.NoBody {
		release()
		return resp, nil
	}
	resp.Body = releasing(resp.Body, release)
	return resp, nil
}

// A hedged request is sent by several attempts at the same time, each with a body of its own.
type hedged struct {
	t   *Transport
	req *http.Request

	mu   sync.Mutex
	used bool // an attempt has the request's own body
}

// attempt sends the request once. A status that says that the server is in trouble doesn't win.
func (h *hedged) attempt(ctx context.Context) (any, error) {
	req := h.req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody && !h.takeBody() {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	resp, err := h.t.base().RoundTrip(req)
	switch {
	case resp == nil:
		return nil, err
	case err != nil || resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests:
		return resp, err
	}
	failure := error(&loser{resp.StatusCode})
	if wait, ok := Hint(resp); ok {
		failure = retry.After(failure, wait)
	}
	return resp, failure
}

// takeBody reports whether the caller's own body is still to be sent.
func (h *hedged) takeBody() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.used
	h.used = true
	return first
}

// close closes the body if no attempt has taken it.
func (h *hedged) close() {
	if h.takeBody() && h.req.Body != nil {
		h.req.Body.Close()
	}
}

// A loser is the failure of an answer that doesn't win.
type loser struct{ status int }

func (l *loser) Error() string { return http.StatusText(l.status) }

// lost reports whether a loser is in err, which may have no end.
func lost(err error) bool {
	return errtree.Find(err, func(e error) bool {
		_, is := e.(*loser)
		return is
	})
}

// drop closes an answer that isn't the result, in a goroutine of its own attempt.
func drop(v any) {
	if resp, ok := v.(*http.Response); ok && resp != nil {
		closeAfter(resp.Body, 0)
	}
}

// releasing returns body, which releases its attempt's context at its end.
func releasing(body io.ReadCloser, release func()) io.ReadCloser {
	return wrapped(body, &winner{body, release})
}

type winner struct {
	io.ReadCloser
	release func()
}

func (w *winner) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil {
		w.release()
	}
	return n, err
}

func (w *winner) Close() error {
	defer w.release()
	return w.ReadCloser.Close()
}
