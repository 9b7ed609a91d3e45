package retryaws

import (
	"context"

	"github.com/callagain/retry"
)

// Do is [Get] for a function that returns no value.
func Do(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
	return retry.Do(once(ctx, &p), p, f)
}

// Get makes all that f does one attempt of a call that follows p: one or several
// operations and what comes after them, such as reading an object's body. It is [retry.Get], but the
// operations of f that are given its context make one attempt each, whatever the policy of
// their client, and leave it to this call to try again; a nil Test is [Transient] of this package.
//
// So it makes good what the operation alone can't: once GetObject has returned, nobody
// but the reader sees the connection break in the middle of the body. f has to close
// what it opens, and to start afresh each time: with a new reader for a body to send, an
// empty buffer for one to receive. The clients are those that a [Retryer] was configured for.
func Get[T any](ctx context.Context, p retry.Policy, f func(context.Context) (T, error)) (T, error) {
	return retry.Get(once(ctx, &p), p, f)
}

type onceKey struct{}

func once(ctx context.Context, p *retry.Policy) context.Context {
	if p.Test == nil {
		p.Test = Transient
	}
	return context.WithValue(ctx, onceKey{}, new(throttles))
}
