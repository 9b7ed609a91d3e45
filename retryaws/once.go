package retryaws

import (
	"context"

	"github.com/callagain/retry"
)

// Do is [Get] for a function that returns no value.
func Do(ctx context.Context, r *Retryer, f func(context.Context) error) error {
	p, err := r.policy("", "")
	if err != nil {
		return err
	}
	return retry.Do(once(ctx), p, f)
}

// Get makes all that f does one attempt of one call: one or several operations, and what comes after
// them, such as reading an object's body. It is [retry.Get] with r's policy, for which [Retryer]'s
// defaults hold, and with the budget of the service "". The operations of f, which must be
// given its context, make one attempt each and leave it to this call to try again.
//
// So it makes good what the operation alone can't: once GetObject has returned, nobody
// but the reader sees the connection break in the middle of the body. Here Timeout and Within
// are for the reading as well. f has to close what it opens, and to start afresh each time: with a new
// reader for a body to send, an empty buffer for one to receive. The clients are those
// that a Retryer was configured for.
func Get[T any](ctx context.Context, r *Retryer, f func(context.Context) (T, error)) (T, error) {
	p, err := r.policy("", "")
	if err != nil {
		var none T
		return none, err
	}
	return retry.Get(once(ctx), p, f)
}

type onceKey struct{}

func once(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, new(throttles))
}
