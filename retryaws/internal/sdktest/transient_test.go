package sdktest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryaws"
)

// Failures as the SDK makes them of real ones.
func TestTransientOnRealFailures(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = quiet
	defer untrusted.Close()
	closing := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer closing.Close()
	for _, test := range []struct {
		name, url string
		attempts  int
	}{
		{"connection refused", "http://" + ownport.Closed(t), 3},
		{"closed instead of an answer", closing.URL, 3},
		{"certificate of an unknown authority", untrusted.URL, 1},
		{"unsupported scheme", "gopher://127.0.0.1", 1},
	} {
		attempts := 0
		r := &retryaws.Retryer{Policy: retry.Policy{
			Backoff: retry.List{0, time.Millisecond, time.Millisecond},
			Observe: func(_ context.Context, e retry.Event) { attempts = e.Attempt },
		}}
		cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &test.url, Credentials: aws.CredentialsProviderFunc(credentials)}
		r.Configure(&cfg)
		_, err := s3.NewFromConfig(cfg, plain).GetObject(t.Context(), object)
		if attempts != test.attempts || err == nil {
			t.Errorf("%s: %d attempts, want %d: %v", test.name, attempts, test.attempts, err)
		}
	}
}
