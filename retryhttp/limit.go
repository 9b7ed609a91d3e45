package retryhttp

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// A quota is a rate limit as the fields of an answer tell of it: what remains, and when it is reset.
type quota struct{ remaining, reset string }

// families are the quotas that services tell of in fields of their own, in canonical spelling. The quotas of one family apply at
// the same time.
var families = [][]quota{
	{{"Ratelimit-Remaining", "Ratelimit-Reset"}},
	{{"X-Ratelimit-Remaining", "X-Ratelimit-Reset-After"}},
	{{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"}},
	{{"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"}},
	{
		{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
		{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	},
	{
		{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
		{"Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
		{"Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
		{"Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	},
}

// rateLimit returns whether a quota is used up, and how long it takes until all of those that are have been reset, if
// that's said. A quota of which only the reset is told counts as used up if the answer is a refusal.
func rateLimit(h http.Header, refused bool, now time.Time) (usedUp bool, wait time.Duration, ok bool) {
	if usedUp, wait, ok = standardLimit(strings.Join(h["Ratelimit"], ","), refused); ok {
		return usedUp, wait, true
	}
	for _, family := range families {
		for _, q := range family {
			left, said := remains(h.Get(q.remaining))
			if said && left > 0 || !said && !refused {
				continue
			}
			usedUp = usedUp || said
			if d, valid := longestOf(h[q.reset], parseReset, now); valid {
				wait, ok = max(wait, d), true
			}
		}
		if ok {
			return true, wait, true
		}
	}
	return usedUp, 0, false
}

// remains parses how much of a quota remains.
func remains(s string) (n int64, ok bool) {
	n, nanos, ok := number(trim(s))
	if nanos > 0 {
		n++
	}
	return n, ok
}

// standardLimit is rateLimit for the RateLimit field. As of version 8 of the draft that is a list such as
//
//	"burst";r=0;t=3, "daily";r=95;t=8000
//
// and up to version 7 a dictionary such as
//
//	limit=100, remaining=0, reset=3
func standardLimit(field string, refused bool) (usedUp bool, wait time.Duration, ok bool) {
	var dict item
	add := func(i item) {
		if i.leftSaid && i.left > 0 || !i.leftSaid && !refused {
			return
		}
		usedUp = usedUp || i.leftSaid
		if i.waitSaid {
			wait, ok = max(wait, i.wait), true
		}
	}
	for member := range fields(field, ',') {
		var one item
		first := true
		for param := range fields(member, ';') {
			switch key, value, valued := strings.Cut(trim(param), "="); {
			case !first:
				one.set(key, value, "r", "t")
			case valued && key != "" && key[0] != '"':
				dict.set(key, value, "remaining", "reset")
			}
			first = false
		}
		add(one)
	}
	add(dict)
	return usedUp, wait, ok
}

// An item is one of the quotas in a RateLimit field.
type item struct {
	wait               time.Duration
	left               int64
	waitSaid, leftSaid bool
}

func (i *item) set(key, value, left, wait string) {
	switch key {
	case left:
		i.left, i.leftSaid = remains(value)
	case wait:
		n, nanos, ok := number(trim(value))
		if i.wait, i.waitSaid = time.Duration(math.MaxInt64), ok; n < math.MaxInt64/int64(time.Second) {
			i.wait = time.Duration(n)*time.Second + time.Duration(nanos)
		}
	}
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
