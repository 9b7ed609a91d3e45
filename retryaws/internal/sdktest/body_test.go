package sdktest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// slowBody sends the header of its answer at once, and then a byte a second.
func slowBody(seconds int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for range seconds {
			w.(http.Flusher).Flush()
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return
			}
			io.WriteString(w, "x")
		}
	}
}

func TestLimitsDoNotCutTheBodyOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, p := range []retry.Policy{{Timeout: time.Second}, {Within: time.Second}} {
			body, err := get(t.Context(), serve(t, &retryaws.Retryer{Policy: p}, slowBody(10)))
			if err != nil || len(body) != 10 {
				t.Errorf("Timeout %v, Within %v: %d bytes, %v", p.Timeout, p.Within, len(body), err)
			}
		}
	})
}

func TestCallersContextStillEndsTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, p := range []retry.Policy{{}, {Timeout: time.Second}} {
			start := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(1500*time.Millisecond, cancel)
			_, err := get(ctx, serve(t, &retryaws.Retryer{Policy: p}, slowBody(10)))
			if !errors.Is(err, context.Canceled) || time.Since(start) != 1500*time.Millisecond {
				t.Errorf("Timeout %v: %v after %v", p.Timeout, err, time.Since(start))
			}
		}
	})
}

// A forever is the context of a process that goes on. Package context doesn't know it, and so has a
// goroutine for everyone who waits for its end: the bubble reports the ones that are left.
type forever struct {
	context.Context
	done chan struct{}
}

func (f forever) Done() <-chan struct{} { return f.done }

func TestNothingIsLeftOnTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := forever{context.Background(), make(chan struct{})}
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second, Within: time.Minute}}
		c := serve(t, r, times(1, internalError).ServeHTTP)
		if _, err := get(ctx, c); err != nil {
			t.Error(err)
		}
		c = serve(t, r, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		if _, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: object.Bucket, Key: object.Key}); err != nil {
			t.Error(err)
		}
		c = serve(t, r, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<ListBucketResult/>") })
		if _, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: object.Bucket}); err != nil {
			t.Error(err)
		}
		if _, err := get(ctx, serve(t, r, func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") })); err == nil {
			t.Error("no error")
		}
	})
}
