package retrygrpc

import (
	"strings"

	"github.com/callagain/retry"
	"google.golang.org/grpc"
)

// An Option changes how calls are retried. It may be given to [DialOptions] and the interceptors, for all calls, and, as
// the [grpc.CallOption] that it is, to a single call. The one given last counts.
type Option struct {
	grpc.EmptyCallOption
	apply func(*settings)
}

// to applies the option, if it is more than its zero value.
func (o Option) to(s *settings) {
	if o.apply != nil {
		o.apply(s)
	}
}

type settings struct {
	policy     retry.Policy
	budget     func(target string) *retry.Budget // nil for those of the client
	idempotent func(method string) bool
	hedge      func(method string) *retry.HedgeSettings // nil, or returns nil, for none
	recorder   Recorder                                 // nil for none
	alone      bool                                     // service configs make no attempts
}

// WithPolicy replaces the policy. It is meant for single calls. With one whose Attempts is 1, a call isn't retried: it returns the
// failure itself, so that the caller's own policy may retry it.
func WithPolicy(p retry.Policy) Option {
	return Option{apply: func(s *settings) { s.policy = p }}
}

// Idempotent says that calling these methods twice does no more than calling them once, so that a call may be retried
// when it isn't known whether it took effect. A method is written as gRPC does, "/package.Service/Method"; one that ends in
// a slash, "/package.Service/", stands for all of the service. Without methods, it is said of all calls that get the
// option.
//
// There is no need to say it of methods whose descriptors do, by option idempotency_level = IDEMPOTENT or NO_SIDE_EFFECTS, if
// the generated code is part of the program, nor of calls with an idempotency-key in their metadata.
func Idempotent(methods ...string) Option {
	return Option{apply: func(s *settings) {
		before := s.idempotent
		s.idempotent = func(method string) bool { return among(methods, method) || before != nil && before(method) }
	}}
}

// among reports whether an option for methods is for this one.
func among(methods []string, method string) bool {
	for _, m := range methods {
		if m == method || strings.HasSuffix(m, "/") && strings.HasPrefix(method, m) {
			return true
		}
	}
	return len(methods) == 0
}

// WithBudget sets the function that returns the budget of a target, the one given to [grpc.NewClient], for policies that
// have none; nil for no limit. It must be safe for concurrent use. By default each target has a budget of its own, the
// zero [retry.Budget].
func WithBudget(of func(target string) *retry.Budget) Option {
	return Option{apply: func(s *settings) {
		if of != nil {
			s.budget = of
		}
	}}
}
