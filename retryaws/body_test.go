package retryaws_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestTimeoutOfAnAttemptIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second, Backoff: retry.List{0, time.Second, time.Second}}}
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		l := times(2, hang)
		body, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if body != "whole" || err != nil || l.at[2] != 4*time.Second {
			t.Errorf("%q, %v at %v", body, err, l.at)
		}
		_, err = get(t.Context(), serve(t, r, hang))
		if gaveUp, ok := errors.AsType[*retry.Error](err); !ok || gaveUp.Attempts != 3 || !errors.Is(err, retry.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	})
}

// A bodies client counts the bodies of answers that are open.
type bodies struct {
	s3.HTTPClient
	open *int
}

func (b bodies) Do(req *http.Request) (*http.Response, error) {
	res, err := b.HTTPClient.Do(req)
	if err == nil {
		*b.open++
		res.Body = counted{res.Body, b.open}
	}
	return res, err
}

type counted struct {
	io.ReadCloser
	open *int
}

func (c counted) Close() error {
	*c.open--
	return c.ReadCloser.Close()
}

// The time may run out when the answer's header is there, and the body isn't yet the caller's.
func TestTimeoutBehindTheHeaderIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}}}
		l := times(0, nil)
		c := serve(t, r, l.ServeHTTP)
		late := middleware.DeserializeMiddlewareFunc("late", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			out, meta, err := next.HandleDeserialize(ctx, in)
			if len(l.at) == 1 {
				time.Sleep(2 * time.Second)
			}
			return out, meta, err
		})
		open := 0
		body, err := get(t.Context(), c, func(o *s3.Options) {
			o.HTTPClient = bodies{o.HTTPClient, &open}
			o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Deserialize.Add(late, middleware.Before) })
		})
		if body != "whole" || err != nil || len(l.at) != 2 || open != 0 {
			t.Errorf("%q, %v after %d attempts, %d bodies left open", body, err, len(l.at), open)
		}
	})
}

// An attempt without any time left isn't taken for one that another Retryer made.
func TestTimeoutBeforeTheAttemptIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}}}
		l := times(0, nil)
		c := serve(t, r, l.ServeHTTP)
		slow := true
		early := middleware.FinalizeMiddlewareFunc("early", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
			middleware.FinalizeOutput, middleware.Metadata, error,
		) {
			if slow {
				slow = false
				time.Sleep(2 * time.Second)
			}
			return next.HandleFinalize(ctx, in)
		})
		body, err := get(t.Context(), c, func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Finalize.Insert(early, "Retry", middleware.Before) })
		})
		if body != "whole" || err != nil || len(l.at) != 1 {
			t.Errorf("%q, %v after %d requests", body, err, len(l.at))
		}
	})
}

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
		if _, err := get(ctx, serve(t, r, func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") })); err == nil {
			t.Error("no error")
		}
	})
}

// unsigned leaves out what else reads the body, and rewinds it: signing and checksums.
func unsigned(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

func TestEachAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := bytes.Repeat([]byte("0123456789"), 100_000)
		for _, option := range []func(*s3.Options){plain, unsigned} {
			var got [][]byte
			c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if got = append(got, b); len(got) < 3 {
					fail(w, 500, "InternalError")
				}
			})
			skipped := bytes.NewReader(append([]byte("not to be sent"), data...))
			skipped.Seek(int64(len("not to be sent")), io.SeekStart)
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: object.Bucket, Key: object.Key, Body: skipped}, option)
			if err != nil || len(got) != 3 {
				t.Fatalf("%d attempts: %v", len(got), err)
			}
			for i, b := range got {
				if !bytes.Equal(b, data) {
					t.Errorf("attempt %d sent %d bytes, want all %d", i+1, len(b), len(data))
				}
			}
		}
	})
}

// What can't be rewound is sent once, and the failure is the server's, not the rewinding's.
func TestBodyThatCannotBeRewoundIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
			requests++
			io.Copy(io.Discard, r.Body)
			fail(w, 500, "InternalError")
		})
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: object.Bucket, Key: object.Key,
			Body: io.LimitReader(strings.NewReader("stream"), 6), ContentLength: aws.Int64(6),
		}, unsigned)
		api, ok := errors.AsType[smithy.APIError](err)
		if _, gaveUp := errors.AsType[*retry.Error](err); requests != 1 || !ok || api.ErrorCode() != "InternalError" || gaveUp {
			t.Errorf("after %d requests: %v", requests, err)
		}
	})
}

// A stuck body cannot be rewound once all of it is read.
type stuck struct {
	*strings.Reader
	sent bool
}

func (s *stuck) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.sent = s.Len() == 0
	return n, err
}

func (s *stuck) Seek(offset int64, whence int) (int64, error) {
	if s.sent {
		return 0, errors.New("stuck")
	}
	return s.Reader.Seek(offset, whence)
}

func TestFailedRewindKeepsTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
			requests++
			io.Copy(io.Discard, r.Body)
			fail(w, 500, "InternalError")
		})
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: object.Bucket, Key: object.Key, Body: &stuck{Reader: strings.NewReader("stream")},
		}, unsigned)
		api, ok := errors.AsType[smithy.APIError](err)
		if requests != 1 || !ok || api.ErrorCode() != "InternalError" || !strings.Contains(err.Error(), "stuck") {
			t.Errorf("after %d requests: %v", requests, err)
		}
	})
}
