package s3test_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry/internal/s3test"
	"github.com/callagain/retry/retryaws"
)

// server is the one S3 server that a process can have.
var server *s3test.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = s3test.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// buckets counts them, for their names.
var buckets atomic.Int64

// start starts a proxy, which spoils nothing until the bucket has been made, and returns a
// client that follows r, or the SDK's own retryer if r is nil, and the bucket.
func start(t *testing.T, r *retryaws.Retryer, choose func(*http.Request) s3test.Fault) (*s3test.Proxy, *s3.Client, *string) {
	var ready atomic.Bool
	p := s3test.NewProxy(server, func(r *http.Request) s3test.Fault {
		if !ready.Load() {
			return s3test.None
		}
		return choose(r)
	})
	t.Cleanup(p.Close)
	cfg := s3test.Config(p.URL)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	cfg.HTTPClient = &http.Client{Transport: transport}
	if r != nil {
		r.Configure(&cfg)
	}
	c := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = true
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	bucket := aws.String(fmt.Sprintf("bucket-%d", buckets.Add(1)))
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	ready.Store(true)
	return p, c, bucket
}

// single makes one attempt of an operation.
func single(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// Each fault does what it says, to a client that makes one attempt.
func TestFaults(t *testing.T) {
	var fault atomic.Int64
	p, c, bucket := start(t, nil, func(*http.Request) s3test.Fault { return s3test.Fault(fault.Load()) })
	data := bytes.Repeat([]byte("0123456789"), 50_000)
	put := func(f s3test.Fault, key string) error {
		fault.Store(int64(f))
		defer fault.Store(int64(s3test.None))
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(data)}, single)
		return err
	}
	get := func(f s3test.Fault, key string) ([]byte, error) {
		fault.Store(int64(f))
		defer fault.Store(int64(s3test.None))
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: &key}, single)
		if err != nil {
			return nil, err
		}
		defer out.Body.Close()
		return io.ReadAll(out.Body)
	}
	status := func(err error) int {
		res, ok := errors.AsType[interface {
			error
			HTTPStatusCode() int
		}](err)
		if !ok {
			return 0
		}
		return res.HTTPStatusCode()
	}

	if err := put(s3test.None, "whole"); err != nil {
		t.Fatal(err)
	}
	if b, err := get(s3test.None, "whole"); !bytes.Equal(b, data) || err != nil {
		t.Errorf("none: %d bytes, %v", len(b), err)
	}
	if b, err := get(s3test.Truncate, "whole"); len(b) != len(data)/2 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("truncated: %d bytes, %v", len(b), err)
	}
	if b, err := get(s3test.Flip, "whole"); len(b) != len(data) || bytes.Equal(b, data) || err == nil {
		t.Errorf("flipped: %d bytes, %v", len(b), err)
	}
	for _, test := range []struct {
		fault   s3test.Fault
		status  int
		applied bool
	}{
		{s3test.SlowDown, 503, false},
		{s3test.GatewayTimeout, 504, false},
		{s3test.ResetUpload, 0, false},
		{s3test.ResetAnswer, 0, true},
	} {
		key := "put " + test.fault.String()
		if err := put(test.fault, key); err == nil || status(err) != test.status {
			t.Errorf("%v: %v", test.fault, err)
		}
		if b, err := get(s3test.None, key); test.applied != bytes.Equal(b, data) || test.applied != (err == nil) {
			t.Errorf("%v: the server has %d bytes, %v", test.fault, len(b), err)
		}
		if n := p.Seen(test.fault); n != 1 {
			t.Errorf("%v: seen %d times", test.fault, n)
		}
	}
}
