package retryhttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// Which answers are retried by their fields, for which requests: the table in docs/http.md.
func TestWhichAnswersAreRetried(t *testing.T) {
	soon := strconv.FormatInt(time.Now().Unix(), 10)
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "1") }
	for _, row := range []struct {
		name, method string
		status       int
		header       string // fields, one a line
		change       func(*http.Request)
		again        bool
	}{
		// A rate limit may be told by 403 (GitHub).
		{"forbidden", "GET", 403, "", nil, false},
		{"forbidden_until", "GET", 403, "Retry-After: 0", nil, true},
		{"forbidden_until_milliseconds", "GET", 403, "Retry-After-Ms: 10", nil, true},
		{"forbidden_until_nonsense", "GET", 403, "Retry-After: soon", nil, false},
		{"forbidden_with_nothing_left", "GET", 403, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: " + soon, nil, true},
		{"forbidden_with_nothing_left_by_the_draft", "GET", 403, `RateLimit: "a";r=0;t=0`, nil, true},
		{"forbidden_with_nothing_left_until_unknown", "GET", 403, "X-RateLimit-Remaining: 0", nil, true},
		{"forbidden_with_something_left", "GET", 403, "X-RateLimit-Remaining: 4290\nX-RateLimit-Reset: " + soon, nil, false},
		{"forbidden_post", "POST", 403, "", nil, false},
		{"forbidden_post_until", "POST", 403, "Retry-After: 0", nil, true},
		{"unauthorized_until", "GET", 401, "Retry-After: 0", nil, false},
		{"not_found_with_nothing_left", "GET", 404, "X-RateLimit-Remaining: 0", nil, false},

		// What was refused before it was acted upon is sent again whatever the method.
		{"too_many", "POST", 429, "", nil, true},
		{"too_early", "POST", 425, "", nil, true},
		{"too_many_patch", "PATCH", 429, "", nil, true},
		{"timeout", "POST", 408, "", nil, false},
		{"unavailable_until", "POST", 503, "Retry-After: 0", nil, false},

		{"too_large", "PUT", 413, "", nil, false},
		{"too_large_until", "PUT", 413, "Retry-After: 0", nil, true},
		{"too_large_post_until", "POST", 413, "Retry-After: 0", nil, false},
		{"origin_away", "GET", 521, "", nil, true},
		{"origin_away_post", "POST", 521, "", nil, false},
		{"origin_away_post_with_key", "POST", 521, "", key, true},
		{"overloaded", "GET", 529, "", nil, true},
		{"certificate_of_the_origin", "GET", 526, "", nil, false},

		// 409 says that the first of the requests with this key is still being processed.
		{"conflict", "PUT", 409, "", nil, false},
		{"conflict_of_a_key", "POST", 409, "", key, true},
		{"conflict_of_a_context's_key", "POST", 409, "", func(r *http.Request) {
			*r = *r.WithContext(retryhttp.WithKey(r.Context(), "1"))
		}, true},

		{"should", "GET", 409, "X-Should-Retry: true", nil, true},
		{"should_in_capitals", "GET", 404, "X-SHOULD-RETRY: TRUE", nil, true},
		{"should_of_stripe", "GET", 409, "Stripe-Should-Retry: true", nil, true},
		{"should_what_is_unsafe", "POST", 500, "X-Should-Retry: true", nil, false},
		{"should_nonsense", "GET", 409, "X-Should-Retry: maybe", nil, false},
		{"should_not", "GET", 503, "X-Should-Retry: false", nil, false},
		{"should_not_in_capitals", "GET", 503, "X-Should-Retry:  False ", nil, false},
		{"should_not_of_stripe", "GET", 503, "Stripe-Should-Retry: FALSE", nil, false},
		{"should_not_of_envoy", "GET", 503, "X-Envoy-Overloaded: True", nil, false},
		{"should_and_should_not", "GET", 503, "X-Should-Retry: true\nX-Should-Retry: false", nil, false},
		{"should_not_too_many", "POST", 429, "X-Should-Retry: false", nil, false},
	} {
		for name, call := range map[string]func(*retryhttp.Transport, *http.Request) error{
			"transport": func(tr *retryhttp.Transport, req *http.Request) error {
				resp, err := tr.RoundTrip(req)
				if err == nil {
					resp.Body.Close()
				}
				return err
			},
			"fetch": func(tr *retryhttp.Transport, req *http.Request) error {
				_, err := retryhttp.Fetch(&http.Client{Transport: tr}, req, readAll)
				if _, failed := err.(*retryhttp.StatusError); failed {
					err = nil
				}
				return err
			},
		} {
			t.Run(row.name+"_"+name, func(t *testing.T) {
				t.Parallel()
				s := serve(t, row.status, 200)
				for line := range strings.Lines(row.header) {
					name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
					s.header.Add(name, strings.TrimPrefix(value, " "))
				}
				req := request(t, row.method, s.URL, nil)
				if row.change != nil {
					row.change(req)
				}
				if err := call(transport(t, three), req); err != nil {
					t.Fatal(err)
				}
				if n := len(s.received()); (n == 2) != row.again {
					t.Errorf("%d requests were sent", n)
				}
			})
		}
	}
}

