package sdktest_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// A logger keeps what is logged.
type logger struct {
	mu    sync.Mutex
	lines []string
}

func (l *logger) Logf(_ logging.Classification, format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, v...))
}

// logged returns what one GetObject logs.
func logged(t *testing.T, r *retryaws.Retryer, h http.HandlerFunc, options ...func(*s3.Options)) []string {
	l := new(logger)
	get(t.Context(), serve(t, r, h), append([]func(*s3.Options){func(o *s3.Options) {
		o.Logger = l
		o.ClientLogMode = aws.LogRetries
	}}, options...)...)
	return l.lines
}

// The log that people know from the SDK's retryer is the same, line by line.
func TestAttemptsAreInTheSDKsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, h := range map[string]func() http.HandlerFunc{
			"succeeds at once":  func() http.HandlerFunc { return times(0, nil).ServeHTTP },
			"succeeds at third": func() http.HandlerFunc { return times(2, internalError).ServeHTTP },
			"exhausted":         func() http.HandlerFunc { return internalError },
			"not retried": func() http.HandlerFunc {
				return func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") }
			},
		} {
			theirs := logged(t, nil, h(), func(o *s3.Options) { o.Retryer = sdk.NewStandard() })
			ours := logged(t, &retryaws.Retryer{Policy: retry.Policy{Attempts: 3}}, h())
			if !slices.Equal(ours, theirs) {
				t.Errorf("%s: logged %q, the SDK %q", name, ours, theirs)
			}
		}
	})
}

func TestOtherEndsAreInTheSDKsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, exhausted(retry.Policy{}), internalError)
		if want := []string{"giving up request S3/GetObject after attempt 1: retry budget exhausted"}; !slices.Equal(got, want) {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}

func TestNothingIsLoggedUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, new(retryaws.Retryer), internalError, func(o *s3.Options) { o.ClientLogMode = 0 })
		if len(got) != 0 {
			t.Errorf("logged %q", got)
		}
	})
}

// An operation with a Retryer of its own is logged as that one does.
func TestAnotherRetryerKeepsItsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, new(retryaws.Retryer), times(1, internalError).ServeHTTP, func(o *s3.Options) { o.Retryer = sdk.NewStandard() })
		if want := []string{"retrying request S3/GetObject, attempt 2"}; !slices.Equal(got, want) {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}

func TestOperationsInsideAreInTheSDKsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(logger)
		r := new(retryaws.Retryer)
		c := serve(t, r, times(2, internalError).ServeHTTP)
		err := retryaws.Do(t.Context(), r, func(ctx context.Context) error {
			_, err := get(ctx, c, func(o *s3.Options) { o.Logger, o.ClientLogMode = l, aws.LogRetries })
			return err
		})
		want := []string{"retrying request S3/GetObject, attempt 2", "retrying request S3/GetObject, attempt 3"}
		if err != nil || !slices.Equal(l.lines, want) {
			t.Errorf("logged %q, want %q: %v", l.lines, want, err)
		}
	})
}

// No log has the secrets of a URL in it.
func TestLogHasNoSecrets(t *testing.T) {
	got := logged(t, &retryaws.Retryer{Policy: retry.Policy{Attempts: 1}}, nil, func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: failing{}}
	})
	if text := strings.Join(got, "\n"); len(got) == 0 || strings.Contains(text, "hidden") {
		t.Errorf("logged %q", got)
	}
	_, err := get(t.Context(), serve(t, &retryaws.Retryer{Policy: retry.Policy{RetryIf: func(error) bool { return false }}}, nil), func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: failing{}}
	})
	if err == nil {
		t.Error("no error")
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("proxy http://user:hidden@proxy.example/?token=hidden: broken")
}

// The SDK corrects its clock by that of the server. A server whose clock is an hour ahead refuses the first signature.
func TestClockSkewIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, skew := range []time.Duration{time.Hour, -time.Hour} {
			requests, refused := 0, 0
			c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, req *http.Request) {
				now := time.Now().Add(skew)
				w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
				requests++
				signed, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
				if err != nil {
					t.Error(err)
				}
				if now.Sub(signed).Abs() > 15*time.Minute {
					refused++
					fail(w, 403, "RequestTimeTooSkewed")
					return
				}
				w.Write([]byte("whole"))
			})
			for range 2 { // the second operation knows from the start
				if body, err := get(t.Context(), c); body != "whole" || err != nil {
					t.Errorf("%v: got %q, %v", skew, body, err)
				}
			}
			if requests != 3 || refused != 1 {
				t.Errorf("%v: %d requests, %d refused", skew, requests, refused)
			}
		}
	})
}
