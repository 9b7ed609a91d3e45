// Package retrygrpc retries gRPC calls, of clients made by [grpc.NewClient].
//
//	conn, err := grpc.NewClient(target, append(retrygrpc.DialOptions(retry.Policy{}), more...)...)
//
// When a call fails, the interceptors find out what is known about it:
//
//   - It was never sent, or the server refused it before looking at it: it is retried.
//   - The server answered that it can't be done now: it is retried.
//   - It was sent and not answered, so it may have taken effect: it is retried only if the method is known to be
//     idempotent (see [Idempotent]). Otherwise the error is [ErrUnknown].
//
// A failure must also be transient, as [Transient] or the policy's RetryIf says. Servers that ask their clients to wait,
// or not to come back, are obeyed. [RetryLater] and [DoNotRetry] are what servers say that with.
//
// For connect-go there is the module retryconnect.
package retrygrpc
