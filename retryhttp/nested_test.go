package retryhttp_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryhttp"
)

// A Transport over a Transport makes three attempts, not nine, be it answers or errors that fail.
func TestNestedTransports(t *testing.T) {
	for _, status := range []int{503, 0} {
		s := serve(t, status)
		inner := transport(t, three)
		inner.Base.(*http.Transport).DisableKeepAlives = true
		outer := &retryhttp.Transport{Base: through{inner}, Policy: three}
		resp, err := outer.RoundTrip(request(t, "GET", s.URL, nil))
		if err == nil {
			if got := text(t, resp); got != "answer 3" {
				t.Errorf("the answer is %q", got)
			}
		}
		if n := len(s.received()); n != 3 {
			t.Errorf("status %d: there were %d requests, want 3", status, n)
		}
	}
}

// through is a RoundTripper as others write them: it sends a copy, and wraps the body of the answer.
type through struct{ next http.RoundTripper }

func (rt through) RoundTrip(req *http.Request) (*http.Response, error) {
	type key struct{}
	resp, err := rt.next.RoundTrip(req.Clone(context.WithValue(req.Context(), key{}, 1)))
	if err == nil {
		resp.Body = struct{ io.ReadCloser }{resp.Body}
	}
	return resp, err
}

// A retry.Do around a client with a Transport doesn't multiply the errors either.
func TestNestedInDo(t *testing.T) {
	s := serve(t, 0)
	tr := transport(t, three)
	tr.Base.(*http.Transport).DisableKeepAlives = true
	client := &http.Client{Transport: tr}
	err := retry.Do(t.Context(), three, func(ctx context.Context) error {
		//retryvet:ignore this is what is tested
		resp, err := client.Do(request(t, "GET", s.URL, nil).WithContext(ctx))
		if err != nil {
			return err
		}
		return retryhttp.Check(resp)
	})
	if n := len(s.received()); n != 3 || err == nil {
		t.Errorf("there were %d requests, want 3 (%v)", n, err)
	}
}

// Any base will do: HTTP/2, and one that isn't of net/http.
func TestBases(t *testing.T) {
	n := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if n++; n%3 != 0 {
			w.WriteHeader(503)
		}
		io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for name, base := range map[string]http.RoundTripper{
		"http2":   s.Client().Transport,
		"wrapped": through{through{s.Client().Transport}},
	} {
		resp, err := (&retryhttp.Transport{Base: base, Policy: three}).RoundTrip(request(t, "PUT", s.URL, http.NoBody))
		if err != nil {
			t.Fatal(name, err)
		}
		if got := text(t, resp); resp.StatusCode != 200 || got != "HTTP/2.0" {
			t.Errorf("%s: the answer is %d %q", name, resp.StatusCode, got)
		}
	}
}

// The pool is the caller's: failures, cancellations and giving up leave its connections alone, and closing
// the client's idle ones reaches it.
func TestConnectionsAreLeftAlone(t *testing.T) {
	for want, closeIdle := range map[int]bool{1: false, 2: true} {
		wantConnections(t, want, []int{200}, func(t *testing.T, _ *service, m *memory) {
			client := &http.Client{Transport: m.transport(three)}
			get := func() {
				resp, err := client.Get(m.URL)
				if err != nil {
					t.Fatal(err)
				}
				text(t, resp)
			}
			get()
			client.Get("http://" + ownport.Closed(t))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			client.Do(request(t, "GET", m.URL, nil).WithContext(ctx))
			if closeIdle {
				client.CloseIdleConnections()
			}
			get()
		})
	}
}

// A panic is the caller's to see, and leaves no answer open.
func TestPanics(t *testing.T) {
	s := serve(t, 503)
	for name, p := range map[string]retry.Policy{
		"judge":    {RetryIf: func(error) bool { panic("at the disco") }},
		"observer": {Observe: func(context.Context, retry.Event) { panic("at the disco") }},
	} {
		closed := false
		tr := transport(t, p)
		tr.Base = watching{tr.Base, &closed}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			tr.RoundTrip(request(t, "GET", s.URL, nil))
		}()
		if !closed {
			t.Errorf("%s: the answer's body was left open", name)
		}
	}
}

// watching tells whether the body of an answer was closed.
type watching struct {
	next   http.RoundTripper
	closed *bool
}

func (rt watching) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := rt.next.RoundTrip(req)
	if err == nil {
		resp.Body = closing{resp.Body, rt.closed}
	}
	return resp, err
}

type closing struct {
	io.ReadCloser
	closed *bool
}

func (c closing) Close() error {
	*c.closed = true
	return c.ReadCloser.Close()
}

