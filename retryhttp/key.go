package retryhttp

import (
	"net/http"
	"net/url"
)

const keyHeader = "Idempotency-Key"

// idempotent reports whether req is, by its method or by a key.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPut, http.MethodDelete:
		return true
	}
	return hasKey(req)
}

// hasKey reports whether req has a key by which a server knows it again. A header that is there without a value counts, as it
// does for net/http, which doesn't send such a one.
func hasKey(req *http.Request) bool {
	for _, name := range [...]string{keyHeader, "X-Idempotency-Key"} {
		if _, ok := req.Header[name]; ok {
			return true
		}
	}
	return false
}

// newKey returns the key that is to be added to req, if any: the context's, or else a new one.
func (t *Transport) newKey(req *http.Request, o *options) string {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return ""
	}
	if hasKey(req) {
		return ""
	}
	if o.key != "" && !strayed(req) {
		return o.key
	}
	if t.NewKey != nil && !idempotent(req) {
		return t.NewKey()
	}
	return ""
}

// strayed reports whether req follows redirects to another server than the first was sent to.
func strayed(req *http.Request) bool {
	first := req
	for range 100 {
		if first.Response == nil || first.Response.Request == nil {
			break
		}
		first = first.Response.Request
	}
	return first != req && !sameOrigin(first.URL, req.URL)
}

// sameOrigin compares origins as RFC 6454 has them.
func sameOrigin(a, b *url.URL) bool {
	return a != nil && b != nil && a.Scheme == b.Scheme && hostOf(a) == hostOf(b)
}
