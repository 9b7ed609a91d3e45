// Package retryaws makes the clients of the AWS SDK for Go v2 follow a [retry.Policy].
//
//	r := &retryaws.Retryer{Policy: retry.Policy{Within: time.Minute, Budget: budget}}
//	r.Configure(&cfg)
//	client := s3.NewFromConfig(cfg) // or any other service's
//
// From then on each operation of the client is one call of the policy, with all that
// a policy promises. To read the body of an answer as a part of the attempt, so that a
// connection cut in the middle of an object is made good, see [Get].
package retryaws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/callagain/retry"
)

// A Retryer is an [aws.RetryerV2] that makes clients follow a policy. [Retryer.Configure] gives
// it to all clients of an [aws.Config]. One Retryer serves any number of clients and
// goroutines; it must not be changed or copied once it's used. The zero Retryer works.
//
// It comes with a middleware, and refuses to work without it. The SDK asks one RetryerV2
// about the failures of all calls and doesn't say which call failed, so by itself
// it can't count two failures of one call, keep the time since the call began or give an
// attempt a context; and when a delay is cancelled the SDK drops the failure.
// So the SDK's own loop makes one attempt, and the middleware around it makes the call.
//
// An operation that is given another Retryer, such as [aws.NopRetryer] for a single
// attempt, follows that one, as one attempt of the policy. RetryMaxAttempts and
// AWS_MAX_ATTEMPTS are not asked: the policy says how many attempts there are.
type Retryer struct {
	// Policy is what each operation follows. If its Test is nil, it is [Transient] of
	// this package; if its Name is empty, it is the operation's, such as "S3.GetObject".
	//
	// Timeout and Within end with the operation. They don't cut off the body of an
	// answer that is still to be read; the caller's context does.
	Policy retry.Policy

	// Budget returns the budget of a service, such as "S3", for a policy that has none; nil for no
	// limit. It must be safe for concurrent use. If it's nil, the Retryer keeps one for each
	// service, as retry.BudgetSettings{} makes it.
	Budget func(service string) *retry.Budget

	// ThrottleDelay is the least delay after the first failure of a call that is [Throttled] without
	// a hint of the server's. It doubles with each further one, up to 20s or itself if that is
	// longer, and is spread over its upper half. A longer delay of the policy's stands. If it's 0, it is 1s.
	ThrottleDelay time.Duration

	budgets sync.Map // by service
}

var _ aws.RetryerV2 = (*Retryer)(nil)

// Configure makes all clients that are made from cfg afterwards follow r.
func (r *Retryer) Configure(cfg *aws.Config) {
	cfg.Retryer = func() aws.Retryer { return r }
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), r.Middleware)
}

var (
	errAlone   = errors.New("retryaws: the client has the Retryer but not its middleware: use Retryer.Configure, or add Retryer.Middleware to APIOptions as well")
	errRefused = errors.New("retryaws: the SDK's own loop makes one attempt; say in Policy.Test what is worth another one")
)

// GetAttemptToken lets an attempt go ahead. It fails if r.Middleware isn't there to make the call.
func (r *Retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errAlone
	}
	a.begun, a.ours = true, a.retryer == r
	if !a.ours {
		return nil, errAlone
	}
	return release, nil
}

// GetInitialToken does nothing; the SDK asks for GetAttemptToken.
func (r *Retryer) GetInitialToken() func(error) error { return release }

func release(error) error { return nil }

// IsErrorRetryable is false: whether a failure is worth another attempt is for the
// policy's test to say, once, and the SDK's own loop isn't to ask it as well.
func (r *Retryer) IsErrorRetryable(error) bool { return false }

// MaxAttempts returns how many attempts the policy's backoff allows, or 0 if that is
// unlimited or not known beforehand. It is only sent along, for the server to know.
func (r *Retryer) MaxAttempts() int {
	var n int
	switch b := r.Policy.Backoff.(type) {
	case nil:
	case retry.Exponential:
		n = b.Attempts
	case retry.Decorrelated:
		n = b.Attempts
	case retry.List:
		return len(b)
	default:
		return 0
	}
	// The rest of what a backoff is can't be asked: ranging over it might use up its Rand.
	return max(cmp.Or(n, 10), 0)
}

// GetRetryToken fails, for the same reason as IsErrorRetryable is false.
func (r *Retryer) GetRetryToken(context.Context, error) (func(error) error, error) {
	return nil, errRefused
}

// RetryDelay fails, for the same reason as IsErrorRetryable is false.
func (r *Retryer) RetryDelay(int, error) (time.Duration, error) { return 0, errRefused }
