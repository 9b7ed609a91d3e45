package retryhttp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryhttp"
)

// What may have been acted upon is only sent again where that does no harm.
func TestWhichRequestsAreSentAgain(t *testing.T) {
	body := func() io.Reader { return strings.NewReader("body") }
	stream := func() io.Reader { return io.MultiReader(body()) }
	for _, row := range []struct {
		name, method string
		body         func() io.Reader
		change       func(*retryhttp.Transport, *http.Request) *http.Request
		want         int
	}{
		{"get", "GET", nil, nil, 3},
		{"no_method", "", nil, nil, 3},
		{"head", "HEAD", nil, nil, 3},
		{"options", "OPTIONS", nil, nil, 3},
		{"trace", "TRACE", nil, nil, 3},
		{"put", "PUT", body, nil, 3},
		{"delete", "DELETE", nil, nil, 3},
		{"post", "POST", body, nil, 1},
		{"post_without_body", "POST", nil, nil, 1},
		{"patch", "PATCH", body, nil, 1},
		{"unknown", "FROBNICATE", nil, nil, 1},
		{"lower_case", "get", nil, nil, 1},
		{"post_with_key", "POST", body, func(_ *retryhttp.Transport, r *http.Request) *http.Request {
			r.Header.Set("Idempotency-Key", "1")
			return r
		}, 3},
		{"post_with_old_key", "POST", body, func(_ *retryhttp.Transport, r *http.Request) *http.Request {
			r.Header.Set("X-Idempotency-Key", "1")
			return r
		}, 3},
		{"post_with_unsent_key", "POST", body, func(_ *retryhttp.Transport, r *http.Request) *http.Request {
			r.Header["Idempotency-Key"] = nil
			return r
		}, 3},
		{"post_with_new_key", "POST", body, func(tr *retryhttp.Transport, r *http.Request) *http.Request {
			tr.NewKey = rand.Text
			return r
		}, 3},
		{"post_allowed", "POST", body, func(_ *retryhttp.Transport, r *http.Request) *http.Request {
			return r.WithContext(retryhttp.WithIdempotent(r.Context()))
		}, 3},
		{"post_that_any_test_would_retry", "POST", body, func(tr *retryhttp.Transport, r *http.Request) *http.Request {
			tr.Policy.RetryIf = retryhttp.Status(503)
			return r
		}, 1},
		{"put_of_a_stream", "PUT", stream, nil, 1},
		{"put_of_a_stream_buffered", "PUT", stream, func(tr *retryhttp.Transport, r *http.Request) *http.Request {
			tr.BufferBody = 4
			return r
		}, 3},
		{"put_of_a_stream_too_long_to_buffer", "PUT", stream, func(tr *retryhttp.Transport, r *http.Request) *http.Request {
			tr.BufferBody = 3
			return r
		}, 1},
		{"post_of_a_stream_allowed", "POST", stream, func(_ *retryhttp.Transport, r *http.Request) *http.Request {
			return r.WithContext(retryhttp.WithIdempotent(r.Context()))
		}, 1},
	} {
		for _, status := range []int{503, 0} {
			name := row.name + "_answered"
			if status == 0 {
				name = row.name + "_reset"
			}
			t.Run(name, func(t *testing.T) {
				s := serve(t, status)
				tr := transport(t, three)
				tr.Base.(*http.Transport).DisableKeepAlives = true // or net/http makes attempts of its own
				var b io.Reader
				if row.body != nil {
					b = row.body()
				}
				req := request(t, row.method, s.URL, b)
				if row.method == "" {
					req.Method = ""
				}
				if row.change != nil {
					req = row.change(tr, req)
				}
				resp, err := tr.RoundTrip(req)
				if err == nil {
					resp.Body.Close()
				}
				if (status == 0) != (err != nil) {
					t.Errorf("the result is %v, %v", resp, err)
				}
				got := s.received()
				if len(got) != row.want {
					t.Fatalf("%d requests were sent, want %d", len(got), row.want)
				}
				for i, r := range got {
					if row.body != nil && r.body != "body" {
						t.Errorf("request %d has the body %q", i+1, r.body)
					}
					if key := r.header.Get("Idempotency-Key"); key != got[0].header.Get("Idempotency-Key") {
						t.Errorf("request %d has the key %q", i+1, key)
					}
				}
				if got := len(got[0].header.Get("Idempotency-Key")); strings.Contains(row.name, "new_key") && got < 20 {
					t.Errorf("the key has %d characters", got)
				}
			})
		}
	}
}

