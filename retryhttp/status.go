package retryhttp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/redact"
)

// A StatusError is the failure of a request that was answered with a status of 400 or above. It is what the policy of a
// [Transport] is asked about, and what [Check] and [Fetch] return.
//
// It never holds the query or the user info of the request's URL, since they often hold secrets. Its text has nothing of
// Header and Body either, since servers like to repeat the query there.
type StatusError struct {
	Method     string // of the request, "GET" if that was empty
	Host       string // of the request's URL, with its port if that has one
	Path       string // of the request's URL, escaped
	StatusCode int
	Header     http.Header // of the response: at most 16 KiB, those that say when to retry first
	Body       []byte      // at most the first 4 KiB; none in a Transport, where the body belongs to the response

	keyed bool // the request had an Idempotency-Key
}

// Error returns the method, host, path and status, such as "GET example.com/items: 503 Service Unavailable".
func (e *StatusError) Error() string {
	s := e.Method + " " + e.Host + e.Path + ": " + strconv.Itoa(e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		s += " " + text
	}
	return s
}

// newStatusError describes an answer to req, whose body it leaves alone.
func newStatusError(req *http.Request, resp *http.Response) *StatusError {
	e := &StatusError{Method: req.Method, StatusCode: resp.StatusCode, Header: bounded(resp.Header), keyed: hasKey(req)}
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	if req.URL != nil {
		e.Host, e.Path = redact.String(req.URL.Host), redact.String(req.URL.EscapedPath())
	}
	return e
}

// Check returns nil if resp has a status below 400. Otherwise it reads a piece of the body, closes it, and returns a
// [*StatusError], marked by [retry.After] with what [Hint] says and by [retry.Stop] if the server forbids a retry (see
// [DoNotRetry]). It is for the functions given to [retry.Do] and the like, with a policy whose RetryIf is [Transient] or
// another one of this package. With a [Transport] it isn't needed.
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
	err, _ := e.mark(req.Context(), timeLeft(req.Context(), time.Time{}))
	return err
}

const pieceSize = 4 << 10 // of a body, for a StatusError

// mark returns e with the marks that the server's answer calls for, and whether there are any.
func (e *StatusError) mark(ctx context.Context, left time.Duration) (error, bool) {
	if advice(e.Header) == forbids {
		return retry.Stop(e), true
	}
	if d, ok := hint(e.StatusCode, e.Header, time.Now()); ok {
		return retry.After(e, spread(ctx, d, left)), true
	}
	return e, false
}

// timeLeft returns how long a call may still take, until the end of ctx or the one given: what hints are spread over.
func timeLeft(ctx context.Context, end time.Time) time.Duration {
	if d, ok := ctx.Deadline(); ok && (end.IsZero() || d.Before(end)) {
		end = d
	}
	if end.IsZero() {
		return 5 * time.Minute // beyond which package retry refuses to wait
	}
	return time.Until(end)
}

// class returns the Class of e as docs/http.md has it.
func (e *StatusError) class() Class {
	again := retriedStatus(e.StatusCode)
	refused := e.StatusCode == http.StatusTooEarly || e.StatusCode == http.StatusTooManyRequests
	switch e.StatusCode {
	case http.StatusForbidden:
		refused = limited(e.Header, time.Now())
		again = refused
	case http.StatusRequestEntityTooLarge: // RFC 9110, section 15.5.14
		_, again = retryAfter(e.Header, time.Now())
	case http.StatusConflict: // draft-ietf-httpapi-idempotency-key-header: the first request is still being processed
		again = e.keyed
	}
	switch advice(e.Header) {
	case allows:
		again = true
	case forbids:
		again = false
	}
	switch {
	case !again:
		return Permanent
	case refused:
		return NeverSent
	}
	return MaybeApplied
}

// retriedStatus reports whether a status is retried whatever the answer's header.
func retriedStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, // Cloudflare: the server behind it is away, or doesn't answer
		529: // Anthropic: overloaded
		return true
	}
	return false
}

// Status returns a function that reports whether a failure is an answer with one of these statuses. As a policy's RetryIf
// it retries these and nothing else. Only a status of 400 or above is a failure; any other code panics, since it would never
// match.
func Status(codes ...int) func(failure error) bool {
	codes = slices.Clone(codes)
	for _, code := range codes {
		if code < 400 || code > 999 {
			panic(fmt.Sprintf("retryhttp: Status(%d): only statuses from 400 are failures", code))
		}
	}
	return func(failure error) bool {
		e := look(failure).status
		return e != nil && slices.Contains(codes, e.StatusCode)
	}
}

// Transient is what a policy without RetryIf retries in this package: failures of the network that aren't [Permanent], and
// the answers that docs/http.md lists, such as 429, 502 and 503. It reports false for a context.Canceled and for the
// [*retry.Error] of an inner call.
//
// It says which failures may pass. Whether the request may be sent again is another matter, and no function of a policy
// can allow it: see [Transport].
func Transient(failure error) bool {
	s := look(failure)
	return (s.class == NeverSent || s.class == MaybeApplied) && !s.canceled && !s.retried
}

// Network is like Transient for failures of the network, and reports false for any status. It is for use beside [Status]:
//
//	teapot := retryhttp.Status(418)
//	policy.RetryIf = func(failure error) bool { return retryhttp.Network(failure) || teapot(failure) }
func Network(failure error) bool {
	s := look(failure)
	return s.status == nil && (s.class == NeverSent || s.class == MaybeApplied) && !s.canceled && !s.retried
}
