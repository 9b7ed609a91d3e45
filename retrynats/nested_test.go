package retrynats

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

func TestTheKeyIsTheIdempotencyKeyOfTheRequest(t *testing.T) {
	var mu sync.Mutex
	var keys []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if keys = append(keys, r.Header.Get("Idempotency-Key")); len(keys) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	client := retryhttp.NewClient(retry.Policy{Attempts: 1})
	e := open(t, Settings{})
	f := register(t, e, "test.post", fast(5), func(ctx context.Context, body string) (int, error) {
		a, _ := Current(ctx)
		req, err := http.NewRequestWithContext(retryhttp.WithKey(ctx, a.Key), http.MethodPost, s.URL, strings.NewReader(body))
		if err != nil {
			return 0, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return 0, retry.After(err, 0)
		}
		defer resp.Body.Close()
		return resp.StatusCode, retryhttp.Check(resp)
	})
	if v, err := start(t, f, "order-7", "paid").Result(t.Context()); v != 200 || err != nil {
		t.Fatalf("%d, %v", v, err)
	}
	if got := fmt.Sprintf("%q", keys); strings.Count(got, "order-7") != 3 || len(keys) != 3 {
		t.Errorf("the server saw the keys %s", got)
	}
}

//retryvet:ignore this is what is tested
func TestNestedCallsDoNotMultiply(t *testing.T) {
	e := open(t, Settings{})
	var attempts atomic.Int32
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { attempts.Add(1); return 0, errDown })
	n := 0
	err := retry.Do(t.Context(), fast(3), func(ctx context.Context) error {
		n++
		c, err := f.Start(ctx, "k", 1)
		if err == nil {
			_, err = c.Result(ctx)
		}
		return err
	})
	if err == nil || n != 1 || attempts.Load() != 3 {
		t.Errorf("%d attempts by %d attempts around them: %v", attempts.Load(), n, err)
	}
	attempts.Store(0)
	g := register(t, e, "test.g", fast(3), func(ctx context.Context, _ int) (int, error) {
		return 0, retry.Do(ctx, fast(3), func(context.Context) error { attempts.Add(1); return errDown })
	})
	if _, err := start(t, g, "k", 1).Result(t.Context()); err == nil || attempts.Load() != 3 {
		t.Errorf("%d attempts in the inner call: %v", attempts.Load(), err)
	}
}

func TestAPanicAndGoexitEndTheCallAndNothingElse(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(_ context.Context, how string) (int, error) {
		if how == "panic" {
			panic("boom")
		}
		if how == "goexit" {
			defer func() {}()
			goexit()
		}
		return 1, nil
	})
	for _, how := range []string{"panic", "goexit", "neither"} {
		v, err := start(t, f, how, how).Result(t.Context())
		i, _ := f.Call(how).Info(t.Context())
		if how == "neither" {
			if v != 1 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		} else if err == nil || i.State != Dead || i.Attempts != 1 || i.Failures[0].Kind != "panic" {
			t.Errorf("%s: %v, %+v", how, err, i)
		}
	}
}

func TestCancelEndsARunningAttemptAndAWaitingCall(t *testing.T) {
	e := open(t, Settings{})
	begun := make(chan struct{}, 1)
	cause := make(chan error, 1)
	f := register(t, e, "test.f", fast(3), func(ctx context.Context, _ int) (int, error) {
		begun <- struct{}{}
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return 7, nil // too late
	})
	c := start(t, f, "k", 1)
	<-begun
	if err := f.Cancel(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if err := <-cause; err != ErrCanceled {
		t.Errorf("the attempt's context ended with %v", err)
	}
	if _, err := c.Result(t.Context()); !is(err, ErrCanceled) {
		t.Errorf("the result is %v", err)
	}
	if err := f.Cancel(t.Context(), "k"); !is(err, ErrState) {
		t.Errorf("canceled twice: %v", err)
	}
	if err := f.Cancel(t.Context(), "none"); !is(err, ErrNotFound) {
		t.Errorf("nothing canceled: %v", err)
	}
}

func is(err, target error) bool { return errors.Is(err, target) }

func goexit() { runtime.Goexit() }