// which answers are retried by default: the table in docs/http.md.
func TestWhichStatusesAreRetried(t *testing.T) {
	retried := []int{408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
	for code := 200; code < 600; code++ {
		if text := http.StatusText(code); text == "" && (code < 515 || code > 535) {
			continue
		}
		s := serve(t, code, 200)
		resp, err := transport(t, three).RoundTrip(request(t, "GET", s.URL, nil))
		if err != nil {
			t.Fatal(code, err)
		}
		resp.Body.Close()
		want := 1
		if slices.Contains(retried, code) {
			want = 2
		}
		if got := len(s.received()); got != want {
			t.Errorf("after status %d there were %d requests, want %d", code, got, want)
		}
		s.Close()
	}
}

// The two testers of 2009 in today's form, and other ways to choose what is retried.
func TestPoliciesByStatus(t *testing.T) {
	s3 := retry.Policy{RetryIf: retryhttp.Status(504)}
	twitter := retry.Policy{
		RetryIf: retryhttp.Status(404, 500, 502, 503),
		Decide: func(d *retry.Decision) {
			if retryhttp.Status(404)(d.Err) && d.Count("404") > 1 {
				d.Retry = false
			}
		},
	}
	teapot := retryhttp.Status(418)
	network := retry.Policy{RetryIf: retryhttp.Network}
	both := retry.Policy{RetryIf: func(err error) bool { return retryhttp.Network(err) || teapot(err) }}
	more := retry.Policy{RetryIf: func(err error) bool { return retryhttp.Transient(err) || retryhttp.Status(404)(err) }}
	for _, row := range []struct {
		name     string
		policy   retry.Policy
		statuses []int
		want     int // requests
	}{
		{"s3", s3, []int{504, 504, 200}, 3},
		{"s3_other", s3, []int{504, 503, 200}, 2},
		{"s3_reset", s3, []int{504, 0, 200}, 2},
		{"twitter", twitter, []int{503, 404, 500, 502, 200}, 5},
		{"twitter_second_404", twitter, []int{404, 503, 404, 200}, 3},
		{"twitter_401", twitter, []int{401, 200}, 1},
		{"network", network, []int{0, 200}, 2},
		{"network_status", network, []int{0, 503, 200}, 2},
		{"both", both, []int{0, 418, 0, 200}, 4},
		{"default_and_more", more, []int{404, 503, 0, 401}, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.statuses...)
			row.policy.Backoff = retry.List{0, 0, 0, 0, 0, 0}
			tr := transport(t, row.policy)
			tr.Budget = unlimited
			tr.Base.(*http.Transport).DisableKeepAlives = true
			for range 2 { // with counts of its own for each call
				s.forget()
				resp, err := tr.RoundTrip(request(t, "GET", s.URL, nil))
				if got := s.received(); len(got) != row.want {
					t.Errorf("there were %d requests, want %d", len(got), row.want)
				}
				if last := row.statuses[row.want-1]; last == 0 {
					if err == nil {
						t.Error("the last attempt was reset, but there is no error")
					}
				} else if err != nil || resp.StatusCode != last {
					t.Errorf("the result is %v, %v; want status %d", resp, err, last)
				}
				if err == nil {
					resp.Body.Close()
				}
			}
		})
	}
}

