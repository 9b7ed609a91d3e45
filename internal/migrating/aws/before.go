// Package aws has the programs of docs/migrating/aws.md.
package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// One second before each retry, which makes programs comparable.
var second = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Second, nil })

func beforeStandard(cfg aws.Config) *sqs.Client {
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 5
			o.Backoff = second
			o.RateLimiter = ratelimit.None
		})
	}
	return sqs.NewFromConfig(cfg)
}

// Another error is retried as well.
func beforeCode(cfg aws.Config) *sqs.Client {
	cfg.Retryer = func() aws.Retryer {
		r := retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 5
			o.Backoff = second
			o.RateLimiter = ratelimit.None
		})
		return retry.AddWithErrorCodes(r, (&smithy.GenericAPIError{Code: "QueueBusy"}).ErrorCode())
	}
	return sqs.NewFromConfig(cfg)
}

// An operation isn't retried.
func beforeNop(cfg aws.Config) *sqs.Client {
	return sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} })
}

// An operation has fewer attempts.
func beforeOperation(ctx context.Context, c *sqs.Client, in *sqs.SendMessageInput) error {
	_, err := c.SendMessage(ctx, in, func(o *sqs.Options) { o.Retryer = retry.AddWithMaxAttempts(o.Retryer, 2) })
	return err
}
