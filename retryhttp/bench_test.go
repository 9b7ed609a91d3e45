package retryhttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// The cost of a Transport when nothing fails, beside plain net/http and in one run:
//
//	go test -bench NothingFails -benchmem -count 10 ./retryhttp
//
// compare the medians, and the numbers of allocations: at most two more.
func BenchmarkNothingFails(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "ok")
	}))
	defer s.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	for _, call := range []struct {
		name, method, body string
	}{{"GET", "GET", ""}, {"POST", "POST", "some body"}} {
		for _, client := range []struct {
			name string
			rt   http.RoundTripper
		}{
			{"plain", base},
			{"retryhttp", &retryhttp.Transport{Base: base}},
		} {
			b.Run(call.name+"/"+client.name, func(b *testing.B) {
				c := &http.Client{Transport: client.rt}
				b.ReportAllocs()
				for b.Loop() {
					var body io.Reader
					if call.body != "" {
						body = strings.NewReader(call.body)
					}
					req, _ := http.NewRequestWithContext(b.Context(), call.method, s.URL, body)
					if resp, err := c.Do(req); err != nil {
						b.Fatal(err)
					} else {
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}
			})
		}
	}
}

// One in ten POSTs with a key is answered 503 and made again at once, beside the loop that a careful person
// writes by hand:
//
//	go test -bench OneInTen -count 10 ./retryhttp
//
// compare the medians, at most 1.05, and the connections: one.
func BenchmarkOneInTen(b *testing.B) {
	var requests atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1)%10 == 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok")
	}))
	var conns atomic.Int64
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()

	base := &http.Transport{}
	defer base.CloseIdleConnections()
	plain := &http.Client{Transport: base}
	again := &http.Client{Transport: &retryhttp.Transport{
		Base:   base,
		Policy: retry.Policy{Backoff: retry.List{0, 0, 0}},
		Budget: func(string) *retry.Budget { return nil }, // the hand-written loop has none
	}}
	const body = "some body that is sent again"
	newRequest := func(ctx context.Context) *http.Request {
		req, err := http.NewRequestWithContext(ctx, "POST", s.URL, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "1")
		return req
	}
	for _, way := range []struct {
		name string
		do   func(context.Context) (*http.Response, error)
	}{
		{"hand", func(ctx context.Context) (*http.Response, error) {
			return byHand(plain, newRequest(ctx))
		}},
		{"retryhttp", func(ctx context.Context) (*http.Response, error) {
			return again.Do(newRequest(ctx))
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			conns.Store(0)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := way.do(b.Context())
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp, err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			b.ReportMetric(float64(conns.Load()), "conns")
		})
	}
}

// byHand is what a careful person writes: three attempts, each with its body, each failed answer drained within bounds.
func byHand(c *http.Client, first *http.Request) (*http.Response, error) {
	req := first
	for n := 1; ; n++ {
		resp, err := c.Do(req)
		if n == 3 || err == nil && resp.StatusCode != http.StatusServiceUnavailable {
			return resp, err
		}
		if err == nil {
			io.CopyN(io.Discard, resp.Body, 64<<10)
			resp.Body.Close()
		}
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(0):
		}
		req = first.Clone(req.Context())
		if req.Body, err = first.GetBody(); err != nil {
			return nil, err
		}
	}
}