// A policy that makes another error of an answer has the last word, and the answer is closed.
func TestDecideReplacesAnAnswer(t *testing.T) {
	mine := errors.New("no such user")
	decide := func(d *retry.Decision) {
		if retryhttp.Status(404)(d.Err) {
			d.Err, d.Retry = mine, false
		}
	}
	wantConnections(t, 1, []int{404}, func(t *testing.T, _ *service, m *memory) {
		tr := m.transport(retry.Policy{Decide: decide})
		for range 3 {
			resp, err := tr.RoundTrip(request(t, "GET", m.URL, nil))
			if resp != nil || err != mine {
				t.Errorf("the result is %v, %v; want the policy's error", resp, err)
			}
		}
	})
}

// Decide sees every failure, the last one and those that aren't retried included; but what isn't safe to send again isn't, and what
// the server asks for isn't undercut.
func TestDecide(t *testing.T) {
	for _, row := range []struct {
		name, method string
		statuses     []int
		seen, want   int
	}{
		{"success", "GET", []int{200}, 0, 1},
		{"retried", "GET", []int{503, 200}, 1, 2},
		{"not_retried", "GET", []int{404, 503, 200}, 2, 3},
		{"last", "GET", []int{503}, 3, 3},
		{"network", "GET", []int{0, 200}, 1, 2},
		{"unsafe", "POST", []int{503, 200}, 1, 1},
		{"unsafe_network", "POST", []int{0, 200}, 1, 1},
		{"refused", "POST", []int{429, 200}, 1, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.statuses...)
			seen := 0
			p := three
			p.Decide = func(d *retry.Decision) { seen++; d.Retry = true }
			tr := transport(t, p)
			tr.Base.(*http.Transport).DisableKeepAlives = true
			resp, err := tr.RoundTrip(request(t, row.method, s.URL, nil))
			if err == nil {
				resp.Body.Close()
			}
			if n := len(s.received()); seen != row.seen || n != row.want {
				t.Errorf("Decide saw %d failures of %d requests, want %d of %d", seen, n, row.seen, row.want)
			}
		})
	}

	s := serve(t, 503)
	s.header.Set("Retry-After", "30")
	ctx, cancel := context.WithCancel(t.Context())
	var delay time.Duration
	tr := transport(t, retry.Policy{
		Decide: func(d *retry.Decision) { d.Delay = 0 },
		Observe: func(_ context.Context, e retry.Event) {
			if e.Retry {
				delay = e.Delay
				cancel()
			}
		},
	})
	tr.RoundTrip(request(t, "GET", s.URL, nil).WithContext(ctx))
	if delay < 30*time.Second {
		t.Errorf("Decide made a hint of 30s a delay of %v", delay)
	}
}

// Progress that Base reports makes counts begin again.
func TestProgressInATransport(t *testing.T) {
	made := 0
	tr := &retryhttp.Transport{
		Policy: retry.Policy{
			Backoff: make(retry.List, 10),
			Decide:  func(d *retry.Decision) { d.Retry = d.Count("any") <= 2 },
		},
		Budget: unlimited,
		Base: roundTripper(func(r *http.Request) (*http.Response, error) {
			if made++; made == 2 {
				return nil, retry.Progress(errors.New("got further"))
			}
			return nil, errors.New("x")
		}),
	}
	tr.RoundTrip(request(t, "GET", "http://service.example", nil))
	if made != 4 {
		t.Errorf("%d attempts, want 2, progress at the second, and 2 more", made)
	}
}

// Whatever the reason for having no further attempt, the caller gets the last answer as it came.
func TestLastAnswerIsReturned(t *testing.T) {
	none := new(retry.Budget)
	none.Pause(time.Hour)
	for _, row := range []struct {
		name   string
		policy retry.Policy
		header string
		want   string
	}{
		{"exhausted", three, "", "answer 3"},
		{"no_budget", retry.Policy{Budget: none}, "", "answer 1"},
		{"too_late", retry.Policy{Backoff: retry.List{0, time.Hour}, Within: time.Minute}, "", "answer 1"},
		{"hint_too_long", three, "86400", "answer 1"},
		{"hint_hostile", three, "99999999999999999999", "answer 1"},
		{"one_attempt", retry.Policy{Backoff: retry.List{0}}, "", "answer 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantConnections(t, 1, []int{503}, func(t *testing.T, s *service, m *memory) {
				if row.header != "" {
					s.header.Set("Retry-After", row.header)
				}
				resp, err := (&http.Client{Transport: m.transport(row.policy)}).Get(m.URL)
				if err != nil {
					t.Fatal(err)
				}
				if got := text(t, resp); resp.StatusCode != 503 || got != row.want {
					t.Errorf("the answer is %d %q, want 503 %q", resp.StatusCode, got, row.want)
				}
			})
		})
	}
}

