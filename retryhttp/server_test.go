package retryhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A handler knows which attempt of its client's it serves, through to what it calls itself.
func TestAttemptNumberReachesTheHandler(t *testing.T) {
	var seen, nested []int
	url := handling(t, retryhttp.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, retry.Attempt(r.Context()))
		retry.Do(r.Context(), three, func(ctx context.Context) error {
			nested = append(nested, retry.Attempt(ctx))
			return nil
		})
		w.WriteHeader(503)
	})).ServeHTTP)
	for _, send := range []bool{true, false} {
		tr := transport(t, three)
		tr.SendAttempt = send
		resp, err := tr.RoundTrip(request(t, "GET", url, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if want := []int{1, 2, 3, 1, 1, 1}; !slices.Equal(seen, want) {
		t.Errorf("the handler saw attempts %v, want %v", seen, want)
	}
	if want := []int{1, 1, 1, 1, 1, 1}; !slices.Equal(nested, want) {
		t.Errorf("its own calls saw attempts %v, want %v", nested, want)
	}
}

// Whatever a client sends, the number makes sense.
func TestMiddlewareIgnoresNonsense(t *testing.T) {
	for value, want := range map[string]int{
		"": 1, "0": 1, "1": 1, "2": 2, "999999": 999999, "1000000": 1, "-2": 1, "+2": 1, "2.0": 1, " 2": 1, "two": 1,
		"99999999999999999999": 1,
	} {
		got := 0
		h := retryhttp.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = retry.Attempt(r.Context())
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[retryhttp.AttemptHeader] = []string{value}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("%q: attempt %d, want %d", value, got, want)
		}
	}
}

// What the server's helpers say, the client heeds.
func TestOverloaded(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		delay  time.Duration // the client's, at least; -1 for no retry
	}{
		{"later", func(w http.ResponseWriter, _ *http.Request) { retryhttp.RetryLater(w, 1500*time.Millisecond) }, 2 * time.Second},
		{"later_at_once", func(w http.ResponseWriter, _ *http.Request) { retryhttp.RetryLater(w, 0) }, 0},
		{"later_forever", func(w http.ResponseWriter, _ *http.Request) { retryhttp.RetryLater(w, 1<<63-1) }, -1},
		{"never", func(w http.ResponseWriter, _ *http.Request) { retryhttp.DoNotRetry(w) }, -1},
		{"never_by_envoy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-envoy-overloaded", "true")
			http.Error(w, "no", http.StatusServiceUnavailable)
		}, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			got := time.Duration(-1)
			p := retry.Policy{Backoff: retry.List{0, 0, 0}, Observe: func(_ context.Context, e retry.Event) {
				if e.Retry {
					got = e.Delay
					cancel()
				}
			}}
			resp, err := transport(t, p).RoundTrip(request(t, "GET", handling(t, row.answer), nil).WithContext(ctx))
			if err == nil {
				if resp.StatusCode != 503 || text(t, resp) == "" {
					t.Errorf("the answer is %v", resp)
				}
			}
			if (got < 0) != (row.delay < 0) || got < row.delay || got > row.delay+row.delay/10 {
				t.Errorf("the delay is %v, want %v and up to a tenth more", got, row.delay)
			}
		})
	}
}
