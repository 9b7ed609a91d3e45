package sdktest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry/retryaws"
)

// At once answers without a network, so that what's measured is the client.
type atOnce struct{}

func (atOnce) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("whole")), Request: req}, nil
}

// BenchmarkSuccess is an operation that succeeds at once, with the SDK's own retryer and with this one.
func BenchmarkSuccess(b *testing.B) {
	cfg := aws.Config{Region: "us-east-1", HTTPClient: atOnce{}, Credentials: aws.CredentialsProviderFunc(credentials)}
	for name, set := range map[string]func(*aws.Config){
		"sdk":   func(cfg *aws.Config) { cfg.Retryer = func() aws.Retryer { return sdk.NewStandard() } },
		"retry": new(retryaws.Retryer).Configure,
	} {
		b.Run(name, func(b *testing.B) {
			cfg := cfg.Copy()
			set(&cfg)
			c := s3.NewFromConfig(cfg, plain)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := get(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
