package retryhttp_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryhttp"
)

// canned200 answers each request with 200, after its body was read.
var canned200 = roundTripper(func(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
})

// However large BufferBody is, the body that is sent is the caller's.
func TestBufferBodySendsTheBody(t *testing.T) {
	for _, limit := range []int64{1, 10, 11, 12, math.MaxInt64 - 1, math.MaxInt64} {
		s := serve(t, 503, 200)
		tr := transport(t, three)
		tr.BufferBody = limit
		resp, err := tr.RoundTrip(request(t, "PUT", s.URL, io.MultiReader(strings.NewReader("the payload"))))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := 2
		if limit < 11 {
			want = 1
		}
		got := s.received()
		if len(got) != want {
			t.Errorf("BufferBody %d: %d requests, want %d", limit, len(got), want)
		}
		for i, r := range got {
			if r.body != "the payload" {
				t.Errorf("BufferBody %d: request %d has the body %q", limit, i+1, r.body)
			}
		}
	}
}

// deaf is a body that can't be interrupted.
type deaf struct{ until chan struct{} }

func (b deaf) Read([]byte) (int, error) { <-b.until; return 0, io.EOF }
func (b deaf) Close() error             { return nil }

// Reading a body ahead is part of the call: it ends with the caller's context and with Within, even if the body's Read doesn't.
func TestBufferingEndsWithTheCall(t *testing.T) {
	for name, row := range map[string]struct {
		policy retry.Policy
		limit  time.Duration // of the caller
		want   error
	}{
		"context":              {retry.Policy{}, time.Second, context.DeadlineExceeded},
		"within":               {retry.Policy{Within: time.Second}, time.Hour, retry.ErrTooLate},
		"within_after_reading": {retry.Policy{Within: time.Second, Backoff: retry.List{0, 900 * time.Millisecond}}, time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), row.limit)
				defer cancel()
				body := deaf{make(chan struct{})}
				release := 2 * time.Hour
				if row.want == nil {
					release = 500 * time.Millisecond
				}
				time.AfterFunc(release, func() { close(body.until) })
				attempts := 0
				tr := &retryhttp.Transport{BufferBody: 1 << 20, Policy: row.policy, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
					attempts++
					return &http.Response{StatusCode: 503, Body: http.NoBody, Request: r}, nil
				})}
				began := time.Now()
				req := request(t, "PUT", "http://service.example", body).WithContext(ctx)
				resp, err := tr.RoundTrip(req)
				if took := time.Since(began); took > time.Second {
					t.Errorf("a call with a second to live took %v (%v)", took, err)
				}
				if name != "within_after_reading" {
					began = time.Now()
					again := request(t, "PUT", "http://service.example", deaf{body.until}).WithContext(ctx)
					if row.policy.Within == 0 {
						ctx, cancel := context.WithTimeout(t.Context(), row.limit)
						defer cancel()
						again = again.WithContext(ctx)
					}
					_, err := retryhttp.Fetch(&http.Client{Transport: tr}, again, readAll)
					if took := time.Since(began); took > time.Second || !errors.Is(err, row.want) {
						t.Errorf("a Fetch with a second to live took %v (%v)", took, err)
					}
				}
				if row.want != nil && !errors.Is(err, row.want) || row.want == nil && (resp == nil || attempts != 1) {
					t.Errorf("the result is %v, %v after %d attempts", resp, err, attempts)
				}
				<-body.until
			})
		})
	}
}

type panicking struct{ io.Reader }

func (panicking) Read([]byte) (int, error) { panic("at the disco") }

// A body that panics while it is read ahead does so in the caller.
func TestBufferingPanics(t *testing.T) {
	defer func() {
		if v := recover(); v != "at the disco" {
			t.Errorf("recovered %v", v)
		}
	}()
	tr := &retryhttp.Transport{BufferBody: 10, Base: canned200}
	tr.RoundTrip(request(t, "PUT", "http://service.example", panicking{}))
}

