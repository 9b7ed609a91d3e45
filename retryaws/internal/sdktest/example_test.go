package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// config is for a service on loopback whose first answers are made by answers; all others are well.
func config(answers ...http.HandlerFunc) (cfg aws.Config, stop func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(answers) == 0 {
			io.WriteString(w, "whole")
			return
		}
		answer := answers[0]
		answers = answers[1:]
		answer(w, r)
	}))
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &server.URL,
		Credentials:  aws.CredentialsProviderFunc(credentials),
	}, server.Close
}

func Example_configure() {
	cfg, stop := config(internalError, internalError)
	defer stop()

	r := &retryaws.Retryer{Policy: retry.Policy{
		Within: time.Minute,
		Observe: func(_ context.Context, e retry.Event) {
			fmt.Println(e.Name, e.Outcome(), e.Attempt)
		},
	}}
	r.Configure(&cfg)
	client := s3.NewFromConfig(cfg, plain)

	out, err := client.GetObject(context.Background(), object)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	fmt.Printf("%s, %v\n", body, err)
	// Output:
	// S3.GetObject retrying 1
	// S3.GetObject retrying 2
	// S3.GetObject succeeded 3
	// whole, <nil>
}

// One operation may follow another Retryer than its client does, or none.
func Example_middleware() {
	cfg, stop := config(internalError, internalError, internalError)
	defer stop()
	new(retryaws.Retryer).Configure(&cfg)
	client := s3.NewFromConfig(cfg, plain)

	twice := &retryaws.Retryer{Policy: retry.Policy{Name: "twice", Backoff: retry.List{0, time.Millisecond}}}
	_, err := client.GetObject(context.Background(), object, func(o *s3.Options) {
		o.Retryer = twice
		o.APIOptions = append(o.APIOptions, twice.Middleware)
	})
	gaveUp, _ := errors.AsType[*retry.Error](err)
	fmt.Println(gaveUp.Name, gaveUp.Attempts, gaveUp.Reason)

	_, err = client.GetObject(context.Background(), object, func(o *s3.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	_, again := errors.AsType[*retry.Error](err)
	api, _ := errors.AsType[smithy.APIError](err)
	fmt.Println(again, api.ErrorCode())
	// Output:
	// twice 2 attempts used up
	// false InternalError
}

// The answer ends in the middle of the object, so the object is fetched again.
func Example_get() {
	cfg, stop := config(cutShort)
	defer stop()
	r := new(retryaws.Retryer)
	r.Configure(&cfg)
	client := s3.NewFromConfig(cfg, plain)

	body, err := retryaws.Get(context.Background(), r, func(ctx context.Context) ([]byte, error) {
		out, err := client.GetObject(ctx, object)
		if err != nil {
			return nil, err
		}
		defer out.Body.Close()
		return io.ReadAll(out.Body)
	})
	fmt.Printf("%s, %v\n", body, err)
	// Output: whole, <nil>
}

func Example_do() {
	cfg, stop := config(cutShort, internalError)
	defer stop()
	r := new(retryaws.Retryer)
	r.Configure(&cfg)
	client := s3.NewFromConfig(cfg, plain)

	var file strings.Builder
	err := retryaws.Do(context.Background(), r, func(ctx context.Context) error {
		out, err := client.GetObject(ctx, object)
		if err != nil {
			return err
		}
		defer out.Body.Close()
		file.Reset()
		_, err = io.Copy(&file, out.Body)
		return err
	})
	fmt.Println(file.String(), err)
	// Output: whole <nil>
}

// A key that was just written may be missing for a moment: one such answer is retried, once in each call.
func Example_transient() {
	missing := func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") }
	cfg, stop := config(internalError, missing, missing)
	defer stop()
	isMissing := func(err error) bool {
		_, ok := errors.AsType[*types.NoSuchKey](err)
		return ok
	}
	r := &retryaws.Retryer{Policy: retry.Policy{
		Decide: func(d *retry.Decision) {
			if isMissing(d.Err) {
				d.Retry = d.Count("missing") <= 1
			}
		},
		Observe: func(_ context.Context, e retry.Event) {
			fmt.Println(e.Outcome(), e.Attempt, isMissing(e.Err))
		},
	}}
	r.Configure(&cfg)
	s3.NewFromConfig(cfg, plain).GetObject(context.Background(), object)
	// Output:
	// retrying 1 false
	// retrying 2 true
	// stopped 3 true
}

func Example_throttled() {
	cfg, stop := config(slowDown)
	defer stop()
	r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0}}}
	r.Configure(&cfg)
	_, err := s3.NewFromConfig(cfg, plain).GetObject(context.Background(), object)
	fmt.Println(retryaws.Throttled(err))
	// Output: true
}
