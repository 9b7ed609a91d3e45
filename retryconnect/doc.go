// Package retryconnect retries the calls of clients made by connect-go, in all of its protocols.
//
//	client := pingv1connect.NewPingServiceClient(http.DefaultClient, url,
//		connect.WithInterceptors(retryconnect.NewInterceptor(retry.Policy{})))
//
// When a call fails, the interceptor finds out what is known about it:
//
//   - It was never sent, or the server refused it before looking at it: it is retried.
//   - The server answered, in the words of the protocol, that it can't be done now: it is retried.
//   - It was sent and not answered, or a proxy answered in the server's place, so it may have taken effect: it is retried only if
//     the procedure is known to be idempotent (see [Idempotent]). Otherwise the error is [ErrUnknown].
//
// A failure must also be transient, as [Transient] or the policy's RetryIf says. Servers that ask their clients to wait,
// or not to come back, are obeyed. [RetryLater] and [DoNotRetry] are what servers say that with.
//
// For grpc-go there is the module retrygrpc.
package retryconnect
