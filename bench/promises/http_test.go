package promises

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
	"github.com/callagain/retry/internal/memnet"
	"github.com/callagain/retry/internal/ownport"
)

// http_ are the promises about HTTP requests. Where time matters, they are kept or broken in a bubble's.
var http_ = []promise[peers.HTTPLibrary]{
	{
		text: "A POST that was answered 503 is not sent again",
		how:  "POST without an Idempotency-Key; the server answers 503; 3 attempts allowed",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503))
			s.do(t, l, "POST", "text")
			return is(s.requests.Load() == 1, "the server saw %s", plural(int(s.requests.Load()), "request"))
		},
	},
	{
		text: "A POST with an Idempotency-Key is sent again, body and all",
		how:  "the server answers 503 once, then echoes the body",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503, 200))
			resp, err := s.do(t, l, "POST", "text", "Idempotency-Key", "7")
			if err != nil {
				return is(false, "%v", err)
			}
			body, _ := io.ReadAll(resp.Body)
			return is(string(body) == "text", "%s, the last with the body %q", plural(int(s.requests.Load()), "request"), body)
		},
	},
	{
		text: "A POST that was never sent is sent again",
		how:  "POST without an Idempotency-Key; the first connection is refused",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(200))
			s.refuse.Store(1)
			resp, err := s.do(t, l, "POST", "text")
			return is(err == nil && resp.StatusCode == 200, "%s", outcome(err))
		},
	},
	{
		text: "The last response is returned when the attempts are used up",
		how:  "GET; the server answers 503 with a body, 3 times",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503))
			resp, err := s.do(t, l, "GET", "")
			if err != nil {
				return is(false, "%s", s.anonymous(err))
			}
			body, _ := io.ReadAll(resp.Body)
			return is(resp.StatusCode == 503 && len(body) > 0, "status %d with a body of %d bytes", resp.StatusCode, len(body))
		},
		remarks: map[string]string{
			"go-retryablehttp": "ErrorHandler can be set to PassthroughErrorHandler",
			"failsafehttp":     "with ReturnLastFailure",
		},
	},
	{
		text: "A Retry-After of a day doesn't park the caller",
		how:  "GET; 503 with Retry-After: 86400; the caller, who set no deadline, is watched for 2s",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503))
			s.header.Set("Retry-After", "86400")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var watched atomic.Bool
			time.AfterFunc(2*time.Second, func() { watched.Store(true); cancel() })
			s.doContext(ctx, t, l, "GET", "")
			if watched.Load() {
				return is(false, "waits")
			}
			return is(true, "returns at once")
		},
	},
	{
		text: "A Retry-After that is a date is honored",
		how:  "GET; 503 with a Retry-After 2 to 3 seconds ahead, then 200; delay 1ms",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503, 200))
			s.header.Set("Retry-After", time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))
			begun := time.Now()
			_, err := s.do(t, l, "GET", "")
			return is(err == nil && time.Since(begun) > 1500*time.Millisecond, "waited for it: %v", time.Since(begun) > 1500*time.Millisecond)
		},
	},
	{
		text: "Jitter never makes an attempt earlier than the server asked",
		how:  "20 GETs at once; 503 with Retry-After: 1, then 200; jitter on",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			var early atomic.Int32
			var all sync.WaitGroup
			for range 20 {
				s := serve(t, answers(503, 200))
				s.header.Set("Retry-After", "1")
				all.Go(func() {
					begun := time.Now()
					s.do(t, l, "GET", "")
					if time.Since(begun) < 995*time.Millisecond {
						early.Add(1)
					}
				})
			}
			all.Wait()
			return is(early.Load() == 0, "%d of 20 came earlier", early.Load())
		},
	},
	{
		text: "The body of every discarded response is closed",
		how:  "GET; 503 twice, then 200; bodies that count",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503, 503, 200))
			resp, err := s.do(t, l, "GET", "")
			if err == nil {
				resp.Body.Close()
			}
			return is(s.closed.Load() == s.opened.Load(), "%d of %d closed", s.closed.Load(), s.opened.Load())
		},
	},
	{
		text: "The next attempt uses the same connection",
		how:  "10 GETs, each answered 503 with 16 KiB, then 200",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			var codes []int
			for range 10 {
				codes = append(codes, 503, 200)
			}
			s := serve(t, answers(codes...))
			s.size = 16 << 10
			client := s.client(l)
			for range 10 {
				resp, err := client.Get(s.URL)
				if err != nil {
					return is(false, "%s", s.anonymous(err))
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			return is(s.dials.Load() == 1, "%s for 20 requests", plural(int(s.dials.Load()), "connection"))
		},
	},
	{
		text: "A canceled call leaves the caller's other connections alone",
		how:  "two idle connections; a GET through the same transport is canceled in its delay; then a GET",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(200, 200, 503, 200))
			open := func(ctx context.Context, delay time.Duration) (close func()) {
				resp, err := l.Client(peers.HTTPPlan{Attempts: 3, Delay: delay}, s).Do(s.request(ctx, "GET", ""))
				if err != nil {
					return func() {}
				}
				return func() { io.Copy(io.Discard, resp.Body); resp.Body.Close() }
			}
			first, second := open(t.Context(), 0), open(t.Context(), 0) // the second needs a connection of its own
			first()
			second()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(200*time.Millisecond, cancel)
			open(ctx, time.Minute)()
			before := s.dials.Load()
			open(t.Context(), 0)()
			if before != 2 {
				t.Errorf("%d connections to begin with, want 2", before)
			}
			return is(s.dials.Load() == before, "%s", plural(int(s.dials.Load()-before), "new connection"))
		},
	},
	{
		text: "The caller's request is not changed",
		how:  "PUT with a body, 503, then 200; the request's fields before and after",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503, 200))
			req := s.request(t.Context(), "PUT", "text")
			body, headers := req.Body, fmt.Sprint(req.Header)
			resp, err := s.client(l).Transport.RoundTrip(req)
			if err != nil {
				return is(false, "%s", s.anonymous(err))
			}
			resp.Body.Close()
			return is(req.Body == body && fmt.Sprint(req.Header) == headers, "same body: %v, same headers: %v",
				req.Body == body, fmt.Sprint(req.Header) == headers)
		},
	},
	{
		text: "The request's body is closed even when no attempt is made",
		how:  "PUT with a context that is over, through the RoundTripper",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(200))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			req := s.request(ctx, "PUT", "text")
			body := &closer{Reader: req.Body}
			req.Body = body
			s.client(l).Transport.RoundTrip(req)
			return is(body.closed.Load(), "closed: %v", body.closed.Load())
		},
	},
	{
		text: "A body that can't be rewound is streamed, not held in memory",
		how:  "PUT from a pipe; whether the server sees the first bytes before the last ones are written",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			seen := make(chan struct{})
			s := serve(t, func(_ *server, w http.ResponseWriter, r *http.Request, _ int) {
				io.ReadFull(r.Body, make([]byte, 5))
				close(seen)
				io.Copy(io.Discard, r.Body)
			})
			r, w := io.Pipe()
			streamed := false
			go func() {
				io.WriteString(w, "first")
				select {
				case <-seen:
					streamed = true
				case <-time.After(3 * time.Second):
				}
				w.Close()
			}()
			req, _ := http.NewRequestWithContext(t.Context(), "PUT", s.URL, r)
			resp, err := s.client(l).Do(req)
			if err != nil {
				return is(false, "%s", s.anonymous(err))
			}
			resp.Body.Close()
			<-seen
			return is(streamed, "streamed: %v", streamed)
		},
	},
	{
		text: "A delay that would pass the context's deadline is not waited for, in HTTP too",
		how:  "GET with a deadline in 2s; 503; delay 10s",
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			req := s.request(ctx, "GET", "")
			resp, err := l.Client(peers.HTTPPlan{Attempts: 3, Delay: 10 * time.Second}, s).Do(req)
			if err == nil {
				resp.Body.Close()
			}
			return is(ctx.Err() == nil, "the deadline was waited for: %v", ctx.Err() != nil)
		},
	},
	{
		text: "A certificate that isn't trusted is not tried again",
		how:  "GET from a TLS server with an unknown authority, through the RoundTripper; the handshakes that were begun",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(200))
			secure := httptest.NewUnstartedServer(s.Config.Handler)
			secure.Config.ErrorLog = log.New(io.Discard, "", 0)
			secure.StartTLS()
			t.Cleanup(secure.Close)
			req, _ := http.NewRequestWithContext(t.Context(), "GET", secure.URL, nil)
			_, err := s.client(l).Transport.RoundTrip(req)
			var untrusted *tls.CertificateVerificationError
			return is(errors.As(err, &untrusted) && s.dials.Load() == 1, "%s", plural(int(s.dials.Load()), "attempt"))
		},
	},
	{
		text: "No error shows the query of a URL",
		how:  "GET with ?api_key=SECRET in the URL; 503 until the attempts are used up; what http.Client adds doesn't count",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503))
			req := s.request(t.Context(), "GET", "")
			req.URL.RawQuery = "api_key=SECRET"
			_, err := s.client(l).Transport.RoundTrip(req)
			if err == nil {
				return is(true, "no error")
			}
			return is(!strings.Contains(err.Error(), "SECRET"), "%s", s.anonymous(err))
		},
	},
	{
		text: "Nothing is logged unless it is asked for",
		how:  "GET; 503, then 200, with the library's default logger; what it writes to standard error",
		real: true,
		run: func(t *testing.T, l peers.HTTPLibrary) finding {
			s := serve(t, answers(503, 200))
			if l.DefaultLog == nil {
				// The library has no logger to be set; what it writes would show on standard error.
				logged := standardError(t, func() { s.do(t, l, "GET", "") })
				return is(logged == 0, "%d bytes", logged)
			}
			var logged bytes.Buffer
			l.DefaultLog(&logged, s, s.URL)
			return is(logged.Len() == 0, "%s", plural(bytes.Count(logged.Bytes(), []byte("\n")), "line"))
		},
	},
}

