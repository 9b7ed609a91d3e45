package polly

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

func TestDelays(t *testing.T) {
	s := time.Second
	for name, want := range map[string][]time.Duration{
		"constant":    {2 * s, 2 * s, 2 * s},
		"linear":      {2 * s, 4 * s, 6 * s},
		"exponential": {2 * s, 4 * s, 8 * s},
		"generator":   {7 * s, 7 * s, 7 * s},
	} {
		synctest.Test(t, func(t *testing.T) {
			var told []time.Duration
			err := execute(t.Context(), policies[name], func(_ int, _ error, d time.Duration) { told = append(told, d) }, func(context.Context) error { return errBusy })
			if !slices.Equal(told, want) || !errors.Is(err, retry.ErrExhausted) {
				t.Errorf("%s: told %v, %v; want %v", name, told, err, want)
			}
		})
		ctx, record := quick(t.Context())
		if retry.Do(ctx, policies[name], func(context.Context) error { return errBusy }); !slices.Equal(record.Delays(), want) {
			t.Errorf("%s: delays %v, want %v", name, record.Delays(), want)
		}
	}
	zero, err := retry.Policy{}.Plan()
	if p, _ := standard.Plan(); err != nil || p.Attempts != zero.Attempts {
		t.Errorf("the default makes %d attempts", zero.Attempts)
	}
	if p, err := policies["timeouts"].Plan(); err != nil || p.MaxTime > 30*s {
		t.Errorf("timeouts: %v, %v", p, err)
	}
	if p, _ := policies["endless"].Plan(); p.Attempts != retry.Unlimited {
		t.Errorf("endless: %v", p)
	}
}

func TestCalls(t *testing.T) {
	ctx, _ := quick(t.Context())
	n := 0
	if s := poll(ctx, standard, func(context.Context) (string, error) {
		if n++; n < 3 {
			return "pending", nil
		}
		return "done", nil
	}); s != "done" {
		t.Errorf("poll: %q", s)
	}
	if s := poll(ctx, standard, func(context.Context) (string, error) { return "pending", nil }); s != "fallback" {
		t.Errorf("poll for ever: %q", s)
	}
	n = 0
	if err := retry.Do(ctx, policies["handle"], func(context.Context) error { n++; return io.EOF }); n != 1 || err != io.EOF {
		t.Errorf("handle: %d attempts, %v", n, err)
	}
	allowed, ran := 0, 0
	p := limited(standard, func() bool { allowed++; return allowed > 2 })
	if err := retry.Do(ctx, p, func(context.Context) error { ran++; return nil }); allowed != 3 || ran != 1 || err != nil {
		t.Errorf("limited: asked %d times, ran %d times, %v", allowed, ran, err)
	}
	if s, err := hedged(func(context.Context) (string, error) { return "done", nil })(ctx); s != "done" || err != nil {
		t.Errorf("hedged: %q, %v", s, err)
	}
	var seen []int
	retry.Do(ctx, standard, func(ctx context.Context) error { seen = append(seen, attempt(ctx)); return errBusy })
	if !slices.Equal(seen, []int{1, 2, 3, 4}) {
		t.Errorf("attempts %v", seen)
	}
}

func TestClient(t *testing.T) {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n < 3 {
			w.WriteHeader(503)
		}
	}))
	defer server.Close()
	ctx, _ := quick(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	resp, err := client().Do(req)
	if err != nil || resp.StatusCode != 200 || n != 3 {
		t.Fatalf("%d requests, %v", n, err)
	}
	resp.Body.Close()
}
