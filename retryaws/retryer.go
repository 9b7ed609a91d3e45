// Package retryaws makes the clients of the AWS SDK for Go v2 follow a [retry.Policy].
//
//	r := &retryaws.Retryer{Policy: retry.Policy{Within: time.Minute}}
//	r.Configure(&cfg)
//	client := s3.NewFromConfig(cfg) // or a client of any other service
//
// Each operation of the client is then a call of the policy. To read the body of an answer within an attempt, so that a
// connection that breaks in the middle of an object is retried as well, see [Get].
package retryaws

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/callagain/retry"
)

// A Retryer is an [aws.RetryerV2] that makes clients follow a policy. [Retryer.Configure] sets it, and the middleware
// that it needs, for all clients of an [aws.Config]. The zero Retryer works. A Retryer may be used by any number of clients and
// goroutines. It must not be changed or copied after its first use.
//
// A Retryer without its middleware refuses to work: the first attempt fails, before anything is sent, with an error that says what to
// do. The SDK shares a RetryerV2 between all calls and doesn't say which of them failed, so by itself it can't count the
// failures of a call, limit its time or give an attempt a context. With the middleware the SDK's own loop makes
// one attempt, and the policy does the rest. With config.LoadDefaultConfig, use
//
//	config.WithRetryer(func() aws.Retryer { return r }),
//	config.WithAPIOptions([]func(*middleware.Stack) error{r.Middleware}),
//
// or call Configure afterwards.
//
// An operation that is given another Retryer, such as [aws.NopRetryer], follows that one, as a single attempt of the
// policy. RetryMaxAttempts and AWS_MAX_ATTEMPTS have no effect: see [retry.Policy.Attempts].
type Retryer struct {
	// Policy is what each operation follows. If its RetryIf is nil, it is [Transient] of
	// this package; if its Name is empty, it is that of the operation, such as "S3.GetObject".
	//
	// A request whose body can't be sent again isn't retried, whatever RetryIf and Decide say. Timeout and Within end with the
	// operation. They don't cut off the body of an answer that is still to be read; the caller's context does.
	Policy retry.Policy

	// Budget returns the budget of a service, such as "S3", for a policy without one. It may return nil for no
	// limit. It must be safe for concurrent use. If Budget is nil, the Retryer keeps a [retry.Budget] with
	// the default settings for each service.
	Budget func(service string) *retry.Budget

	// ThrottleDelay is the least delay after a failure that is [Throttled]. It doubles with each such failure of a call, up to 20s, or
	// to itself if that is longer, and is randomized over its upper half. A longer delay of the policy isn't changed.
	// If it is 0, it is 1s. A negative one makes no attempt, as an invalid policy does.
	ThrottleDelay time.Duration

	budgets sync.Map // by service
}

var _ aws.RetryerV2 = (*Retryer)(nil)

// Configure makes all clients that are created from cfg afterwards follow r.
func (r *Retryer) Configure(cfg *aws.Config) {
	cfg.Retryer = func() aws.Retryer { return r }
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), r.Middleware)
}

var (
	errAlone = errors.New("retryaws: nothing was sent: this client has a retryaws.Retryer without its middleware; " +
		"call Retryer.Configure with the aws.Config, or add Retryer.Middleware to the client's APIOptions, " +
		"with config.WithAPIOptions beside config.WithRetryer for example")
	errRefused = errors.New("retryaws: the SDK's own loop makes one attempt; Policy.RetryIf says what is retried")
)

// GetAttemptToken lets an attempt go ahead. It fails if r.Middleware isn't there.
func (r *Retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errAlone
	}
	a.begun, a.ours = true, a.caller.Retryer == r
	if !a.ours {
		return nil, errAlone
	}
	a.caller.quiet()
	return release, nil
}

// GetInitialToken does nothing. The SDK calls GetAttemptToken instead.
func (r *Retryer) GetInitialToken() func(error) error { return release }

func release(error) error { return nil }

// IsErrorRetryable returns false, so that the SDK's own loop makes one attempt. The policy is asked outside of that loop.
func (r *Retryer) IsErrorRetryable(error) bool { return false }

// MaxAttempts returns the number of attempts that the policy allows, or 0 if that is unlimited or not known in
// advance. It is only used in the request header that tells the server.
func (r *Retryer) MaxAttempts() int {
	n := max(r.Policy.Attempts, 0)
	switch b := r.Policy.Backoff.(type) {
	case retry.List:
		if n == 0 || n > len(b) {
			n = len(b)
		}
	case nil, retry.Exponential, *retry.Exponential, retry.Constant:
		if r.Policy.Attempts == 0 {
			n = byDefault()
		}
	}
	return n
}

// byDefault is the number of attempts of a policy that doesn't say it.
var byDefault = sync.OnceValue(func() int {
	plan, err := retry.Policy{}.Plan()
	if err != nil {
		return 0
	}
	return plan.Attempts
})

// GetRetryToken fails, for the same reason that makes IsErrorRetryable false.
func (r *Retryer) GetRetryToken(context.Context, error) (func(error) error, error) {
	return nil, errRefused
}

// RetryDelay fails, for the same reason that makes IsErrorRetryable false.
func (r *Retryer) RetryDelay(int, error) (time.Duration, error) { return 0, errRefused }
