package retryhttp

import (
	"net/http"
	"strings"

	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/redact"
)

const (
	headerSize  = 16 << 10 // of an answer, for a StatusError
	headerValue = 1 << 10  // of one that is shortened
	fieldCost   = 128      // of memory for each field, beside its text
)

// bounded returns h, or as much of it as a failure may keep: several are kept of each call, for as long as it waits. What this
// package reads comes first.
func bounded(h http.Header) http.Header {
	if size(h) <= headerSize {
		return h
	}
	kept, left := make(http.Header), headerSize
	keep := func(name string) {
		if _, done := kept[name]; done {
			return
		}
		for _, v := range h[name] {
			if cost := fieldCost + len(name) + len(v); len(v) <= headerValue && cost <= left {
				left -= cost
				kept[strings.Clone(name)] = append(kept[name], strings.Clone(v))
			}
		}
	}
	for _, name := range readFields {
		keep(name)
	}
	for name := range h {
		keep(name)
	}
	return kept
}

// size is about as many bytes as h takes.
func size(h http.Header) (n int) {
	for name, values := range h {
		for _, v := range values {
			n += fieldCost + len(name) + len(v)
		}
	}
	return n
}

// A shortened stands for a failure whose text is long, as a server can make it: net/http puts what it doesn't understand into
// its errors, megabytes if need be.
type shortened struct {
	text  string
	class Class
}

func (e *shortened) Error() string { return e.text }

// shorten returns err, or what a failure may keep of it.
func shorten(err error) error {
	long := false
	errtree.Walk(err, func(e error, leaf bool, _ struct{}) (none struct{}, more bool) {
		long = leaf && len(errtree.Text(e)) > headerSize
		return none, !long
	})
	if !long {
		return err
	}
	text := redact.String(err.Error()) // before a secret is cut in two, and not known any more
	if len(text) > headerValue {
		text = strings.ToValidUTF8(text[:headerValue], "") + "…"
	}
	return &shortened{strings.Clone(text), Classify(err)}
}

// readFields are the fields that this package reads of an answer.
var readFields = func() []string {
	names := []string{"Date", "Retry-After", "Retry-After-Ms", "X-Ms-Retry-After-Ms", "Ratelimit",
		shouldRetryHeader, "Stripe-Should-Retry", "X-Envoy-Overloaded"}
	for _, family := range families {
		for _, q := range family {
			names = append(names, q.remaining, q.reset)
		}
	}
	return names
}()

// What a server says of a retry, apart from when.
const (
	nothing = iota
	allows
	forbids
)

// advice returns what an answer with these headers says of a retry. To forbid it counts for more.
func advice(h http.Header) (says int) {
	for _, name := range [...]string{shouldRetryHeader, "Stripe-Should-Retry"} {
		for _, v := range h[name] {
			switch strings.ToLower(trim(v)) {
			case "false":
				return forbids
			case "true":
				says = allows
			}
		}
	}
	for _, v := range h["X-Envoy-Overloaded"] { // which Envoy heeds as well
		if strings.EqualFold(trim(v), "true") {
			return forbids
		}
	}
	return says
}
