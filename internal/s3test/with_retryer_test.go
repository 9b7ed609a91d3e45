package s3test_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/callagain/retry/retryaws"
)

// config.WithRetryer, which AWS documents, sets only half of what is needed. That is refused before anything is sent, with an error
// that names the other half; with both, operations are retried.
func TestWithRetryer(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%2 == 1 {
			w.WriteHeader(500)
		}
	}))
	defer server.Close()
	// The files and the metadata service of this machine aren't asked.
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	r := new(retryaws.Retryer)
	withRetryer := config.WithRetryer(func() aws.Retryer { return r })
	call := func(change func(*aws.Config), options ...func(*config.LoadOptions) error) error {
		requests.Store(0)
		cfg, err := config.LoadDefaultConfig(t.Context(), append(options,
			config.WithRegion("us-east-1"),
			config.WithBaseEndpoint(server.URL),
			config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local-secret"}, nil
			})),
		)...)
		if err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).
			DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
		return err
	}
	nothing := func(*aws.Config) {}

	err := call(nothing, withRetryer)
	if err == nil || !strings.Contains(err.Error(), "config.WithAPIOptions") || requests.Load() != 0 {
		t.Errorf("without the middleware: %d requests, %v", requests.Load(), err)
	}
	err = call(nothing, withRetryer, config.WithAPIOptions([]func(*middleware.Stack) error{r.Middleware}))
	if err != nil || requests.Load() != 2 {
		t.Errorf("with WithAPIOptions: %d requests, %v", requests.Load(), err)
	}
	err = call(r.Configure)
	if err != nil || requests.Load() != 2 {
		t.Errorf("with Configure: %d requests, %v", requests.Load(), err)
	}
}