// An answer without a body that comes too late is a timeout like any other.
func TestLateAnswerWithoutBody(t *testing.T) {
	for name, p := range map[string]retry.Policy{
		"timeout": {Timeout: time.Second, Attempts: 1},
		"within":  {Within: time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := &retryhttp.Transport{Policy: p, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(2 * time.Second)
				return &http.Response{StatusCode: 204, Request: r}, nil
			})}
			resp, err := tr.RoundTrip(request(t, "GET", "http://service.example", nil))
			if resp != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: the result is %v, %v", name, resp, err)
			}
		})
	}
}

// Behind a reverse proxy a body can't be made again. But where the connection was refused nothing of it was read, so the request is
// sent again, whatever its method; and the body is closed in the end.
func TestReverseProxy(t *testing.T) {
	for name, row := range map[string]struct {
		fail   func(*http.Request) error // the first attempt
		want   string
		dials  int
		status int
	}{
		"refused": {func(*http.Request) error { return nil }, "POST data", 2, 200},
		"read": {func(r *http.Request) error {
			r.Body.Read(make([]byte, 1))
			return &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}, "", 1, 502},
	} {
		for _, limits := range []retry.Policy{{}, {Timeout: time.Minute}} {
			back := handling(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				io.WriteString(w, r.Method+" "+string(b))
			})
			closed := ownport.Closed(t)
			var dials atomic.Int32
			base := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials.Add(1) == 1 {
					addr = closed
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}
			t.Cleanup(base.CloseIdleConnections)
			var open atomic.Int64
			tr := &retryhttp.Transport{Policy: limits, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
				if name == "read" && dials.Load() == 0 {
					dials.Add(1)
					err := row.fail(r)
					r.Body.Close()
					return nil, err
				}
				return base.RoundTrip(r)
			})}
			u, _ := url.Parse(back)
			proxy := &httputil.ReverseProxy{
				Rewrite: func(r *httputil.ProxyRequest) {
					r.SetURL(u)
					open.Add(1)
					r.Out.Body = &tally{ReadCloser: r.Out.Body, open: &open}
				},
				Transport: tr,
				ErrorLog:  quiet,
			}
			front := httptest.NewServer(proxy)
			resp, err := http.Post(front.URL, "text/plain", strings.NewReader("data"))
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, resp); got != row.want || resp.StatusCode != row.status || int(dials.Load()) != row.dials {
				t.Errorf("%s: %s %q after %d attempts, want %d %q after %d", name, resp.Status, got, dials.Load(), row.status, row.want, row.dials)
			}
			front.Close()
			if n := open.Load(); n != 0 {
				t.Errorf("%s: %d bodies are open", name, n)
			}
		}
	}
}

// A body of which nothing was read is closed once, whatever becomes of the request.
func TestUnreadBodiesAreClosed(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, base := range map[string]roundTripper{
		"never_read":      func(r *http.Request) (*http.Response, error) { r.Body.Close(); return nil, refused },
		"answered_unread": func(r *http.Request) (*http.Response, error) { r.Body.Close(); return canned200(r) },
		"read":            func(r *http.Request) (*http.Response, error) { return canned200(r) },
		"read_after_closing": func(r *http.Request) (*http.Response, error) {
			r.Body.Close()
			r.Body.Read(make([]byte, 1))
			return nil, refused
		},
		"closed_after_answer": func(r *http.Request) (*http.Response, error) {
			body := r.Body
			time.AfterFunc(time.Millisecond, func() { body.Close() })
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var closed atomic.Int32
			tr := &retryhttp.Transport{Base: base, Policy: three}
			req := request(t, "POST", "http://service.example", counting{strings.NewReader("body"), &closed})
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
			time.Sleep(time.Second)
			if n := closed.Load(); n != 1 {
				t.Errorf("%s: the body was closed %d times", name, n)
			}
		})
	}
}

type counting struct {
	io.Reader
	closed *atomic.Int32
}

func (c counting) Close() error { c.closed.Add(1); return nil }
