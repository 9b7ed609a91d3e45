package retryhttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// slowFirst answers the first request only when the test is over or its client leaves, and the others with handle.
func slowFirst(t *testing.T, handle http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	over := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			io.Copy(io.Discard, r.Body)
			select {
			case <-over:
			case <-r.Context().Done():
			}
			return
		}
		handle(w, r)
	}))
	t.Cleanup(func() { close(over); s.Close() })
	return s, &n
}

func hedging(p retry.Policy) *http.Client {
	return &http.Client{Transport: &retryhttp.Transport{
		Base:   &http.Transport{},
		Policy: p,
		Hedge:  &retry.HedgeSettings{Delay: time.Millisecond, Unlimited: true},
		NewKey: func() string { return "key" },
	}}
}

func TestHedgeDoesNotWaitForASlowServer(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	server, _ := slowFirst(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, large) })
	resp, err := hedging(retry.Policy{}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// The winner's context lives until its body is closed.
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) != len(large) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestEachHedgeHasABodyOfItsOwnAndAllTheSameKey(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	server, _ := slowFirst(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Idempotency-Key")+":"+string(body)] = true
		if err != nil {
			t.Error(err)
		}
	})
	resp, err := hedging(retry.Policy{}).Post(server.URL, "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 1 || !seen["key:body"] {
		t.Errorf("the server saw %v", seen)
	}
}

func TestFetchObeysTheHedge(t *testing.T) {
	server, n := slowFirst(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `"tea"`) })
	req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	v, err := retryhttp.Fetch(hedging(retry.Policy{}), req, retryhttp.JSON[string])
	if v != "tea" || err != nil || n.Load() < 2 {
		t.Errorf("%q, %v after %d requests", v, err, n.Load())
	}
}

func TestTroubleDoesNotWinAHedge(t *testing.T) {
	for _, status := range []int{500, 503, 429} {
		var n atomic.Int64
		bad := make(chan bool)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == 2 {
				w.WriteHeader(status)
				close(bad)
				return
			}
			<-bad
			io.WriteString(w, "good")
		}))
		resp, err := hedging(retry.Policy{Attempts: 1}).Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "good" {
			t.Errorf("%d: %s won", status, resp.Status)
		}
		resp.Body.Close()
		server.Close()
	}
}

func TestAnswerIsTheResultWhenAllHedgesFail(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "down")
	}))
	defer server.Close()
	resp, err := hedging(retry.Policy{Backoff: retry.List{0, 0}}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); resp.StatusCode != 503 || string(body) != "down" || err != nil {
		t.Errorf("%s, %q, %v", resp.Status, body, err)
	}
}

// slowToLeave answers the first attempt at once, when the second has begun; that one looks at its request when the caller has changed it.
type slowToLeave struct {
	begun, changed chan bool
	saw            chan string
	n              atomic.Int64
}

func (s *slowToLeave) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.n.Add(1) == 1 {
		<-s.begun
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
	}
	close(s.begun)
	<-s.changed
	s.saw <- req.Header.Get("X-Part") + req.URL.Path
	return nil, req.Context().Err()
}

// A caller may change and send a request again when it has the answer and has closed its body. A hedge that isn't waited for any more may not have
// noticed yet.
func TestRequestMayBeChangedAfterItsAnswer(t *testing.T) {
	base := &slowToLeave{begun: make(chan bool), changed: make(chan bool), saw: make(chan string, 1)}
	tr := &retryhttp.Transport{Base: base, Hedge: &retry.HedgeSettings{Delay: time.Millisecond, Unlimited: true}}
	req, _ := http.NewRequest("GET", "http://example.test/1", nil)
	req.Header.Set("X-Part", "1")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req.Header.Set("X-Part", "2")
	req.URL.Path = "/2"
	close(base.changed)
	if saw := <-base.saw; saw != "1/1" {
		t.Errorf("a hedge sent %q", saw)
	}
}

// What isn't safe to send twice is never hedged.
func TestUnsafeRequestIsNotHedged(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		time.Sleep(50 * time.Millisecond) // far longer than the hedge's delay
	}))
	defer server.Close()
	client := hedging(retry.Policy{})
	client.Transport.(*retryhttp.Transport).NewKey = nil
	for _, body := range []io.Reader{nil, strings.NewReader("x"), io.MultiReader(strings.NewReader("x"))} {
		n.Store(0)
		resp, err := client.Post(server.URL, "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if n.Load() != 1 {
			t.Errorf("a POST was sent %d times", n.Load())
		}
	}
	n.Store(0)
	req, _ := http.NewRequest("PUT", server.URL, io.MultiReader(strings.NewReader("a stream")))
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n.Load() != 1 {
		t.Errorf("a stream was sent %d times", n.Load())
	}
}

func TestHedgedRequestEndsWithItsContextAndItsTimeout(t *testing.T) {
	over := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(over)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if _, err := hedging(retry.Policy{}).Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	_, err := hedging(retry.Policy{Timeout: 20 * time.Millisecond, Backoff: retry.List{0, 0}}).Get(server.URL)
	if e, ok := errors.AsType[*retry.Error](err); !ok || e.Attempts != 2 || !errors.Is(err, retry.ErrTimeout) {
		t.Errorf("the attempts ended with %v", err)
	}
}

// A request without a URL is refused by net/http, and not by a panic.
func TestHedgeWithoutAURL(t *testing.T) {
	client := hedging(retry.Policy{})
	if resp, err := client.Transport.RoundTrip(&http.Request{Method: "GET", Header: http.Header{}}); err == nil {
		t.Errorf("the answer is %v", resp)
	}
}
