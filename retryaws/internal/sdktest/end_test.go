package sdktest_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestGivingUpKeepsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1}}}
		var n atomic.Int32
		_, err := get(t.Context(), serve(t, r, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) == 1 {
				fail(w, 500, "InternalError")
				return
			}
			fail(w, 504, "GatewayTimeout")
		}))
		gaveUp, ok := errors.AsType[*retry.Error](err)
		if !ok || gaveUp.Attempts != 3 || gaveUp.Name != "S3.GetObject" || !errors.Is(err, retry.ErrExhausted) {
			t.Fatalf("got %v", err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
			t.Errorf("the first failure isn't found: %v", err)
		}
		if op, ok := errors.AsType[*smithy.OperationError](err); !ok || op.OperationName != "GetObject" {
			t.Errorf("the operation isn't found: %v", err)
		}
	})
}

// The SDK's own loop loses both: it returns the bare error of the context.
func TestCanceledDelayKeepsCauseAndFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Hour}}}
		ctx, cancel := context.WithCancelCause(t.Context())
		shutdown := errors.New("shutting down")
		time.AfterFunc(time.Minute, func() { cancel(shutdown) })
		start := time.Now()
		_, err := get(ctx, serve(t, r, internalError))
		if d := time.Since(start); d != time.Minute {
			t.Errorf("returned after %v", d)
		}
		if !errors.Is(err, shutdown) {
			t.Errorf("the cause is lost: %v", err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
			t.Errorf("the operation's failure is lost: %v", err)
		}
	})
}

func TestCanceledAttemptKeepsCauseAndEarlierFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second, time.Second}}}
		ctx, cancel := context.WithCancelCause(t.Context())
		shutdown := errors.New("shutting down")
		l := times(1, internalError)
		_, err := get(ctx, serve(t, r, func(w http.ResponseWriter, req *http.Request) {
			if len(l.at) == 1 {
				cancel(shutdown)
				<-req.Context().Done()
				return
			}
			l.ServeHTTP(w, req)
		}))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" || !errors.Is(err, shutdown) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNoHopelessWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, r := range []*retryaws.Retryer{
			{Policy: retry.Policy{Backoff: retry.List{0, time.Hour}}},
			{Policy: retry.Policy{Backoff: retry.List{0, 30 * time.Second}, Within: 10 * time.Second}},
		} {
			_, err := get(ctx, serve(t, r, internalError))
			if api, ok := errors.AsType[smithy.APIError](err); !errors.Is(err, retry.ErrTooLate) || !ok || api.ErrorCode() != "InternalError" {
				t.Errorf("got %v", err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v for nothing", d)
		}
	})
}
