package retryhttp

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// A when is what a field says of a time: how long from now, or until which moment.
type when struct {
	wait time.Duration
	at   time.Time
}

// from returns how long to wait if it is now.
func (w when) from(now time.Time) time.Duration {
	if w.at.IsZero() {
		return w.wait
	}
	return max(w.at.Sub(now), 0) // Sub saturates
}

// parseWhen parses a number of seconds, a number of seconds or smaller units since 1970, or a date.
func parseWhen(s string) (when, bool) {
	s = trim(s)
	if len(s) > longestDate {
		s = s[:0]
	}
	if n, nanos, ok := number(s); ok {
		return moment(n, nanos), true
	}
	at, ok := parseDate(s)
	return when{at: at}, ok
}

const longestDate = 64 // bytes; nothing that makes sense is longer

// parseReset is parseWhen for fields that may also have a duration with units, such as 6m0s.
func parseReset(s string) (when, bool) {
	if w, ok := parseWhen(s); ok {
		return w, true
	}
	s = trim(s)
	if s == "" || len(s) > longestDate || s[0] < '0' || s[0] > '9' {
		return when{}, false
	}
	d, err := time.ParseDuration(s)
	return when{wait: d}, err == nil
}

// moment tells a number of seconds from now from one since 1970 by its size: nobody asks for a wait of 31 years, and no
// server knows a time after 2106, where 32 bits end. With three digits more they are milliseconds, and so on.
func moment(n, nanos int64) when {
	const begin, end = 1e9, 1 << 32
	switch {
	case begin <= n && n < end:
		return when{at: time.Unix(n, nanos)}
	case begin*1e3 <= n && n < end*1e3:
		return when{at: time.UnixMilli(n)}
	case begin*1e6 <= n && n < end*1e6:
		return when{at: time.UnixMicro(n)}
	case begin*1e9 <= n && n < end/2*1e9:
		return when{at: time.Unix(0, n)}
	case n >= math.MaxInt64/int64(time.Second):
		return when{wait: math.MaxInt64}
	}
	return when{wait: time.Duration(n)*time.Second + time.Duration(nanos)}
}

// Layouts of dates beside those of http.ParseTime (RFC 9110, section 5.6.7): those of RFC 5322 and ISO 8601.
var layouts = []string{
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05 MST",
	"2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	"20060102T150405Z0700",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05",
}

// parseDate parses a date. One without a zone is in UTC. Of the zones that are names only UTC and GMT make sense, since
// the others are ambiguous.
func parseDate(s string) (time.Time, bool) {
	if at, err := http.ParseTime(s); err == nil {
		return at, true
	}
	s = strings.ToUpper(s)
	for _, layout := range layouts {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if strings.HasSuffix(layout, "MST") && !strings.HasSuffix(s, " UTC") && !strings.HasSuffix(s, " GMT") {
			continue
		}
		return at, true
	}
	return time.Time{}, false
}

// milliseconds parses a number of milliseconds.
func milliseconds(s string) (when, bool) {
	n, nanos, ok := number(trim(s))
	if !ok {
		return when{}, false
	}
	if n > math.MaxInt64/int64(time.Millisecond)-1 {
		return when{wait: math.MaxInt64}, true
	}
	return when{wait: time.Duration(n)*time.Millisecond + time.Duration((nanos+999)/1000)}, true
}

// number parses a decimal number without a sign, which may have a fraction. The fraction is rounded up to a billionth,
// and the whole stops at math.MaxInt64.
func number(s string) (whole, nanos int64, ok bool) {
	w, f, fractional := strings.Cut(s, ".")
	whole, ok = digits(w)
	if !ok || !fractional {
		return whole, 0, ok
	}
	if _, ok = digits(f); !ok {
		return 0, 0, false
	}
	const places = 9
	nanos, _ = digits((f + "000000000")[:places])
	if len(f) > places && strings.Trim(f[places:], "0") != "" {
		nanos++
	}
	return whole, nanos, true
}

// digits parses a decimal number without a sign or a fraction, which stops at math.MaxInt64.
func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		d := int64(s[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + d
	}
	return n, s != ""
}

// trim removes the white space that RFC 9110 allows around a field's value.
func trim(s string) string { return strings.Trim(s, " \t") }
