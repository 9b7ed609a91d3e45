package retryhttp

import (
	"context"

	"github.com/callagain/retry"
)

// WithPolicy returns a context for requests that follow p instead of the [Transport]'s Policy,
// wholly. What p leaves nil is filled in as it would be there: a nil Test is [Transient], a nil
// Budget is the host's. A policy with retry.List{0} for its Backoff makes one attempt.
func WithPolicy(ctx context.Context, p retry.Policy) context.Context {
	o := optionsOf(ctx)
	o.policy = &p
	return context.WithValue(ctx, optionsKey{}, o)
}

// WithReplay returns a context for requests that may be sent more than once whatever their
// method, as if they were idempotent: the caller knows that this does no harm, or less harm
// than a failure.
func WithReplay(ctx context.Context) context.Context {
	o := optionsOf(ctx)
	o.replay = true
	return context.WithValue(ctx, optionsKey{}, o)
}

// options are what a context says of the requests made with it.
type options struct {
	policy   *retry.Policy
	replay   bool
	governed bool // a Fetch does the retrying
}

type optionsKey struct{}

func optionsOf(ctx context.Context) options {
	o, _ := ctx.Value(optionsKey{}).(options)
	return o
}