// Observers see each failure that is followed by an attempt, and one end, which tells an answer that isn't retried from a success
// and from giving up.
func TestEvents(t *testing.T) {
	debug, info, warn, fault := slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError
	for _, row := range []struct {
		method   string
		statuses []int
		want     []string
		levels   []slog.Level
	}{
		{"GET", []int{200}, []string{"succeeded"}, []slog.Level{debug}},
		{"GET", []int{404}, []string{"stopped"}, []slog.Level{debug}},
		{"GET", []int{503, 503, 200}, []string{"retrying", "retrying", "succeeded"}, []slog.Level{warn, warn, info}},
		{"GET", []int{503, 404}, []string{"retrying", "stopped"}, []slog.Level{warn, info}},
		{"GET", []int{503}, []string{"retrying", "retrying", "exhausted"}, []slog.Level{warn, warn, fault}},
		{"POST", []int{503}, []string{"stopped"}, []slog.Level{debug}},
	} {
		for name, call := range map[string]func(*retryhttp.Transport, *http.Request){
			"transport": func(tr *retryhttp.Transport, req *http.Request) {
				resp, err := tr.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			},
			"fetch": func(tr *retryhttp.Transport, req *http.Request) {
				retryhttp.Fetch(&http.Client{Transport: tr}, req, readAll)
			},
		} {
			s := serve(t, row.statuses...)
			var got []string
			var levels []slog.Level
			p := three
			p.Observe = func(_ context.Context, e retry.Event) {
				got = append(got, e.Outcome())
				levels = append(levels, e.Level())
			}
			call(transport(t, p), request(t, row.method, s.URL, nil))
			if !slices.Equal(got, row.want) || !slices.Equal(levels, row.levels) {
				t.Errorf("%s: %s %v: the events are %v %v, want %v %v", name, row.method, row.statuses, got, levels, row.want, row.levels)
			}
		}
	}
}

// A policy in the request's context replaces the Transport's.
func TestPolicyOfARequest(t *testing.T) {
	s := serve(t, 503)
	tr := transport(t, three)
	ctx := retryhttp.WithPolicy(t.Context(), retry.Policy{Backoff: retry.List{0}})
	resp, err := tr.RoundTrip(request(t, "POST", s.URL, nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := len(s.received()); n != 1 {
		t.Errorf("there were %d requests, want 1", n)
	}
	// The two ways to say something of a request don't undo each other.
	ctx = retryhttp.WithPolicy(retryhttp.WithIdempotent(t.Context()), retry.Policy{Backoff: retry.List{0, 0}})
	resp, err = tr.RoundTrip(request(t, "POST", s.URL, nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := len(s.received()); n != 3 {
		t.Errorf("there were %d requests, want 1 and 2", n)
	}
}

// What a Transport costs when nothing fails, beside its base.
func TestAllocations(t *testing.T) {
	base := canned{&http.Response{StatusCode: 200, Body: http.NoBody}}
	for _, row := range []struct {
		name, method, url string
		policy            retry.Policy
		most              float64
	}{
		{"zero", "GET", "http://service.example", retry.Policy{}, 2},
		{"retry_if", "GET", "http://service.example", retry.Policy{RetryIf: retryhttp.Status(503)}, 2},
		{"https", "GET", "https://service.example", retry.Policy{}, 2},
		{"post", "POST", "http://service.example", retry.Policy{}, 2},
		{"https_post", "POST", "https://service.example", retry.Policy{}, 3},
		{"timeout", "GET", "http://service.example", retry.Policy{Timeout: time.Minute}, 3},
		{"timeout_https_post", "POST", "https://service.example", retry.Policy{Timeout: time.Minute}, 3},
		{"within", "GET", "http://service.example", retry.Policy{Within: time.Minute}, 6},
		{"within_and_timeout", "GET", "http://service.example", retry.Policy{Within: time.Minute, Timeout: time.Second}, 6},
	} {
		tr := &retryhttp.Transport{Base: base, Policy: row.policy}
		body := strings.NewReader("body")
		req := request(t, row.method, row.url, nil)
		if row.method == "POST" {
			req = request(t, row.method, row.url, body)
		}
		// A garbage collection empties pools, which counts for more in so few runs than in the long run.
		best := 1000.0
		for range 3 {
			best = min(best, testing.AllocsPerRun(1000, func() { tr.RoundTrip(req) }))
		}
		if best > row.most && !raceEnabled {
			t.Errorf("%s: %v allocations, want at most %v", row.name, best, row.most)
		}
	}
}

type canned struct{ *http.Response }

func (c canned) RoundTrip(*http.Request) (*http.Response, error) { return c.Response, nil }
