package sdktest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// cutShort promises more than it sends, and ends the connection.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "5")
	io.WriteString(w, "who")
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestOperationAloneDoesNotSeeABodyCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(1, cutShort)
		if body, err := get(t.Context(), serve(t, new(retryaws.Retryer), l.ServeHTTP)); !errors.Is(err, io.ErrUnexpectedEOF) || len(l.at) != 1 {
			t.Errorf("%q, %v after %d attempts", body, err, len(l.at))
		}
	})
}

func TestGetMakesABodyCutShortGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(2, cutShort)
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second, time.Second}}}
		c := serve(t, r, l.ServeHTTP)
		body, err := retryaws.Get(t.Context(), r, func(ctx context.Context) (string, error) { return get(ctx, c) })
		if body != "whole" || err != nil || len(l.at) != 3 || l.at[2] != 2*time.Second {
			t.Errorf("%q, %v at %v", body, err, l.at)
		}
		if l.headers[2] != "attempt=3; max=3" {
			t.Errorf("the server was told %q", l.headers)
		}
	})
}

func TestOperationsInsideMakeOneAttemptEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(99, internalError)
		c := serve(t, &retryaws.Retryer{Policy: retry.Policy{Name: "the client's", Timeout: 1}}, l.ServeHTTP)
		r := &retryaws.Retryer{Policy: retry.Policy{Name: "the call's", Backoff: retry.List{0, time.Second, time.Second}}}
		err := retryaws.Do(t.Context(), r, func(ctx context.Context) error {
			_, err := get(ctx, c)
			return err
		})
		gaveUp, ok := errors.AsType[*retry.Error](err)
		if !ok || gaveUp.Name != "the call's" || gaveUp.Attempts != 3 || len(l.at) != 3 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
			t.Errorf("the failure is lost: %v", err)
		}
	})
}

func TestDoStopsAtWhatIsNotTransient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(99, func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") })
		c := serve(t, new(retryaws.Retryer), l.ServeHTTP)
		err := retryaws.Do(t.Context(), new(retryaws.Retryer), func(ctx context.Context) error {
			_, err := get(ctx, c)
			return err
		})
		if err == nil || len(l.at) != 1 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
	})
}

// Hints and the longer delays of throttles reach the call around the operation.
func TestThrottlesInsideWaitLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hinted := false
		l := times(3, func(w http.ResponseWriter, r *http.Request) {
			if !hinted {
				hinted = true
				w.Header().Set("Retry-After", "60")
			}
			slowDown(w, r)
		})
		c := serve(t, new(retryaws.Retryer), l.ServeHTTP)
		if _, err := retryaws.Get(t.Context(), new(retryaws.Retryer), func(ctx context.Context) (string, error) { return get(ctx, c) }); err != nil {
			t.Fatal(err)
		}
		for n, longest := range []time.Duration{66 * time.Second, 2 * time.Second, 4 * time.Second} {
			if d := l.at[n+1] - l.at[n]; d < longest/2 || d > longest+1 || n == 0 && d < time.Minute {
				t.Errorf("delay %d is %v", n+1, d)
			}
		}
	})
}

// One attempt may make several operations at the same time.
func TestOperationsInsideAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) <= 8 {
				slowDown(w, r)
			}
		})
		err := retryaws.Do(t.Context(), new(retryaws.Retryer), func(ctx context.Context) error {
			errs := make(chan error)
			for range 8 {
				go func() {
					_, err := get(ctx, c)
					errs <- err
				}()
			}
			var all error
			for range 8 {
				all = errors.Join(all, <-errs)
			}
			return all
		})
		if err != nil || n.Load() != 16 {
			t.Errorf("%d requests: %v", n.Load(), err)
		}
	})
}
