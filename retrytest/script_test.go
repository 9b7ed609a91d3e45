package retrytest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

// A fakeT keeps what a test would have failed with.
type fakeT struct {
	mu       sync.Mutex
	messages []string
}

func (t *fakeT) Helper() {}

func (t *fakeT) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages = append(t.messages, fmt.Sprintf(format, args...))
}

func TestFuncFollowsItsScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := retrytest.NewScript(t,
			retrytest.Step{Err: errDown},
			retrytest.Step{After: 2 * time.Second},
			retrytest.Step{Slow: 3 * time.Second, Status: 503},
			retrytest.Step{Slow: time.Second},
		)
		var seen []string
		p := retry.Policy{Backoff: retry.List{0, 0, 0, 0}, Observe: func(_ context.Context, e retry.Event) {
			seen = append(seen, fmt.Sprintf("%v: %v, %v, %v", e.Elapsed, e.Outcome(), e.Err, e.Delay))
		}}
		v, err := retry.Get(t.Context(), p, retrytest.Func(s, "hello"))
		if v != "hello" || err != nil {
			t.Errorf("got %q, %v", v, err)
		}
		want := []string{
			"0s: retrying, connection refused, 0s",
			"0s: retrying, scripted failure, 2s",
			"5s: retrying, scripted failure: 503 Service Unavailable, 0s",
			"6s: succeeded, <nil>, 0s",
		}
		if got := strings.Join(seen, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
		if s.Attempts() != 4 {
			t.Errorf("%d attempts", s.Attempts())
		}
		s.Done()
	})
}

func TestSlowStepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := retrytest.NewScript(t, retrytest.Step{Slow: time.Hour}, retrytest.OK)
		begun := time.Now()
		err := retry.Do(t.Context(), retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}}, s.Do)
		if err != nil || time.Since(begun) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
	})
}

func TestScriptThatRunsOutSaysSo(t *testing.T) {
	fake := new(fakeT)
	s := retrytest.NewScript(fake, retrytest.Fail, retrytest.Step{After: 2 * time.Second}, retrytest.Step{Status: 404, Slow: time.Millisecond})
	err := retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0, 0, 0, 0, 0}, RetryIf: func(error) bool { return true }},
		func(ctx context.Context) error {
			ctx, _ = retrytest.Context(ctx, retrytest.Settings{})
			err := s.Do(ctx)
			if s.Attempts() == 2 {
				err = errors.Unwrap(err) // without its hint
			}
			return err
		})
	want := "retrytest: attempt 4, but the script has only 3 steps: 1. fail: scripted failure; 2. fail, retry after 2s; 3. answer 404, slow 1ms"
	if len(fake.messages) != 1 || fake.messages[0] != want {
		t.Errorf("the test failed with %q\nwant %q", fake.messages, want)
	}
	if err == nil || err.Error() != want || s.Attempts() != 4 {
		t.Errorf("the code under test made %d attempts and got %v", s.Attempts(), err)
	}
}

func TestScriptThatIsNotDoneSaysSo(t *testing.T) {
	fake := new(fakeT)
	s := retrytest.NewScript(fake, retrytest.OK, retrytest.Fail)
	s.Do(t.Context())
	s.Done()
	if want := `retrytest: only 1 of 2 steps used; the next one is "fail: scripted failure"`; len(fake.messages) != 1 || fake.messages[0] != want {
		t.Errorf("got  %q\nwant %q", fake.messages, want)
	}
	if text := retrytest.NewScript(fake).String(); text != "no steps" {
		t.Errorf("a script without steps is %q", text)
	}
}

func TestScriptNeedsATest(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a nil t was taken")
		}
	}()
	retrytest.NewScript(nil)
}

