package retryhttp

import (
	"context"

	"github.com/callagain/retry"
)

// WithPolicy returns a context for requests that follow p instead of the [Transport]'s Policy, wholly. What p leaves nil
// is filled in as it would be there: a nil RetryIf is [Transient], and a nil Budget is the host's. A policy whose Attempts is 1
// doesn't retry.
func WithPolicy(ctx context.Context, p retry.Policy) context.Context {
	o := optionsOf(ctx)
	o.policy = &p
	return context.WithValue(ctx, optionsKey{}, &o)
}

// WithIdempotent returns a context for requests that may be sent more than once whatever their method, as if they were
// idempotent: the caller knows that this does no harm, or less harm than a failure.
func WithIdempotent(ctx context.Context) context.Context {
	o := optionsOf(ctx)
	o.idempotent = true
	return context.WithValue(ctx, optionsKey{}, &o)
}

// WithKey returns a context for requests that are sent with key as their Idempotency-Key, by a [Transport] or by [Fetch]: all
// attempts of a request, and those that another process makes of the same operation with the same key. Such requests may be
// sent more than once, whatever their method. Requests with a key of their own, and those whose methods change nothing (GET, HEAD,
// OPTIONS, TRACE), are sent as they are. The key isn't sent to another server that a redirect leads to.
//
// Use one context for one operation: a server may answer two different requests with the same key as if they were one. An empty key
// is none.
func WithKey(ctx context.Context, key string) context.Context {
	o := optionsOf(ctx)
	o.key = key
	return context.WithValue(ctx, optionsKey{}, &o)
}

// options are what a context says of the requests made with it.
type options struct {
	policy     *retry.Policy
	idempotent bool
	key        string
}

type optionsKey struct{}

func optionsOf(ctx context.Context) options {
	if o, ok := ctx.Value(optionsKey{}).(*options); ok {
		return *o
	}
	return options{}
}
