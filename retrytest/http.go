package retrytest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// RoundTripper returns a transport that follows s instead of asking a server. A step that succeeds without
// a Status is passed on to next; if that's nil, it is answered with 200 and no body.
func (s *Script) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return roundTripper{s, next}
}

type roundTripper struct {
	script *Script
	next   http.RoundTripper
}

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	rt.script.t.Helper()
	step, err := rt.script.next(req.Context())
	if err == nil {
		err = step.Err
	}
	status := step.status()
	if err == nil && status == 0 && rt.next != nil {
		return rt.next.RoundTrip(req)
	}
	if req.Body != nil {
		req.Body.Close() // whatever happens, says http.RoundTripper
	}
	if err != nil {
		return nil, err
	}
	if status == 0 {
		status = http.StatusOK
	}
	header := make(http.Header)
	hint(header, step)
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode: status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
		Body:       http.NoBody,
		Request:    req,
	}, nil
}

// Handler returns a handler that follows s. A step that succeeds without a Status is passed on to next;
// if that's nil, it is answered with 200 and no body.
func (s *Script) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.t.Helper()
		step, err := s.next(req.Context())
		if err != nil || step.Err != nil {
			panic(http.ErrAbortHandler)
		}
		status := step.status()
		if status == 0 && next != nil {
			next.ServeHTTP(w, req)
			return
		}
		hint(w.Header(), step)
		if status != 0 {
			w.WriteHeader(status)
		}
	})
}

// hint sets the Retry-After of RFC 9110, section 10.2.3.
func hint(h http.Header, step Step) {
	if step.After > 0 {
		seconds := (step.After + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
}
