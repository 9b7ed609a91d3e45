package retryhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/callagain/retry/internal/override"
)

// Hint returns how long the server that sent resp asks its clients to wait before they send another request, and
// whether it asks at all. A field that makes no sense is ignored. A wait that is absurdly long is returned as it is, and is for
// the caller to refuse.
//
// It takes the first of these that resp has:
//
//   - Retry-After, and its forms in milliseconds, Retry-After-Ms and X-Ms-Retry-After-Ms;
//   - RateLimit (draft-ietf-httpapi-ratelimit-headers, as of version 7 and as of version 8);
//   - the fields of a rate limit with Remaining and Reset in their names, such as X-RateLimit-Reset.
//
// Times are seconds, seconds since 1970, or dates. Many servers send rate limits with every answer, so they count only where
// none remains, or with status 429 if what remains isn't said. Dates are compared with the response's own Date, so the clocks need
// not agree. docs/http.md has a table of all fields.
func Hint(resp *http.Response) (wait time.Duration, ok bool) {
	return hint(resp.StatusCode, resp.Header, time.Now())
}

func hint(status int, h http.Header, now time.Time) (time.Duration, bool) {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	if d, ok := retryAfter(h, now); ok {
		return d, true
	}
	_, d, ok := rateLimit(h, status == http.StatusTooManyRequests, now)
	return d, ok
}

// limited reports whether an answer with these fields refuses the request for a rate limit, whatever its status: it says
// when to come back, or that nothing remains.
func limited(h http.Header, now time.Time) bool {
	if _, ok := retryAfter(h, now); ok {
		return true
	}
	usedUp, _, _ := rateLimit(h, false, now)
	return usedUp
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3) and its forms in milliseconds.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	d, ok := longestOf(h["Retry-After"], parseWhen, now)
	for _, field := range [...]string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		ms, said := longestOf(h[field], milliseconds, now)
		switch {
		case !said:
		case ok && d-ms < time.Second && d >= ms: // the same, before it was rounded up
			return ms, true
		default:
			d, ok = max(d, ms), true
		}
	}
	return d, ok
}

// longestOf parses each value of a field that should have had one.
func longestOf(values []string, parse func(string) (when, bool), now time.Time) (longest time.Duration, ok bool) {
	for _, v := range values {
		if w, valid := parse(v); valid {
			longest, ok = max(longest, w.from(now)), true
		}
	}
	return longest, ok
}

// spread adds up to a tenth to a server's hint, so that clients who were all told the same don't all come back at
// once; but never so much that a hint which fits into the time left no longer does.
func spread(ctx context.Context, d, left time.Duration) time.Duration {
	if d >= left {
		return d // to be refused as it is
	}
	return d + override.Spread(ctx, min(d/10, 10*time.Second, (left-d)/2))
}
