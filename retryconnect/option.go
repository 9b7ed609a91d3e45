package retryconnect

import (
	"context"
	"strings"

	"github.com/callagain/retry"
)

// An Option changes what an interceptor does for all calls.
type Option func(*settings)

type settings struct {
	policy     retry.Policy
	budget     func(host string) *retry.Budget
	idempotent func(procedure string) bool                 // nil for none
	hedge      func(procedure string) *retry.HedgeSettings // nil, or returns nil, for none
	recorder   Recorder                                    // nil for none
}

// Idempotent says that calling these procedures twice does no more than calling them once, so that a call may be retried
// when it isn't known whether it took effect. A procedure is written as in [connect.Spec], "/package.Service/Method"; one that
// ends in a slash, "/package.Service/", stands for all of the service. Without procedures, it is said of all. See
// [WithIdempotent] for single calls.
//
// There is no need to say it of procedures whose schema does, by option idempotency_level = IDEMPOTENT or NO_SIDE_EFFECTS, nor of
// requests with an Idempotency-Key header.
func Idempotent(procedures ...string) Option {
	return func(s *settings) {
		before := s.idempotent
		s.idempotent = func(procedure string) bool {
			return among(procedures, procedure) || before != nil && before(procedure)
		}
	}
}

// among reports whether an option for procedures is for this one.
func among(procedures []string, procedure string) bool {
	for _, p := range procedures {
		if p == procedure || strings.HasSuffix(p, "/") && strings.HasPrefix(procedure, p) {
			return true
		}
	}
	return len(procedures) == 0
}

// WithBudget sets the function that returns the budget of a host, as in [connect.Peer], for policies that have none; nil
// for no limit. It must be safe for concurrent use. By default each host has a budget of its own, the zero [retry.Budget].
func WithBudget(of func(host string) *retry.Budget) Option {
	return func(s *settings) {
		if of != nil {
			s.budget = of
		}
	}
}

// WithPolicy returns a context for calls that follow p instead of the interceptor's policy. With one whose Attempts is 1, a call
// isn't retried: it returns the failure itself, so that the caller's own policy may retry it.
func WithPolicy(ctx context.Context, p retry.Policy) context.Context {
	return context.WithValue(ctx, policyKey{}, &p)
}

// WithIdempotent returns a context for calls that may be retried when it isn't known whether they took effect. See [Idempotent].
func WithIdempotent(ctx context.Context) context.Context {
	return context.WithValue(ctx, idempotentKey{}, true)
}

type (
	policyKey     struct{}
	idempotentKey struct{}
)