// A server answers on connections in memory, so that it may live in a bubble, and is the transport by which the scenario's client reaches it: it counts what
// passes.
type server struct {
	*httptest.Server
	base     *http.Transport
	header   http.Header // of every answer but 200
	size     int         // of the body of every answer but 200
	requests atomic.Int32
	dials    atomic.Int32
	refuse   atomic.Int32 // how many connections are yet to be refused
	opened   atomic.Int32 // bodies of responses
	closed   atomic.Int32
	mu       sync.Mutex
	bodies   []*countedBody
}

// An answer answers the n-th request, counted from 0.
type answer func(s *server, w http.ResponseWriter, r *http.Request, n int)

// answers answers with the codes in turn, and with the last of them from then on. A 200 echoes the request's body if it has one.
func answers(codes ...int) answer {
	return func(s *server, w http.ResponseWriter, r *http.Request, n int) {
		code := codes[min(n, len(codes)-1)]
		if code == 200 {
			if n, _ := io.Copy(w, r.Body); n == 0 {
				w.Write(bytes.Repeat([]byte("x"), s.size))
			}
			return
		}
		for k, v := range s.header {
			w.Header()[k] = v
		}
		w.WriteHeader(code)
		w.Write(bytes.Repeat([]byte("x"), s.size))
	}
}

