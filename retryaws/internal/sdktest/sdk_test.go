package sdktest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// What docs/retryaws.md says of the SDK's own retryer, to be changed when that does.
func TestSDKsOwnRetryer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := func(h http.HandlerFunc, call func(*s3.Client) error) (int, error) {
			n := 0
			c := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
				n++
				io.Copy(io.Discard, r.Body)
				h(w, r)
			})
			err := call(c)
			return n, err
		}
		getObject := func(c *s3.Client) error {
			_, err := get(t.Context(), c)
			return err
		}
		if n, err := attempts(func(w http.ResponseWriter, _ *http.Request) { fail(w, 425, "") }, getObject); n != 1 {
			t.Errorf("425: %d attempts, %v", n, err)
		}
		if n, err := attempts(cutShort, func(c *s3.Client) error {
			_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: object.Bucket})
			return err
		}); n != 1 || err == nil {
			t.Errorf("a list cut short: %d attempts, %v", n, err)
		}
		n, err := attempts(internalError, func(c *s3.Client) error {
			body := io.LimitReader(strings.NewReader("stream"), 6)
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: object.Bucket, Key: object.Key, Body: body, ContentLength: aws.Int64(6)}, unsigned)
			return err
		})
		if _, ok := errors.AsType[smithy.APIError](err); n != 1 || ok || !strings.Contains(err.Error(), "rewind") {
			t.Errorf("a stream: %d attempts, %v", n, err)
		}
		shutdown := errors.New("shutting down")
		_, err = attempts(internalError, func(c *s3.Client) error {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Millisecond, func() { cancel(shutdown) })
			_, err := get(ctx, c)
			return err
		})
		if _, ok := errors.AsType[smithy.APIError](err); ok || errors.Is(err, shutdown) || !errors.Is(err, context.Canceled) {
			t.Errorf("canceled in a delay: %v", err)
		}
	})
}

func TestSDKsOwnRetryerRetriesABadCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet
	defer server.Close()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: aws.CredentialsProviderFunc(credentials)}
	cfg.Retryer = func() aws.Retryer {
		return sdk.NewStandard(func(o *sdk.StandardOptions) {
			o.Backoff = sdk.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	_, err := get(t.Context(), s3.NewFromConfig(cfg, plain))
	if most, ok := errors.AsType[*sdk.MaxAttemptsError](err); !ok || most.Attempt != 3 {
		t.Errorf("got %v", err)
	}
}
