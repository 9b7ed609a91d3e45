package retrygrpc

import (
	"github.com/callagain/retry"
	"google.golang.org/grpc"
)

// DialOptions returns what makes a client retry its calls as p says: both interceptors, which share the budgets of their
// targets, and [grpc.WithDisableRetry]. The latter turns off the retries of a service config, since four attempts by p of
// four attempts each are sixteen.
func DialOptions(p retry.Policy, opts ...Option) []grpc.DialOption {
	c := newClient(p, opts)
	c.alone = true
	all := []grpc.DialOption{grpc.WithDisableRetry(), grpc.WithChainUnaryInterceptor(c.unary), grpc.WithChainStreamInterceptor(c.stream)}
	if c.recorder != nil {
		all = append(all, grpc.WithStatsHandler(transparent{}))
	}
	return all
}

// UnaryClientInterceptor returns an interceptor that retries calls as p says. Policy.Name, if it is empty, is the method. A
// nil RetryIf is [Transient]. Without a Budget there is one for each target; see [WithBudget].
//
// A call that gives up returns a [*retry.Error], according to errors.As. Its status is that of the last failure or, if the
// caller's context is over, of the context. The second attempt and those after it tell the server their number, in the metadata
// grpc-previous-rpc-attempts.
//
// Of several interceptors it should be the last, so that the others see a call and not its attempts. One that comes
// after it must pass on the call options; otherwise only idempotent methods are retried.
func UnaryClientInterceptor(p retry.Policy, opts ...Option) grpc.UnaryClientInterceptor {
	return newClient(p, opts).unary
}

// StreamClientInterceptor is like [UnaryClientInterceptor] for calls with streams. They are retried until the first message has
// arrived or the headers were asked for. After that a failure is the caller's, who alone knows what to do about the messages
// it has had.
//
// What the caller sends is kept until then, up to 256 KiB; if it is more, the call isn't retried. Failures are
// found, and retries are made, in the first call of RecvMsg. Policy.Timeout and Within count from there; they
// limit the wait for the first message, and not the stream.
func StreamClientInterceptor(p retry.Policy, opts ...Option) grpc.StreamClientInterceptor {
	return newClient(p, opts).stream
}
