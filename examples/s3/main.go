// Command s3 stores objects in S3 and reads them back over a connection that fails a lot.
//
//	go -C examples/s3 run .
//
// The server is a real one, the Versity gateway, started in this process over a temporary
// folder. The proxy before it spoils every third request: S3 says SlowDown or 504, the
// connection is reset, an object ends in the middle. The first build takes a minute,
// most of it for the server.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/s3test"
	"github.com/callagain/retry/retryaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) (err error) {
	server, err := s3test.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	proxy := s3test.NewProxy(server, everyThird())
	defer proxy.Close()

	retryer := &retryaws.Retryer{
		Policy: retry.Policy{
			Attempts: 6,
			Within:   time.Minute,
			Budget:   &retry.Budget{Ratio: 1, Min: 20}, // a third of all requests fail here
			Observe:  retry.Log(slog.New(slog.NewTextHandler(w, nil))),
		},
		ThrottleDelay: 10 * time.Millisecond, // one second is for a service that many clients share
	}
	cfg := s3test.Config(proxy.URL)
	retryer.Configure(&cfg)
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })

	// An operation is one call of the policy.
	bucket := aws.String("bucket")
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		return err
	}
	const objects = 20
	var sums [objects][sha256.Size]byte
	for i := range objects {
		data := make([]byte, 100_000)
		rand.Read(data)
		sums[i] = sha256.Sum256(data)
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(i), Body: bytes.NewReader(data)}); err != nil {
			return err
		}
	}

	// So are an operation and the reading of its answer, together.
	for i := range objects {
		data, err := retryaws.Get(ctx, retryer, func(ctx context.Context) ([]byte, error) {
			out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key(i)})
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			return io.ReadAll(out.Body)
		})
		if err != nil {
			return err
		}
		if sha256.Sum256(data) != sums[i] {
			return fmt.Errorf("%s isn't what was put there", *key(i))
		}
	}
	fmt.Fprintf(w, "%d objects are back as they were put\n", objects)
	return nil
}

func key(i int) *string { return aws.String(fmt.Sprintf("object-%d", i)) }

// everyThird spoils every third request, in one way after the other.
func everyThird() func(*http.Request) s3test.Fault {
	ways := []s3test.Fault{s3test.SlowDown, s3test.Truncate, s3test.GatewayTimeout, s3test.Truncate, s3test.ResetUpload}
	var n atomic.Int64
	return func(*http.Request) s3test.Fault {
		if n := int(n.Add(1)); n%3 == 0 {
			return ways[n/3%len(ways)]
		}
		return s3test.None
	}
}