// A policy that can't be used says so, whatever the server answers.
func TestUnusablePolicy(t *testing.T) {
	for name, p := range map[string]retry.Policy{
		"timeout":  {Timeout: -1},
		"no_list":  {Backoff: retry.List{}},
		"negative": {Backoff: retry.Seq(func(yield func(time.Duration) bool) { _ = yield(0) && yield(-1) })},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := transport(t, p).RoundTrip(request(t, "GET", serve(t, 503).URL, nil))
			if resp != nil || !errors.Is(err, retry.ErrInvalid) {
				t.Errorf("the result is %v, %v; want ErrPolicy", resp, err)
			}
		})
	}
}

// A failure of the network that outlasts the attempts says how many there were; one that isn't
// retried is as it would be without the Transport.
func TestErrors(t *testing.T) {
	s := serve(t, 0)
	client := &http.Client{Transport: transport(t, three)}
	client.Transport.(*retryhttp.Transport).Base.(*http.Transport).DisableKeepAlives = true
	const secret = "hunter2"
	url := strings.Replace(s.URL, "://", "://user:"+secret+"@", 1)

	_, err := client.Do(request(t, "GET", url+"/?key="+secret, nil))
	var gaveUp *retry.Error
	if !errors.As(err, &gaveUp) || gaveUp.Attempts != 3 || !errors.Is(gaveUp.Reason, retry.ErrExhausted) {
		t.Errorf("the error is %v, want a *retry.Error after 3 attempts", err)
	} else if strings.Contains(gaveUp.Error(), secret) {
		t.Errorf("the error %q tells the secret", gaveUp)
	}

	_, err = transport(t, three).RoundTrip(request(t, "POST", url, nil))
	if _, ok := err.(*net.OpError); !ok {
		t.Errorf("the error is a %T, %v; want net/http's own", err, err)
	}
	if n := len(s.received()); n != 4 {
		t.Errorf("there were %d requests, want 3 and 1", n)
	}
}

