package retryaws_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func ExampleRetryer_Configure() {
	cfg := aws.Config{Region: "us-east-1"} // from config.LoadDefaultConfig
	r := &retryaws.Retryer{Policy: retry.Policy{Attempts: 6, Within: time.Minute}}
	r.Configure(&cfg)
	// client := dynamodb.NewFromConfig(cfg)
	fmt.Println(cfg.Retryer().MaxAttempts())
	// Output: 6
}

// In a program, open is a client's GetObject. Here the first answer ends in the middle.
func ExampleGet() {
	answers := []io.Reader{
		io.MultiReader(strings.NewReader("who"), iotest.ErrReader(io.ErrUnexpectedEOF)),
		strings.NewReader("whole"),
	}
	open := func(context.Context) (io.ReadCloser, error) {
		answer := answers[0]
		answers = answers[1:]
		return io.NopCloser(answer), nil
	}

	r := new(retryaws.Retryer)
	data, err := retryaws.Get(context.Background(), r, func(ctx context.Context) ([]byte, error) {
		body, err := open(ctx)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	})
	fmt.Printf("%s, %v\n", data, err)
	// Output: whole, <nil>
}

// Exactly one answer NoSuchKey is retried in each call, beside what Transient retries.
func ExampleTransient() {
	isMissing := func(err error) bool { return strings.Contains(err.Error(), "NoSuchKey") }
	r := &retryaws.Retryer{Policy: retry.Policy{
		Decide: func(d *retry.Decision) {
			if isMissing(d.Err) {
				d.Retry = d.Count("missing") <= 1
			}
		},
	}}
	attempts := 0
	err := retryaws.Do(context.Background(), r, func(context.Context) error {
		attempts++
		return &smithy.GenericAPIError{Code: "NoSuchKey"}
	})
	fmt.Println(attempts, err)
	// Output: 2 api error NoSuchKey:
}

func ExampleThrottled() {
	fmt.Println(retryaws.Throttled(&smithy.GenericAPIError{Code: "SlowDown"}))
	fmt.Println(retryaws.Throttled(&smithy.GenericAPIError{Code: "InternalError"}))
	// Output:
	// true
	// false
}
