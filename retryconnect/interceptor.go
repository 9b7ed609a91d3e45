package retryconnect

import (
	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/destination"
)

// NewInterceptor returns an interceptor that retries a client's calls as p says. Policy.Name, if it is empty, is the procedure.
// A nil RetryIf is [Transient]. Without a Budget there is one for each host; see [WithBudget].
//
// A call that gives up returns a [*connect.Error] that is also a [*retry.Error], according to errors.As. Its code is that of the
// last failure or, if the caller's context is over, of the context. The second attempt and those after it tell the server their
// number, in the header Grpc-Previous-Rpc-Attempts.
//
// Calls with streams are retried until the first message has arrived or the response's headers were asked for. After that a
// failure is the caller's, who alone knows what to do about the messages it has had. What the caller sends is kept until
// then, up to 256 KiB; if it is more, the call isn't retried. Failures are found, and retries are made, in the
// first call of Receive. Policy.Timeout and Within count from there; they limit the wait for the first message, and not the stream.
//
// For a server's handlers the interceptor gives the context the number of the client's attempt, see [ClientAttempt], so that [retry.Attempt]
// returns it in what the handler calls. It adds [DoNotRetry] to what a handler returns if that is a [*retry.Error], or what a client of this
// package returned since a server had said DoNotRetry. What the handler itself has called was retried enough, so that its
// client's retries would only multiply that.
//
// Of several interceptors it should be the last, so that the others see a call and not its attempts.
func NewInterceptor(p retry.Policy, opts ...Option) connect.Interceptor {
	i := &interceptor{settings: settings{policy: p}}
	i.budget = i.budgets.Of
	for _, o := range opts {
		if o != nil {
			o(&i.settings)
		}
	}
	return i
}

type interceptor struct {
	settings
	budgets destination.Budgets
	hedges  destination.Hedges
}
