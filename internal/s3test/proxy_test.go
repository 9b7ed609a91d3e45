package s3test_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry/internal/s3test"
	"net/http"
)

func TestPlain(t *testing.T) {
	s, err := s3test.Start()
	if err != nil { t.Fatal(err) }
	defer func() { t.Log(s.Close()) }()
	p := s3test.NewProxy(s, func(*http.Request) s3test.Fault { return s3test.None })
	defer p.Close()
	c := s3.NewFromConfig(s3test.Config(p.URL), func(o *s3.Options) { o.UsePathStyle = true })
	ctx := context.Background()
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil { t.Fatal(err) }
	for range 100 {
	if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("a/b"), Body: bytes.NewReader(make([]byte, 100000))}); err != nil { t.Fatal(err) }
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("a/b")})
	if err != nil { t.Fatal(err) }
	b, err := io.ReadAll(out.Body)
	if len(b) != 100000 || err != nil { t.Fatal(len(b), err) }
	}
}
