package aws

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// No budget.
func none(service string) *retry.Budget { return nil }

func afterStandard(cfg aws.Config) *sqs.Client {
	r := &retryaws.Retryer{Policy: retry.Policy{Attempts: 5, Backoff: retry.Constant(time.Second)}, Budget: none}
	r.Configure(&cfg)
	return sqs.NewFromConfig(cfg)
}

// Another error is retried as well.
func afterCode(cfg aws.Config) *sqs.Client {
	busy := func(err error) bool {
		e, ok := errors.AsType[smithy.APIError](err)
		return ok && e.ErrorCode() == "QueueBusy"
	}
	policy := retry.Policy{Attempts: 5, Backoff: retry.Constant(time.Second)}
	policy.RetryIf = func(err error) bool { return retryaws.Transient(err) || busy(err) }
	r := &retryaws.Retryer{Policy: policy, Budget: none}
	r.Configure(&cfg)
	return sqs.NewFromConfig(cfg)
}

// An operation isn't retried.
func afterNop(cfg aws.Config) *sqs.Client {
	r := &retryaws.Retryer{}
	r.Configure(&cfg)
	return sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} })
}

// An operation has fewer attempts.
func afterOperation(ctx context.Context, c *sqs.Client, in *sqs.SendMessageInput) error {
	two := &retryaws.Retryer{Policy: retry.Policy{Attempts: 2, Backoff: retry.Constant(time.Second)}, Budget: none}
	_, err := c.SendMessage(ctx, in, func(o *sqs.Options) {
		o.Retryer = two
		o.APIOptions = append(o.APIOptions, two.Middleware)
	})
	return err
}
