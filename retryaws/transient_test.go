package retryaws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// Failures as the SDK makes them of real ones.
func TestTransientOnRealFailures(t *testing.T) {
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = quiet
	defer untrusted.Close()
	closing := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer closing.Close()
	for _, test := range []struct {
		name, url string
		attempts  int
	}{
		{"connection refused", refused.URL, 3},
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

func TestTransient(t *testing.T) {
	test := retryaws.Transient()
	for _, failure := range []error{
		fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		&smithy.DeserializationError{Err: io.ErrUnexpectedEOF},
		&smithy.GenericAPIError{Code: "RequestTimeout"},
		&smithy.GenericAPIError{Code: "ThrottlingException"},
		&net.DNSError{IsTemporary: true},
		errors.New("checksum did not match: algorithm CRC32"),
		fmt.Errorf("operation: %w", retry.ErrTimeout),
	} {
		if err := test(failure); err != nil {
			t.Errorf("%v isn't worth another attempt", failure)
		}
	}
	for _, failure := range []error{
		errors.New("anything"),
		retry.Stop(io.ErrUnexpectedEOF),
		context.Canceled,
		&smithy.CanceledError{Err: context.Canceled},
		&retry.Error{Reason: retry.ErrExhausted, Failures: []error{io.ErrUnexpectedEOF}},
		&smithy.GenericAPIError{Code: "AccessDenied"},
		&net.DNSError{IsNotFound: true},
	} {
		if err := test(failure); err != failure {
			t.Errorf("%v is worth another attempt: %v", failure, err)
		}
	}
}
