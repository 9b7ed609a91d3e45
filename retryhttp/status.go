package retryhttp

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/callagain/retry"
)

// A StatusError is the failure of a request that was answered, with a status of 400 or above.
// It is what a [Transport] puts to the policy's test, and what [Check] and [Fetch] return.
//
// It never holds the query or the user info of the request's URL; they often hold secrets. Its
// text has nothing of Header and Body either, since servers like to repeat the query there.
type StatusError struct {
	Method     string // of the request, "GET" if that was empty
	Host       string // of the request's URL, with its port if that has one
	Path       string // of the request's URL, escaped
	StatusCode int
	Header     http.Header // of the response
	Body       []byte      // at most the first 4 KiB; none in a Transport, where it belongs to the response
}

// Error returns the method, host, path and status, such as "GET example.com/items: 503 Service
// Unavailable".
func (e *StatusError) Error() string {
	s := e.Method + " " + e.Host + e.Path + ": " + strconv.Itoa(e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		s += " " + text
	}
	return s
}

// newStatusError describes an answer to req, whose body it leaves alone.
func newStatusError(req *http.Request, resp *http.Response) *StatusError {
	e := &StatusError{Method: req.Method, StatusCode: resp.StatusCode, Header: resp.Header}
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	if req.URL != nil {
		e.Host, e.Path = req.URL.Host, req.URL.EscapedPath()
	}
	return e
}

// Check returns nil if resp has a status below 400. Otherwise it reads a piece of the body,
// closes it, and returns a [*StatusError], marked by [retry.After] with what [Hint] says and by
// [retry.Stop] if the server forbids a retry (see [DoNotRetry]). It is for the functions given
// to [retry.Do] and its kin, with a policy whose Test is [Transient] or another one of this
// package; a [Transport] needs no such thing.
func Check(resp *http.Response) error {
	if resp.StatusCode < 400 {
		return nil
	}
	req := resp.Request
	if req == nil {
		req = new(http.Request)
	}
	e := newStatusError(req, resp)
	e.Body = closeAfter(resp.Body, pieceSize)
	return e.marked(timeLeft(req.Context()))
}

// marked returns e with the marks that the server's answer calls for.
func (e *StatusError) marked(left time.Duration) error {
	if forbidden(e.Header) {
		return retry.Stop(e)
	}
	if d, ok := hint(e.StatusCode, e.Header, time.Now()); ok {
		return retry.After(e, spread(d, left))
	}
	return e
}

// timeLeft returns how long a call may still take: what hints are spread over.
func timeLeft(ctx context.Context) time.Duration {
	if d, ok := ctx.Deadline(); ok {
		return time.Until(d)
	}
	return 5 * time.Minute // beyond which package retry refuses to wait
}

const pieceSize = 4 << 10 // of a body, for a StatusError

// transientStatus reports whether the table of [Transient] has the status.
func transientStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	}
	return false
}
