package sdktest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry/internal/memnet"
	"github.com/callagain/retry/retryaws"
)

// serve runs h as an HTTP server whose connections are in memory, so that its clients can live
// in a bubble with a time of its own, and returns a client of the SDK's that follows r.
func serve(t *testing.T, r *retryaws.Retryer, h http.HandlerFunc) *s3.Client {
	return s3.NewFromConfig(served(t, r, h), plain)
}

// served is serve for the clients of other services.
func served(t *testing.T, r *retryaws.Retryer, h http.HandlerFunc) aws.Config {
	l := memnet.Listen("service.example:80")
	server := &http.Server{Handler: h}
	go server.Serve(l)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	cfg := aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://service.example"),
		HTTPClient:   &http.Client{Transport: transport},
		Credentials:  aws.CredentialsProviderFunc(credentials),
	}
	if r != nil {
		r.Configure(&cfg)
	}
	return cfg
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local-secret"}, nil
}

// plain makes a client that says nothing of the answers' missing checksums.
func plain(o *s3.Options) {
	o.UsePathStyle = true
	o.DisableLogOutputChecksumValidationSkipped = true
}

// object is what the tests ask for.
var object = &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}

// fail answers with an error as S3 does.
func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if code != "" {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
}

// get fetches object, and returns what is in it.
func get(ctx context.Context, c *s3.Client, options ...func(*s3.Options)) (string, error) {
	out, err := c.GetObject(ctx, object, options...)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return string(b), err
}

// A timeline is a handler that fails the first requests and notes when each of them comes.
type timeline struct {
	start    time.Time
	failures int
	fail     http.HandlerFunc

	mu      sync.Mutex
	at      []time.Duration
	headers []string
}

func (l *timeline) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.at = append(l.at, time.Since(l.start))
	l.headers = append(l.headers, r.Header.Get("Amz-Sdk-Request"))
	n := len(l.at)
	l.mu.Unlock()
	if n <= l.failures {
		l.fail(w, r)
		return
	}
	io.WriteString(w, "whole")
}

// times fails the first n requests with f.
func times(n int, f http.HandlerFunc) *timeline {
	return &timeline{start: time.Now(), failures: n, fail: f}
}

func internalError(w http.ResponseWriter, _ *http.Request) { fail(w, 500, "InternalError") }

func slowDown(w http.ResponseWriter, _ *http.Request) { fail(w, 503, "SlowDown") }

var quiet = log.New(io.Discard, "", 0)
