package retryconnect

import (
	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// Transient reports whether a failed call may succeed if it is retried. It is what the interceptor asks where a policy has no
// RetryIf. It says yes to
//
//   - code unavailable, which is also that of HTTP status 429, 502, 503 and 504 where a proxy answers
//   - code resource_exhausted if the server says when to come back
//   - a connection that couldn't be made, or broke, or was reset, whatever code connect-go gives it
//   - an attempt that exceeded Policy.Timeout ([retry.ErrTimeout])
//
// and no to everything else: deadline_exceeded is often the caller's own deadline, aborted calls for more than this call to
// be done again, and the rest will be the same next time.
//
// Transient can't know whether a failed call took effect. Outside of the interceptor it is for calls that are safe to repeat.
func Transient(failure error) bool {
	if errtree.Is(failure, retry.ErrTimeout) {
		return true
	}
	e := errorOf(failure)
	if e == nil {
		return false
	}
	switch e.Code() {
	case connect.CodeUnavailable:
		return true
	case connect.CodeResourceExhausted:
		return hintOf(e).Given
	}
	return !connect.IsWireError(e) && (neverSent(e) || brokenOff(e))
}

// errorOf returns the *connect.Error in err, or nil.
func errorOf(err error) *connect.Error {
	e, _ := errtree.AsType[*connect.Error](err)
	return e
}
