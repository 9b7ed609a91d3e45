package goretryablehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// A server answers the n-th request with the n-th status, and 200 afterwards; 0 resets the connection.
type server struct {
	began    time.Time
	statuses []int
	body     string
	header   http.Header
	at       []time.Duration
	bodies   []string
	signed   []string
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	s.at = append(s.at, time.Since(s.began))
	s.signed = append(s.signed, req.Header.Get("Signature"))
	if req.Body != nil {
		data, _ := io.ReadAll(req.Body)
		req.Body.Close()
		s.bodies = append(s.bodies, string(data))
	}
	status := 200
	if len(s.statuses) > 0 {
		status, s.statuses = s.statuses[0], s.statuses[1:]
	}
	if status == 0 {
		return nil, fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
	}
	h := http.Header{}
	if status != 200 {
		h = s.header.Clone()
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		Body: io.NopCloser(strings.NewReader(s.body)), ContentLength: int64(len(s.body))}, nil
}

type outcome struct {
	at     []time.Duration
	bodies []string
	signed []string
	status int
	err    error
	took   time.Duration
}

type call func(context.Context, http.RoundTripper) (*http.Response, error)

func run(t *testing.T, c call, limit time.Duration, header http.Header, statuses ...int) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		s := &server{began: time.Now(), statuses: statuses, header: header}
		resp, err := c(ctx, s)
		o = outcome{at: s.at, bodies: s.bodies, signed: s.signed, err: err, took: time.Since(s.began)}
		if err == nil {
			o.status = resp.StatusCode
			resp.Body.Close()
		}
	})
	return o
}

func TestSame(t *testing.T) {
	for _, p := range []struct {
		name          string
		before, after call
		skip          string
	}{
		{"get", beforeGet, afterGet, ""},
		{"post with a key", beforePost, afterPost, ""},
		{"check retry", beforeCheckRetry, afterCheckRetry, ""},
		{"decode", func(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
			base.(*server).body = `{"Item":"tea"}`
			o, err := beforeDecode(ctx, base)
			return &http.Response{StatusCode: 200 + len(o.Item), Body: http.NoBody}, err
		}, func(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
			base.(*server).body = `{"Item":"tea"}`
			o, err := afterDecode(ctx, base)
			return &http.Response{StatusCode: 200 + len(o.Item), Body: http.NoBody}, err
		}, ""},
	} {
		for name, statuses := range map[string][]int{
			"success":        nil,
			"twice 503":      {503, 503},
			"503 for good":   slices.Repeat([]int{503}, 99),
			"reset":          {0, 502, 0},
			"reset for good": slices.Repeat([]int{0}, 99),
			"404":            {404},
			"429":            {429},
			"501":            {501},
		} {
			if p.name == "check retry" && name == "404" {
				statuses = []int{404, 404}
			}
			b, a := run(t, p.before, time.Hour, nil, statuses...), run(t, p.after, time.Hour, nil, statuses...)
			if len(b.at) == 0 || !slices.Equal(b.at, a.at) {
				t.Errorf("%s, %s: requests at %v before, at %v after", p.name, name, b.at, a.at)
			}
			if !slices.Equal(b.bodies, a.bodies) {
				t.Errorf("%s, %s: bodies %q before, %q after", p.name, name, b.bodies, a.bodies)
			}
			if (b.err == nil) != (a.err == nil) || b.status != a.status {
				// With a response handler any answer is decoded before, even a 404; Fetch returns a StatusError.
				if p.name == "decode" && (name == "404" || name == "501") && a.err != nil {
					continue
				}
				t.Errorf("%s, %s: %d, %v before; %d, %v after", p.name, name, b.status, b.err, a.status, a.err)
			}
		}
	}
}

func TestEachAttemptIsSigned(t *testing.T) {
	sign := func() func(*http.Request) error {
		n := 0
		return func(req *http.Request) error {
			n++
			req.Header.Set("Signature", fmt.Sprint(n))
			return nil
		}
	}
	for name, prepare := range map[string]func(context.Context, http.RoundTripper, func(*http.Request) error) (*http.Response, error){"before": beforePrepare, "after": afterPrepare} {
		r := run(t, func(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
			return prepare(ctx, base, sign())
		}, time.Hour, nil, 503, 503)
		if !slices.Equal(r.signed, []string{"1", "2", "3"}) || r.status != 200 || !slices.Equal(r.bodies, []string{"tea", "tea", "tea"}) {
			t.Errorf("%s: signatures %q, bodies %q, status %d, %v", name, r.signed, r.bodies, r.status, r.err)
		}
	}
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	day := http.Header{"Retry-After": {"86400"}}
	b, a := run(t, beforeGet, 100*time.Hour, day, 503), run(t, afterGet, 100*time.Hour, day, 503)
	if b.took != 24*time.Hour || a.took < 24*time.Hour || a.took > 25*time.Hour { // the caller allows that
		t.Errorf("Retry-After: a day, in a hundred hours: %v before, %v after", b.took, a.took)
	}
	b, a = run(t, beforeGet, time.Hour, day, 503), run(t, afterGet, time.Hour, day, 503)
	if b.took != time.Hour || b.err == nil || a.took != 0 || a.status != 503 {
		t.Errorf("Retry-After: a day, in an hour: %v, %v before; %v, status %d after", b.took, b.err, a.took, a.status)
	}
	b, a = run(t, beforeGet, 900*time.Millisecond, nil, 503), run(t, afterGet, 900*time.Millisecond, nil, 503)
	if b.took != 900*time.Millisecond || b.err == nil || a.took != 0 || a.status != 503 {
		t.Errorf("a delay longer than the time left: %v, %v before; %v, status %d after", b.took, b.err, a.took, a.status)
	}
	keyless := func(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("tea"))
		if err != nil {
			return nil, err
		}
		return afterClient(base).Do(req)
	}
	b, a = run(t, beforePost, time.Hour, nil, 503, 503), run(t, keyless, time.Hour, nil, 503, 503)
	if len(b.at) != 3 || len(a.at) != 1 || a.status != 503 {
		t.Errorf("a POST without a key: %d requests before, %d after", len(b.at), len(a.at))
	}
	// A server that is down for good.
	down := func(one call) (n int) {
		synctest.Test(t, func(t *testing.T) {
			s := &server{began: time.Now(), statuses: slices.Repeat([]int{0}, 999)}
			for range 20 {
				if resp, err := one(t.Context(), s); err == nil {
					resp.Body.Close()
				}
			}
			n = len(s.at)
		})
		return n
	}
	c := map[string]*http.Client{}
	shared := func(make func(http.RoundTripper) *http.Client, name string) call {
		return func(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
			if c[name] == nil {
				c[name] = make(base)
			}
			req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
			if err != nil {
				return nil, err
			}
			return c[name].Do(req)
		}
	}
	if b, a := down(shared(beforeClient, "before")), down(shared(afterClient, "after")); b != 80 || a != 23 {
		t.Errorf("20 requests to a server that is down: %d before, %d after", b, a)
	}
	e := run(t, afterGet, time.Hour, nil, slices.Repeat([]int{0}, 99)...).err
	if gaveUp, ok := errors.AsType[*retry.Error](e); !ok || gaveUp.Attempts != 4 {
		t.Errorf("the error is %v", e)
	}
}
