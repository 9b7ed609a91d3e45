package s3test_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/s3test"
	"github.com/callagain/retry/retryaws"
)

// hasty returns a Retryer that retries soon and often, so that a test is soon over.
func hasty() *retryaws.Retryer {
	return &retryaws.Retryer{
		Policy:        retry.Policy{Attempts: 30, Backoff: retry.Exponential{Initial: time.Millisecond, Max: 20 * time.Millisecond}},
		ThrottleDelay: time.Millisecond,
		Budget:        func(string) *retry.Budget { return nil },
	}
}

// read fetches an object and reads it to its end.
func read(ctx context.Context, c *s3.Client, bucket *string, key string) ([]byte, error) {
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// Two requests in five are spoiled in one of six ways, and each object is written twice, so that an
// answer which is lost leaves the server ahead of the client.
func TestManyObjectsArriveIntact(t *testing.T) {
	r := hasty()
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(1, 2))
	spoil := []s3test.Fault{s3test.SlowDown, s3test.GatewayTimeout, s3test.ResetUpload, s3test.ResetAnswer, s3test.Truncate, s3test.Flip}
	p, c, bucket := start(t, r, func(r *http.Request) s3test.Fault {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(5) < 3 {
			return s3test.None
		}
		f := spoil[rng.IntN(len(spoil))]
		if f == s3test.Flip && r.URL.Query().Has("list-type") {
			return s3test.None // only objects have checksums
		}
		return f
	})
	const workers, each = 8, 25
	var wg sync.WaitGroup
	var mended atomic.Int64
	for w := range workers {
		wg.Go(func() {
			random := rand.NewChaCha8([32]byte{byte(w)})
			for n := range each {
				key := fmt.Sprintf("worker %d/object %d", w, n)
				var sum [sha256.Size]byte
				for range 2 {
					data := make([]byte, random.Uint64()%200_000)
					random.Read(data)
					sum = sha256.Sum256(data)
					if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
						t.Errorf("put %s: %v", key, err)
						return
					}
				}
				attempts := int64(0)
				data, err := retryaws.Get(t.Context(), r, func(ctx context.Context) ([]byte, error) {
					attempts++
					return read(ctx, c, bucket, key)
				})
				if err != nil || sha256.Sum256(data) != sum {
					t.Errorf("get %s: %d bytes, not what was put: %v", key, len(data), err)
				}
				mended.Add(attempts - 1)
			}
		})
	}
	wg.Wait()

	// An answer that the SDK reads itself needs nothing around it.
	listed := 0
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listed += len(page.Contents)
	}
	if listed != workers*each {
		t.Errorf("%d objects are listed, want %d", listed, workers*each)
	}
	for _, f := range spoil {
		if p.Seen(f) == 0 {
			t.Errorf("no request was spoiled by %v", f)
		}
	}
	t.Logf("%d requests went well, %d×2 puts and %[2]d gets, of which %d were mended", p.Seen(s3test.None), listed, mended.Load())
}

// What an operation reads itself is made good by the operation: a list that is cut short
// is XML that ends too soon.
func TestListCutShortIsMadeGood(t *testing.T) {
	var cut atomic.Int64
	p, c, bucket := start(t, hasty(), func(*http.Request) s3test.Fault {
		if cut.Add(-1) >= 0 {
			return s3test.Truncate
		}
		return s3test.None
	})
	for n := range 20 {
		key := fmt.Sprint(n)
		if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(nil)}); err != nil {
			t.Fatal(err)
		}
	}
	cut.Store(3)
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if err != nil || len(list.Contents) != 20 || p.Seen(s3test.Truncate) != 3 {
		t.Errorf("%d truncated: %v", p.Seen(s3test.Truncate), err)
	}
}

func TestServerThatHangsIsLeft(t *testing.T) {
	r := hasty()
	r.Policy.Timeout = time.Second
	var hang atomic.Bool
	p, c, bucket := start(t, r, func(*http.Request) s3test.Fault {
		if hang.CompareAndSwap(true, false) {
			return s3test.Hang
		}
		return s3test.None
	})
	key, data := "key", bytes.Repeat([]byte("x"), 1<<20)
	hang.Store(true)
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
	hang.Store(true)
	if got, err := read(t.Context(), c, bucket, key); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := p.Seen(s3test.Hang); n != 2 {
		t.Errorf("%d requests hung, want 2", n)
	}
}

func TestCancellationKeepsCauseAndFailure(t *testing.T) {
	shutdown := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &retryaws.Retryer{Policy: retry.Policy{
		Backoff: retry.List{0, time.Hour},
		Observe: func(_ context.Context, e retry.Event) {
			if e.Retry {
				time.AfterFunc(time.Millisecond, func() { cancel(shutdown) })
			}
		},
	}}
	_, c, bucket := start(t, r, func(*http.Request) s3test.Fault { return s3test.SlowDown })
	_, err := read(ctx, c, bucket, "key")
	if !errors.Is(err, shutdown) || !retryaws.Throttled(err) {
		t.Errorf("got %v", err)
	}
}

func TestHintIsObeyed(t *testing.T) {
	var slow atomic.Bool
	p, c, bucket := start(t, hasty(), func(*http.Request) s3test.Fault {
		if slow.CompareAndSwap(true, false) {
			return s3test.SlowDown
		}
		return s3test.None
	})
	const hint = 300 * time.Millisecond
	p.Hint(hint)
	slow.Store(true)
	start := time.Now()
	key := "key"
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(nil)}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d < hint {
		t.Errorf("came back after %v, was asked for %v", d, hint)
	}
}
