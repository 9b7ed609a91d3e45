package retryaws

import (
	"context"

	"github.com/callagain/retry"
)

// Do is [Get] for a function that returns no value.
func Do(ctx context.Context, r *Retryer, f func(context.Context) error) error {
	_, err := Get(ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// Get makes all that f does an attempt of one call: one or several operations, and what comes after
// them, such as reading an object's body. It is [retry.Get] with r's policy, with the same defaults as in a [Retryer],
// and with a budget of its own: that of the service "". The operations in f, which must be
// given its context, make one attempt each; this call retries them.
//
// So it retries what the operation alone can't: once GetObject has returned, only
// the reader sees that the connection breaks in the middle of the body. Here Timeout and Within
// limit the reading as well. f must close what it opens, and begin anew each time: with a new
// reader for a body that it sends, and an empty buffer for one that it receives. The clients in f must be
// configured with a Retryer, which needn't be r.
func Get[T any](ctx context.Context, r *Retryer, f func(context.Context) (T, error)) (T, error) {
	p, err := r.policy("", "")
	if err != nil {
		var none T
		return none, err
	}
	pace := newPace(ctx, &p)
	pace.watch(&p)
	v, err := retry.Get(context.WithValue(ctx, paceKey{}, pace), p, f)
	pace.rest(ctx, p.Name, err)
	return v, err
}
