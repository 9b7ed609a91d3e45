package retryhttp

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/callagain/retry"
)

// idempotent reports whether req is, by its method or by a key. A header that is there without
// a value counts, as it does for net/http, which doesn't send such a one.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPut, http.MethodDelete:
		return true
	}
	for _, key := range [...]string{keyHeader, "X-Idempotency-Key"} {
		if _, ok := req.Header[key]; ok {
			return true
		}
	}
	return false
}

const keyHeader = "Idempotency-Key"

// request makes the request of the next attempt: req itself if nothing in it needs to differ.
func (c *call) request(ctx context.Context) (*http.Request, error) {
	c.attempts++
	number := c.attempts > 1 && c.t.SendAttempt
	if c.attempts == 1 && ctx == context.Context(c) && c.key == "" && !c.body.own && !c.copies {
		c.body.first = nil
		return c.req, nil
	}
	req := c.req.WithContext(ctx)
	if !c.body.none {
		body, err := c.body.next()
		if err != nil {
			return nil, retry.Stop(fmt.Errorf("retryhttp: making the request's body again: %w", err))
		}
		req.Body, req.GetBody = body, c.body.again
	}
	if number || c.key != "" || c.copies {
		if req.Header = req.Header.Clone(); req.Header == nil {
			req.Header = make(http.Header)
		}
	}
	if number {
		req.Header.Set(AttemptHeader, strconv.Itoa(c.attempts))
	}
	if c.key != "" {
		req.Header.Set(keyHeader, c.key)
	}
	return req, nil
}
