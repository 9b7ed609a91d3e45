package sdktest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestTimeoutOfAnAttemptIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second, Backoff: retry.List{0, time.Second, time.Second}}, Budget: unlimited}
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

// A single attempt stays one if it runs out of time.
func TestTimeoutOfAnotherRetryersAttemptIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Timeout: time.Second}}
		l := times(99, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := get(t.Context(), serve(t, r, l.ServeHTTP), func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
		synctest.Wait() // for the server to have seen it
		if !errors.Is(err, retry.ErrTimeout) || len(l.at) != 1 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
	})
}
