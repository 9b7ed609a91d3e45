package retryhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// 16 workers make 10,000 requests each of a server of many faults. In the end there is no goroutine, no
// connection and no body, of a request or an answer, that wasn't there before.
func TestNothingLeaks(t *testing.T) {
	workers, each := 16, 10_000
	if testing.Short() || raceEnabled {
		each = 500
	}
	before := runtime.NumGoroutine()
	var n, conns, answers, bodies atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		faulty(w, r, n.Add(1))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			conns.Add(1)
		case http.StateClosed, http.StateHijacked:
			conns.Add(-1)
		}
	}
	s.Start()
	base := &http.Transport{MaxIdleConnsPerHost: workers}
	tr := &retryhttp.Transport{
		Base: tracked{base, &answers},
		Policy: retry.Policy{
			Backoff: retry.List{0, 0, 0, 0, 0},
			Timeout: 30 * time.Second,
		},
		Budget: func(string) *retry.Budget { return nil },
	}
	client := &http.Client{Transport: tr}

	var done sync.WaitGroup
	var failed atomic.Int64
	for w := range workers {
		done.Go(func() {
			for i := range each {
				if err := oneOfMany(t.Context(), client, s.URL, w+i, &bodies); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	done.Wait()
	base.CloseIdleConnections()
	s.Close()

	// What was closed may take a moment to be gone.
	soon(func() bool {
		return runtime.NumGoroutine() <= before && conns.Load() == 0 && answers.Load() == 0 && bodies.Load() == 0
	})
	if g := runtime.NumGoroutine(); g > before {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines more than before:\n%s", g-before, buf[:runtime.Stack(buf, true)])
	}
	if c, a, b := conns.Load(), answers.Load(), bodies.Load(); c != 0 || a != 0 || b != 0 {
		t.Errorf("%d connections, %d answers and %d bodies are still open", c, a, b)
	}
	total := int64(workers * each)
	if f := failed.Load(); f > total/10 {
		t.Errorf("%d of %d calls failed", f, total)
	}
	t.Logf("%d calls made %d requests; %d failed", total, n.Load(), failed.Load())
}

// faulty answers the n-th request, or doesn't.
func faulty(w http.ResponseWriter, r *http.Request, n int64) {
	io.Copy(io.Discard, r.Body)
	switch n % 40 {
	case 1, 11, 21: // with a body to drain
		w.WriteHeader(503)
		io.WriteString(w, strings.Repeat("overloaded ", 100))
		return
	case 5: // with more than is drained
		w.WriteHeader(502)
		io.WriteString(w, strings.Repeat("x", 200<<10))
		return
	case 9: // a connection that breaks before the header
		panic(http.ErrAbortHandler)
	case 15: // and in the middle of the body
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	case 25:
		w.WriteHeader(404)
	}
	fmt.Fprint(w, "ok")
}

// oneOfMany makes a call of the k-th kind.
func oneOfMany(ctx context.Context, client *http.Client, url string, k int, bodies *atomic.Int64) error {
	newBody := func() (io.ReadCloser, error) {
		bodies.Add(1)
		return &tally{ReadCloser: io.NopCloser(strings.NewReader("some body")), open: bodies}, nil
	}
	method := "GET"
	if k%2 == 0 {
		method = "PUT"
	}
	if k%97 == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(k%5)*100*time.Microsecond)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	if method == "PUT" {
		req.Body, _ = newBody()
		if req.ContentLength = 9; k%3 != 0 {
			req.GetBody = newBody
		}
	}
	if k%5 == 0 {
		_, err := retryhttp.Fetch(client, req, func(resp *http.Response) (int64, error) { return io.Copy(io.Discard, resp.Body) })
		if retryhttp.Status(404)(err) {
			return nil
		}
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if k%7 != 0 { // some don't read to the end
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if resp.StatusCode != 200 && resp.StatusCode != 404 {
		err = errors.New(resp.Status)
	}
	resp.Body.Close()
	return err
}

// tracked counts the answers that are open.
type tracked struct {
	next http.RoundTripper
	open *atomic.Int64
}

func (rt tracked) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := rt.next.RoundTrip(req)
	if err == nil {
		rt.open.Add(1)
		resp.Body = &tally{ReadCloser: resp.Body, open: rt.open}
	}
	return resp, err
}

// A tally counts down when it's closed.
type tally struct {
	io.ReadCloser
	open *atomic.Int64
	once sync.Once
}

func (c *tally) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.ReadCloser.Close()
}