// What was certainly not sent is sent again, whatever the method.
func TestNeverSent(t *testing.T) {
	s := serve(t, 200)
	closed, dials := ownport.Closed(t), 0
	base := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials < 3 {
			addr = closed
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	defer base.CloseIdleConnections()
	resp, err := (&retryhttp.Transport{Base: base, Policy: three}).RoundTrip(request(t, "POST", s.URL, strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := s.received(); len(got) != 1 || got[0].body != "body" {
		t.Errorf("the server received %v", got)
	}
}

// A TLS handshake that breaks looks like an answer that breaks, but nothing was sent.
func TestHandshakeBroken(t *testing.T) {
	var conns, requests atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if requests.Add(1); string(body) == "break" {
			panic(http.ErrAbortHandler)
		}
	}))
	s.Listener = breaking{s.Listener, &conns}
	s.StartTLS()
	defer s.Close()
	base := s.Client().Transport.(*http.Transport)
	defer base.CloseIdleConnections()
	tr := &retryhttp.Transport{Base: base, Policy: three}

	resp, err := tr.RoundTrip(request(t, "POST", s.URL, strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c, r := conns.Load(), requests.Load(); c != 3 || r != 1 {
		t.Errorf("there were %d connections and %d requests, want 3 and 1", c, r)
	}
	if _, err := tr.RoundTrip(request(t, "POST", s.URL, strings.NewReader("break"))); err == nil {
		t.Error("no error for an answer that broke")
	}
	if r := requests.Load(); r != 2 {
		t.Errorf("a POST that was sent was sent %d times", r-1)
	}
}

// breaking closes the first two connections, once the client has said hello.
type breaking struct {
	net.Listener
	conns *atomic.Int32
}

func (l breaking) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.conns.Add(1) > 2 {
			return c, err
		}
		io.ReadFull(c, make([]byte, 5))
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// The caller's request stays as it was, even while NewKey, SendAttempt and BufferBody add to what is sent.
func TestRequestIsNotChanged(t *testing.T) {
	s := serve(t, 503)
	tr := transport(t, three)
	tr.NewKey, tr.SendAttempt, tr.BufferBody = rand.Text, true, 1<<10
	tr.Budget = unlimited
	for _, b := range []io.Reader{strings.NewReader("body"), io.MultiReader(strings.NewReader("body"))} {
		req := request(t, "POST", s.URL, b)
		req.Header.Set("A", "b")
		before := *req
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if req.Body != before.Body || (req.GetBody == nil) != (before.GetBody == nil) || req.Context() != before.Context() ||
			len(req.Header) != 1 || req.ContentLength != before.ContentLength {
			t.Errorf("the request was %v, and is now %v", before, *req)
		}
	}
	if n := len(s.received()); n != 6 {
		t.Errorf("%d requests were sent, want 6", n)
	}
}

// Every body that was given or made is closed, even if no attempt is made.
func TestBodiesAreClosed(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name   string
		ctx    context.Context
		change func(*retryhttp.Transport)
		want   int // bodies made
	}{
		{"success", t.Context(), nil, 3},
		{"canceled", canceled, nil, 1},
		{"unusable", t.Context(), func(tr *retryhttp.Transport) { tr.Policy.Timeout = -1 }, 1},
		{"no_attempt", t.Context(), func(tr *retryhttp.Transport) { tr.Policy.Backoff = retry.List{} }, 1},
		{"refused", t.Context(), func(tr *retryhttp.Transport) {
			tr.Base = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: io.EOF}
			}}
		}, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			var made, open atomic.Int64
			newBody := func() (io.ReadCloser, error) {
				made.Add(1)
				open.Add(1)
				return &tally{ReadCloser: io.NopCloser(strings.NewReader("body")), open: &open}, nil
			}
			req := request(t, "PUT", serve(t, 503, 503, 200).URL, nil).WithContext(row.ctx)
			req.Body, _ = newBody()
			req.GetBody = newBody
			req.ContentLength = 4
			tr := transport(t, three)
			if row.change != nil {
				row.change(tr)
			}
			resp, err := tr.RoundTrip(req)
			if err == nil {
				resp.Body.Close()
			}
			// A RoundTripper may close a body after it returns.
			soon(func() bool { return open.Load() == 0 })
			if m, o := made.Load(), open.Load(); m != int64(row.want) || o != 0 {
				t.Errorf("%d bodies were made and %d are open, want %d and 0 (%v)", m, o, row.want, err)
			}
		})
	}
}

// An error while a body is made again, or buffered, is the caller's to know, at once.
func TestBodyFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	s := serve(t, 503)
	req := request(t, "PUT", s.URL, strings.NewReader("body"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, broken }
	if resp, err := transport(t, three).RoundTrip(req); resp != nil || !errors.Is(err, broken) {
		t.Errorf("the result is %v, %v", resp, err)
	}
	tr := transport(t, three)
	tr.BufferBody = 1 << 10
	req = request(t, "PUT", s.URL, io.MultiReader(strings.NewReader("bo"), failing{broken}))
	if resp, err := tr.RoundTrip(req); resp != nil || !errors.Is(err, broken) {
		t.Errorf("the result is %v, %v", resp, err)
	}
	if n := len(s.received()); n != 1 {
		t.Errorf("%d requests were sent, want 1", n)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }
