package retryhttp

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Hint returns how long the server that sent resp asks its clients to wait before they send
// another request, and whether it asks at all. What makes no sense is taken as not said; an
// absurdly long wait comes back as it is, to be refused by whoever would have to wait.
//
// It reads, and takes the first of these that resp has:
//
//   - Retry-After: seconds or a date (RFC 9110, section 10.2.3)
//   - RateLimit (draft-ietf-httpapi-ratelimit-headers, as of version 7 and as of version 8)
//   - RateLimit-Reset (the same, up to version 6), X-RateLimit-Reset (GitHub) and
//     X-Rate-Limit-Reset (Twitter): seconds, or seconds since 1970 from 1e9 up
//
// APIs send the rate limit fields with every answer, so these count only where the quota is
// used up: with none remaining, or with status 429 if what remains isn't said. Dates are
// compared with the response's own Date, if it has one: the clocks need not agree.
func Hint(resp *http.Response) (wait time.Duration, ok bool) {
	return hint(resp.StatusCode, resp.Header, time.Now())
}

func hint(status int, h http.Header, now time.Time) (time.Duration, bool) {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	if d, ok := longestOf(h["Retry-After"], func(s string) (time.Duration, bool) { return retryAfter(s, now) }); ok {
		return d, true
	}
	limited := status == http.StatusTooManyRequests
	if d, ok := rateLimit(strings.Join(h["Ratelimit"], ","), limited); ok {
		return d, true
	}
	for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-", "X-Rate-Limit-"} {
		left, said := seconds(h.Get(prefix + "Remaining"))
		if said && left > 0 || !said && !limited {
			continue
		}
		if d, ok := longestOf(h[prefix+"Reset"], func(s string) (time.Duration, bool) { return reset(s, now) }); ok {
			return d, true
		}
	}
	return 0, false
}

// longestOf parses each value of a field that should have had one.
func longestOf(values []string, parse func(string) (time.Duration, bool)) (longest time.Duration, ok bool) {
	for _, v := range values {
		if d, valid := parse(v); valid {
			longest, ok = max(longest, d), true
		}
	}
	return longest, ok
}

// retryAfter parses a Retry-After field.
func retryAfter(s string, now time.Time) (time.Duration, bool) {
	if d, ok := seconds(s); ok {
		return d, true
	}
	date, err := http.ParseTime(trim(s))
	if err != nil {
		return 0, false
	}
	return max(date.Sub(now), 0), true
}

// reset parses the field of a reset: seconds from now, or the time in seconds since 1970.
func reset(s string, now time.Time) (time.Duration, bool) {
	d, ok := seconds(s)
	if ok && d >= 1e9*time.Second {
		d = max(d-time.Duration(now.Unix())*time.Second, 0)
	}
	return d, ok
}

// rateLimit parses a RateLimit field and returns the longest time until a quota that is used up
// is reset. As of version 8 of the draft that is a list such as
//
//	"burst";r=0;t=3, "daily";r=95;t=8000
//
// and up to version 7 a dictionary such as
//
//	limit=100, remaining=0, reset=3
func rateLimit(field string, limited bool) (longest time.Duration, ok bool) {
	var dict quota
	for member := range fields(field, ',') {
		var item quota
		first := true
		for param := range fields(member, ';') {
			switch key, value, valued := strings.Cut(trim(param), "="); {
			case !first:
				item.set(key, value, "r", "t")
			case valued && key != "" && key[0] != '"':
				dict.set(key, value, "remaining", "reset")
			}
			first = false
		}
		if item.usedUp(limited) {
			longest, ok = max(longest, item.wait), true
		}
	}
	if dict.usedUp(limited) {
		longest, ok = max(longest, dict.wait), true
	}
	return longest, ok
}

type quota struct {
	wait, left         time.Duration // left counts requests, but is parsed as if it were seconds
	waitSaid, leftSaid bool
}

func (q *quota) set(key, value, left, wait string) {
	switch key {
	case left:
		q.left, q.leftSaid = seconds(value)
	case wait:
		q.wait, q.waitSaid = seconds(value)
	}
}

func (q *quota) usedUp(limited bool) bool {
	return q.waitSaid && (q.leftSaid && q.left == 0 || !q.leftSaid && limited)
}

// fields ranges over the parts of s between separators that aren't in a quoted string.
func fields(s string, sep byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case quoted && s[i] == '\\':
				i++
			case s[i] == '"':
				quoted = !quoted
			case s[i] == sep && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

// seconds parses a number of seconds, which some servers send with a fraction: that is rounded
// up. It is as long as a Duration can be if it's longer. A sign makes it invalid.
func seconds(s string) (time.Duration, bool) {
	whole, fraction, fractional := strings.Cut(trim(s), ".")
	n, ok := digits(whole)
	if !ok {
		return 0, false
	}
	if fractional {
		f, ok := digits(fraction)
		if !ok {
			return 0, false
		}
		if f > 0 {
			n++
		}
	}
	if n > math.MaxInt64/int64(time.Second) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * time.Second, true
}

// digits parses a decimal number without a sign, and stops counting well above any that
// matters.
func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int64(s[i]-'0'), math.MaxInt64/100)
	}
	return n, s != ""
}

// trim removes the white space that RFC 9110 allows around a field's value.
func trim(s string) string { return strings.Trim(s, " \t") }

// spread adds up to a tenth to a server's hint, so that clients who were all told the same
// don't all come back at once; but never so much that a hint which fits into the time left no
// longer does.
func spread(d, left time.Duration) time.Duration {
	if d >= left {
		return d // to be refused as it is
	}
	if room := min(d/10, 10*time.Second, (left-d)/2); room > 0 {
		d += rand.N(room)
	}
	return d
}