// A policy may forbid what is retried by default.
func TestRetryIfForbids(t *testing.T) {
	s := serve(t, 429)
	p := three
	p.RetryIf = func(failure error) bool { return retryhttp.Transient(failure) && !retryhttp.Status(429)(failure) }
	resp, err := transport(t, p).RoundTrip(request(t, "POST", s.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	if text(t, resp); len(s.received()) != 1 {
		t.Errorf("%d requests were sent", len(s.received()))
	}
}

// A server that answers with as many fields as net/http allows doesn't fill a client that waits; those that say when to retry are
// read nevertheless.
func TestHeadersOfFailuresAreBounded(t *testing.T) {
	big := strings.Repeat("x", 900<<10)
	many := strings.Repeat("y", 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("A-Big", big)
		for i := range 100 {
			w.Header().Set("A-"+strconv.Itoa(i), many)
		}
		w.Header().Set("X-Should-Retry", "true")
		w.Header().Set("Retry-After", "0")
		w.Header().Set("X-Ratelimit-Remaining", "0")
		w.WriteHeader(418)
	}))
	defer s.Close()
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	tr := transport(t, retry.Policy{Backoff: make(retry.List, 8)})
	tr.Budget = unlimited
	tr.Base.(*http.Transport).DisableKeepAlives = true
	_, err := retryhttp.Fetch(&http.Client{Transport: tr}, request(t, "GET", s.URL, nil), readAll)
	var kept int
	soon(func() bool { kept = heap() - before; return kept <= 2<<20 }) // net/http's goroutines let go of the answers when they get to it
	if kept > 2<<20 {
		t.Errorf("the error keeps %d MB", kept>>20)
	}
	e, ok := err.(*retry.Error)
	if !ok || len(e.Failures) != 8 {
		t.Fatalf("the error is %v", err)
	}
	for _, f := range e.Failures {
		last := new(retryhttp.StatusError)
		if !asStatus(f, &last) || last.Header.Get("Retry-After") != "0" || last.Header.Get("X-Ratelimit-Remaining") != "0" {
			t.Errorf("a failure has %d fields", len(last.Header))
		}
		n := 0
		for name, values := range last.Header {
			for _, v := range values {
				n += len(name) + len(v)
			}
		}
		if n > 16<<10 || len(last.Header) < 10 {
			t.Errorf("a failure has %d fields of %d bytes", len(last.Header), n)
		}
	}

	// The answer that is returned has them all.
	resp, err := tr.RoundTrip(request(t, "GET", s.URL, nil).WithContext(retryhttp.WithPolicy(t.Context(), retry.Policy{Attempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(resp.Header.Get("A-Big")) != len(big) {
		t.Error("the answer lost a field")
	}
}

// Each field takes memory beside its text: one that sends thousands of tiny ones doesn't either.
func TestTinyHeadersOfFailuresAreBounded(t *testing.T) {
	sent := http.Header{"Retry-After": {"0"}, "X-Many": make([]string, 4000)}
	for i := range 4000 {
		sent[strconv.FormatInt(int64(i), 36)] = []string{""}
	}
	resp := &http.Response{StatusCode: 503, Header: sent}
	e := new(retryhttp.StatusError)
	if err := retryhttp.Check(resp); !asStatus(err, &e) || e.Header.Get("Retry-After") != "0" {
		t.Fatalf("the error is %v", err)
	}
	values := 0
	for _, v := range e.Header {
		values += len(v)
	}
	if values > 200 {
		t.Errorf("a failure has %d fields", values)
	}
}

// Neither does one that sends what net/http doesn't understand, and puts into its errors.
func TestErrorsOfFailuresAreBounded(t *testing.T) {
	addr := answering(t, "HTTP/1.1 200 OK\r\n"+strings.Repeat("x", 200<<10)+"\r\n\r\n", false)
	tr := transport(t, retry.Policy{Backoff: make(retry.List, 8)})
	tr.Budget = unlimited
	for name, call := range map[string]func(*http.Request) error{
		"transport": func(r *http.Request) error { _, err := tr.RoundTrip(r); return err },
		"fetch": func(r *http.Request) error {
			_, err := retryhttp.Fetch(&http.Client{Transport: tr}, r, readAll)
			return err
		},
	} {
		err := call(request(t, "GET", "http://"+addr, nil))
		e, ok := err.(*retry.Error)
		if !ok || len(e.Failures) != 8 {
			t.Fatalf("%s: the error is %.200v", name, err)
		}
		for _, f := range e.Failures {
			if n := len(f.Error()); n > 2<<10 || !strings.Contains(f.Error(), "malformed MIME header") {
				t.Errorf("%s: a failure has a text of %d bytes: %.50s", name, n, f)
			}
		}
	}
}

func asStatus(err error, e **retryhttp.StatusError) bool {
	for err != nil {
		if s, ok := err.(*retryhttp.StatusError); ok {
			*e = s
			return true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = u.Unwrap()
	}
	return false
}

// Around runs around each send, and what it adds to the context is there; the body outlives it.
func TestAround(t *testing.T) {
	type span struct{}
	s := serve(t, 503, 200)
	for name, limit := range map[string]retry.Policy{"unlimited": {}, "timeout": {Timeout: time.Minute}, "within": {Within: time.Minute}} {
		s.forget()
		var around, sends, seen int
		p := limit
		p.Backoff = retry.List{0, 0}
		p.Around = func(ctx context.Context, attempt func(context.Context) error) error {
			around++
			ctx, cancel := context.WithCancel(context.WithValue(ctx, span{}, around))
			defer cancel() // as those do who end a span, or a time-out
			return attempt(ctx)
		}
		tr := transport(t, p)
		base := tr.Base
		tr.Base = roundTripper(func(r *http.Request) (*http.Response, error) {
			sends++
			if r.Context().Value(span{}) == sends && retry.Attempt(r.Context()) == sends {
				seen++
			}
			return base.RoundTrip(r)
		})
		resp, err := tr.RoundTrip(request(t, "GET", s.URL, nil))
		if err != nil {
			t.Fatal(name, err)
		}
		time.Sleep(time.Millisecond) // for what ends with the context
		if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "answer 2" {
			t.Errorf("%s: the body is %q, %v", name, b, err)
		}
		resp.Body.Close()
		if around != 2 || sends != 2 || seen != 2 {
			t.Errorf("%s: Around ran %d times around %d sends, of which %d were in its context", name, around, sends, seen)
		}
	}
}

// A context that Around derives ends the attempt, and only that.
func TestAroundEndsAnAttempt(t *testing.T) {
	var attempts atomic.Int32
	p := three
	p.Around = func(ctx context.Context, attempt func(context.Context) error) error {
		if attempts.Add(1) == 1 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
		}
		return attempt(ctx)
	}
	url := handling(t, func(w http.ResponseWriter, r *http.Request) {
		if attempts.Load() == 1 {
			<-r.Context().Done()
		}
	})
	resp, err := transport(t, p).RoundTrip(request(t, "GET", url, nil))
	if err != nil || attempts.Load() != 2 {
		t.Fatalf("the result is %v, %v after %d attempts", resp, err, attempts.Load())
	}
	resp.Body.Close()
}
