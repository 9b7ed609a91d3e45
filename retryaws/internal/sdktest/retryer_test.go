package sdktest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestOperationFollowsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second, 2 * time.Second, time.Hour}}}
		l := times(2, internalError)
		body, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if body != "whole" || err != nil {
			t.Fatalf("got %q, %v", body, err)
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second}; !slices.Equal(l.at, want) {
			t.Errorf("attempts at %v, want %v", l.at, want)
		}
		if want := []string{"attempt=1; max=4", "attempt=2; max=4", "attempt=3; max=4"}; !slices.Equal(l.headers, want) {
			t.Errorf("the server was told %q, want %q", l.headers, want)
		}
	})
}

func TestWhatIsNotTransientMakesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []string{"NoSuchKey", "AccessDenied", "InvalidRequest"} {
			l := times(99, func(w http.ResponseWriter, _ *http.Request) {
				fail(w, map[string]int{"NoSuchKey": 404, "AccessDenied": 403, "InvalidRequest": 400}[code], code)
			})
			_, err := get(t.Context(), serve(t, new(retryaws.Retryer), l.ServeHTTP))
			if _, gaveUp := errors.AsType[*retry.Error](err); err == nil || gaveUp || len(l.at) != 1 {
				t.Errorf("%s: %d attempts, %v", code, len(l.at), err)
			}
			if _, ok := errors.AsType[*types.NoSuchKey](err); ok != (code == "NoSuchKey") {
				t.Errorf("%s: the SDK's type: %v", code, ok)
			}
		}
	})
}

func TestRetriesDoNotMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1}}}
		l := times(99, internalError)
		c := serve(t, r, l.ServeHTTP)
		err := retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 1, 1}}, func(ctx context.Context) error {
			_, err := get(ctx, c)
			return err
		})
		if len(l.at) != 3 || err == nil {
			t.Errorf("%d attempts, want 3: %v", len(l.at), err)
		}
	})
}

func TestRetryerWithoutItsMiddlewareIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(0, nil)
		other := &retryaws.Retryer{}
		for name, c := range map[string]*s3.Client{
			"no middleware":      serve(t, nil, l.ServeHTTP),
			"another middleware": serve(t, new(retryaws.Retryer), l.ServeHTTP),
		} {
			_, err := get(t.Context(), c, func(o *s3.Options) { o.Retryer = other })
			if err == nil || !strings.Contains(err.Error(), "Retryer.Configure") || !strings.Contains(err.Error(), "config.WithAPIOptions") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(l.at) != 0 {
			t.Errorf("%d requests were sent", len(l.at))
		}
	})
}

func TestAnotherRetryerOfAnOperationIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1, 1, 1}}, Budget: unlimited}
		for name, test := range map[string]struct {
			set  func(*s3.Options)
			want int
		}{
			"none of its own":  {func(*s3.Options) {}, 4},
			"NopRetryer":       {func(o *s3.Options) { o.Retryer = aws.NopRetryer{} }, 1},
			"the SDK's":        {func(o *s3.Options) { o.Retryer = sdk.NewStandard() }, 3},
			"RetryMaxAttempts": {func(o *s3.Options) { o.RetryMaxAttempts = 2 }, 4},
			"error codes": {func(o *s3.Options) {
				o.Retryer = sdk.AddWithErrorCodes(o.Retryer, "InternalError")
			}, 4},
			"a Retryer of ours": {func(o *s3.Options) {
				o.Retryer = own
				o.APIOptions = append(o.APIOptions, own.Middleware)
			}, 5},
		} {
			for _, timeout := range []time.Duration{0, time.Hour} {
				l := times(99, internalError)
				r := &retryaws.Retryer{Policy: retry.Policy{Timeout: timeout}, Budget: unlimited}
				_, err := get(t.Context(), serve(t, r, l.ServeHTTP), test.set)
				if api, ok := errors.AsType[smithy.APIError](err); len(l.at) != test.want || !ok || api.ErrorCode() != "InternalError" {
					t.Errorf("%s: %d attempts, want %d: %v", name, len(l.at), test.want, err)
				}
			}
		}
	})
}

// Around a single attempt of a client a caller's own retry works as around anything else.
func TestSingleAttemptIsNotMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(2, internalError)
		c := serve(t, new(retryaws.Retryer), l.ServeHTTP)
		err := retry.Do(t.Context(), retry.Policy{}, func(ctx context.Context) error {
			_, err := get(ctx, c, func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
			return err
		})
		if err != nil || len(l.at) != 3 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
	})
}

func TestPresigningNeedsNoCall(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(credentials)}
	new(retryaws.Retryer).Configure(&cfg)
	req, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignGetObject(t.Context(), object)
	if err != nil || !strings.Contains(req.URL, "X-Amz-Signature=") {
		t.Errorf("got %+v, %v", req, err)
	}
}
