package retrytest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// RoundTripper returns a transport that follows s instead of asking a server. A step without an Err and a
// Status is passed on to next; if next is nil, its answer is 200 without a body.
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
	var resp *http.Response
	switch {
	case err == nil && step.status() == 0 && rt.next != nil:
		resp, err = rt.next.RoundTrip(req)
	default:
		if req.Body != nil {
			req.Body.Close() // an http.RoundTripper must, also after an error
		}
		resp = step.response(req)
	}
	if err != nil {
		return nil, err
	}
	if step.Cut || step.SlowBody > 0 {
		return step.spoil(req.Context(), resp)
	}
	return resp, nil
}

// response is the answer of a step that isn't passed on.
func (s Step) response(req *http.Request) *http.Response {
	status := s.status()
	if status == 0 {
		status = http.StatusOK
	}
	header := make(http.Header)
	s.hint(header)
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode: status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
		Body:       http.NoBody,
		Request:    req,
	}
}

// spoil makes the second half of an answer's body late, or leaves it out.
func (s Step) spoil(ctx context.Context, resp *http.Response) (*http.Response, error) {
	whole, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if resp.ContentLength >= 0 { // else the server hasn't said it
		resp.ContentLength = s.promise(len(whole))
	}
	half := len(whole) / 2
	ctx, cancel := context.WithCancelCause(ctx)
	resp.Body = &halves{ctx: ctx, close: cancel, step: s, first: bytes.NewReader(whole[:half]), second: bytes.NewReader(whole[half:])}
	return resp, nil
}

// promise is the length that is told of a body of n bytes. There is something to cut off in any case.
func (s Step) promise(n int) int64 {
	if s.Cut {
		n = max(n, 1)
	}
	return int64(n)
}

// halves is the body of an answer whose second half is late or missing.
type halves struct {
	ctx           context.Context
	close         context.CancelCauseFunc
	step          Step
	first, second io.Reader
}

func (h *halves) Read(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, context.Cause(h.ctx)
	}
	if n, err := h.first.Read(p); err == nil {
		return n, nil
	}
	wait := h.step.SlowBody
	h.step.SlowBody = 0
	if err := sleep(h.ctx, wait); err != nil {
		return 0, err
	}
	if h.step.Cut {
		return 0, io.ErrUnexpectedEOF
	}
	return h.second.Read(p)
}

// Close ends a Read that is in progress, as that of net/http's own bodies does.
func (h *halves) Close() error {
	h.close(http.ErrBodyReadAfterClose)
	return nil
}

// Handler returns a handler that follows s. A step without an Err and a Status is passed on to next; if next
// is nil, its answer is 200 without a body. A step with an Err closes the connection without an answer, since a handler can't
// refuse a connection that the server has accepted; over HTTP/2 it resets the stream.
func (s *Script) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.t.Helper()
		step, err := s.next(req.Context())
		if err != nil || step.Err != nil {
			panic(http.ErrAbortHandler)
		}
		if step.Cut || step.SlowBody > 0 {
			step.serveHalves(w, req, next)
			return
		}
		step.serve(w, req, next)
	})
}

func (s Step) serve(w http.ResponseWriter, req *http.Request, next http.Handler) {
	status := s.status()
	if status == 0 && next != nil {
		next.ServeHTTP(w, req)
		return
	}
	s.hint(w.Header())
	if status != 0 {
		w.WriteHeader(status)
	}
}

func (s Step) serveHalves(w http.ResponseWriter, req *http.Request, next http.Handler) {
	whole := &recorder{header: make(http.Header), status: http.StatusOK}
	s.serve(whole, req, next)
	maps.Copy(w.Header(), whole.header)
	body := whole.body.Bytes()
	w.Header().Set("Content-Length", strconv.FormatInt(s.promise(len(body)), 10))
	w.WriteHeader(whole.status)
	half := len(body) / 2
	w.Write(body[:half])
	http.NewResponseController(w).Flush()
	if err := sleep(req.Context(), s.SlowBody); err != nil || s.Cut {
		panic(http.ErrAbortHandler)
	}
	w.Write(body[half:])
}

// A recorder keeps an answer, so that its middle can be found.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.wrote && status >= 200 {
		r.status, r.wrote = status, true
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.wrote = true
	return r.body.Write(p)
}

// hint sets the Retry-After of RFC 9110, section 10.2.3.
func (s Step) hint(h http.Header) {
	if s.After > 0 {
		seconds := s.After / time.Second
		if s.After%time.Second > 0 {
			seconds++
		}
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}
