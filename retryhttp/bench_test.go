package retryhttp_test

import (
	"context"
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
	"github.com/callagain/retry/retryhttp"
)

// What a Transport costs when nothing fails, beside its base, and what an attempt more costs
// beside a loop written by hand: one in ten of those POSTs, which have a key, is answered 503.
//
//	go test -run '^$' -bench . -benchmem -count 5 ./retryhttp
//
// In each the two ways take turns, so that a busy machine slows both; "ratio" is that of the
// medians. Nothing fails: at most 2 more allocations, no measurable time. One in ten: at most
// 1.05, and no connections but those of the first requests.
func BenchmarkTransport(b *testing.B) {
	var requests, conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/flaky" && requests.Add(1)%10 == 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok")
	}))
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
	zero := &http.Client{Transport: &retryhttp.Transport{Base: base}}
	limited := &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: retry.Policy{Timeout: time.Minute}}}
	within := &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: retry.Policy{Within: time.Minute}}}

	newRequest := func(method, path string) *http.Request {
		var body io.Reader
		if method == "POST" {
			body = strings.NewReader("some body that may be sent again")
		}
		req, err := http.NewRequestWithContext(b.Context(), method, s.URL+path, body)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "1")
		return req
	}
	type way func() (*http.Response, error)
	for _, row := range []struct {
		name        string
		other, ours way
	}{
		{
			"nothing_fails/GET",
			func() (*http.Response, error) { return plain.Do(newRequest("GET", "/")) },
			func() (*http.Response, error) { return zero.Do(newRequest("GET", "/")) },
		},
		{
			"nothing_fails/POST",
			func() (*http.Response, error) { return plain.Do(newRequest("POST", "/")) },
			func() (*http.Response, error) { return zero.Do(newRequest("POST", "/")) },
		},
		{
			"timeout/GET",
			func() (*http.Response, error) { return withTimeout(plain, newRequest("GET", "/")) },
			func() (*http.Response, error) { return limited.Do(newRequest("GET", "/")) },
		},
		{
			"within/GET",
			func() (*http.Response, error) { return withTimeout(plain, newRequest("GET", "/")) },
			func() (*http.Response, error) { return within.Do(newRequest("GET", "/")) },
		},
		{
			"one_in_ten/POST",
			func() (*http.Response, error) { return byHand(plain, newRequest("POST", "/flaky")) },
			func() (*http.Response, error) { return again.Do(newRequest("POST", "/flaky")) },
		},
	} {
		run := func(b *testing.B, do way) time.Duration {
			start := time.Now()
			resp, err := do()
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Fatal(resp, err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			return time.Since(start)
		}
		b.Run(row.name+"/beside", func(b *testing.B) {
			// A hundred calls at a time: what is compared has its share of failures.
			const batch = 100
			var other, ours []time.Duration
			for b.Loop() {
				var sum [2]time.Duration
				for i := range 2 * batch {
					// This order and the reverse: the second of a pair is slower.
					if i%4 == 0 || i%4 == 3 {
						sum[0] += run(b, row.other)
					} else {
						sum[1] += run(b, row.ours)
					}
				}
				other, ours = append(other, sum[0]), append(ours, sum[1])
			}
			slices.Sort(other)
			slices.Sort(ours)
			b.ReportMetric(float64(ours[len(ours)/2])/float64(other[len(other)/2]), "ratio")
			b.ReportMetric(float64(conns.Load()), "conns")
			b.ReportMetric(0, "ns/op")
		})
		for name, do := range map[string]way{"other": row.other, "ours": row.ours} {
			b.Run(row.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					run(b, do)
				}
			})
		}
	}
}

// withTimeout is how a limit of time up to the headers is written by hand.
func withTimeout(c *http.Client, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	late := time.AfterFunc(time.Minute, cancel)
	resp, err := c.Do(req.WithContext(ctx))
	if !late.Stop() || err != nil {
		cancel()
		return nil, err
	}
	body := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{body, closer(func() error { defer cancel(); return body.Close() })}
	return resp, nil
}

type closer func() error

func (f closer) Close() error { return f() }

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