func TestScriptIsForAnyNumberOfGoroutines(t *testing.T) {
	const n = 100
	s := retrytest.NewScript(t, make([]retrytest.Step, n)...)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := s.Do(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.Done()
}

// get asks for url, and tells the answer in one line.
func get(ctx context.Context, c *http.Client, url string) string {
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("a body"))
	if err != nil {
		return err.Error()
	}
	resp, err := c.Do(req)
	if err != nil {
		return "failed: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "failed: " + err.Error()
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", resp.Status, resp.Header.Get("Retry-After"), body)), " ")
}

func TestHandlerAndRoundTripperFollowTheirScript(t *testing.T) {
	steps := []retrytest.Step{
		{Status: 503},
		{After: 1500 * time.Millisecond},
		{Status: 429, After: time.Minute},
		{Err: errDown},
		{Slow: time.Millisecond},
		{Status: 204},
		{},
	}
	want := []string{
		"503 Service Unavailable",
		"503 Service Unavailable 2",
		"429 Too Many Requests 60",
		"failed",
		"200 OK a body",
		"204 No Content",
		"200 OK a body",
	}
	echo := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { io.Copy(w, req.Body) })

	t.Run("handler", func(t *testing.T) {
		s := retrytest.NewScript(t, steps...)
		server := httptest.NewUnstartedServer(s.Handler(echo))
		server.Config.ErrorLog = nil
		server.Start()
		defer server.Close()
		for i, want := range want {
			if got := get(t.Context(), server.Client(), server.URL); !strings.HasPrefix(got, want) {
				t.Errorf("step %d: got %q, want %q", i+1, got, want)
			}
		}
		s.Done()
	})
	t.Run("round_tripper", func(t *testing.T) {
		server := httptest.NewServer(echo)
		defer server.Close()
		s := retrytest.NewScript(t, steps...)
		client := &http.Client{Transport: s.RoundTripper(server.Client().Transport)}
		for i, want := range want {
			got := get(t.Context(), client, server.URL)
			if !strings.HasPrefix(got, want) {
				t.Errorf("step %d: got %q, want %q", i+1, got, want)
			}
			if want == "failed" && !strings.Contains(got, errDown.Error()) {
				t.Errorf("step %d: got %q, without its error", i+1, got)
			}
		}
		s.Done()
	})
}

func TestHTTPScriptsWithNothingBehind(t *testing.T) {
	s := retrytest.NewScript(t, retrytest.OK, retrytest.OK)
	if got := get(t.Context(), &http.Client{Transport: s.RoundTripper(nil)}, "http://127.0.0.1/"); got != "200 OK" {
		t.Errorf("the transport gave %q", got)
	}
	server := httptest.NewServer(s.Handler(nil))
	defer server.Close()
	if got := get(t.Context(), server.Client(), server.URL); got != "200 OK" {
		t.Errorf("the handler gave %q", got)
	}
}

// closed is a body that knows whether it was closed.
type closed struct {
	io.Reader
	closed bool
}

func (c *closed) Close() error {
	c.closed = true
	return nil
}

func TestRoundTripperClosesTheBody(t *testing.T) {
	s := retrytest.NewScript(t, retrytest.Fail, retrytest.Step{Status: 500}, retrytest.OK)
	for range 3 {
		body := &closed{Reader: strings.NewReader("a body")}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1/", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.RoundTripper(nil).RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		if !body.closed {
			t.Errorf("attempt %d left the body open", s.Attempts())
		}
	}
}

func TestHTTPScriptThatRunsOutFailsTheTest(t *testing.T) {
	fake := new(fakeT)
	server := httptest.NewServer(retrytest.NewScript(fake).Handler(nil))
	defer server.Close()
	if got := get(t.Context(), server.Client(), server.URL); !strings.HasPrefix(got, "failed") {
		t.Errorf("got %q", got)
	}
	server.Close()
	// net/http itself may send a request again when its connection broke.
	if len(fake.messages) == 0 || !strings.Contains(fake.messages[0], "attempt 1, but the script has only 0 steps: no steps") {
		t.Errorf("got %q", fake.messages)
	}
}