func serve(t *testing.T, a answer) *server {
	s := &server{header: http.Header{}, size: 100}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a(s, w, r, int(s.requests.Add(1))-1)
	}))
	s.Listener.Close()
	memory := memnet.Listen("server.example:80")
	s.Listener = memory
	s.Start()
	s.base = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			s.dials.Add(1)
			if s.refuse.Add(-1) >= 0 {
				addr = ownport.Closed(t)
			}
			if addr == memory.Addr().String() {
				return memory.Dial(ctx)
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	t.Cleanup(func() {
		for _, b := range s.bodies {
			b.ReadCloser.Close() // what the library has left open
		}
		s.base.CloseIdleConnections()
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.base.RoundTrip(req)
	if err == nil {
		s.opened.Add(1)
		body := &countedBody{ReadCloser: resp.Body, closed: &s.closed}
		s.mu.Lock()
		s.bodies = append(s.bodies, body)
		s.mu.Unlock()
		resp.Body = body
	}
	return resp, err
}

// CloseIdleConnections is what http.Client asks a transport for.
func (s *server) CloseIdleConnections() { s.base.CloseIdleConnections() }

type countedBody struct {
	io.ReadCloser
	once   sync.Once
	closed *atomic.Int32
}

func (b *countedBody) Close() error {
	b.once.Do(func() { b.closed.Add(1) })
	return b.ReadCloser.Close()
}

type closer struct {
	io.Reader
	closed atomic.Bool
}

func (c *closer) Close() error { c.closed.Store(true); return nil }

func (s *server) client(l peers.HTTPLibrary) *http.Client {
	return l.Client(peers.HTTPPlan{Attempts: 3, Delay: time.Millisecond}, s)
}

func (s *server) request(ctx context.Context, method, body string, headers ...string) *http.Request {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL, r)
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (s *server) do(t *testing.T, l peers.HTTPLibrary, method, body string, headers ...string) (*http.Response, error) {
	return s.doContext(t.Context(), t, l, method, body, headers...)
}

func (s *server) doContext(ctx context.Context, t *testing.T, l peers.HTTPLibrary, method, body string, headers ...string) (*http.Response, error) {
	resp, err := l.Client(peers.HTTPPlan{Attempts: 3, Delay: time.Millisecond, Jitter: true}, s).Do(s.request(ctx, method, body, headers...))
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

// anonymous is an error's text without the server's address, which is another in each run.
func (s *server) anonymous(err error) string {
	return strings.ReplaceAll(oneLine(err), s.URL, "http://server")
}

// standardError counts the bytes that f writes there.
func standardError(t *testing.T, f func()) int {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := os.Stderr
	os.Stderr = w
	f()
	os.Stderr = saved
	w.Close()
	text, _ := io.ReadAll(r)
	r.Close()
	return len(text)
}
