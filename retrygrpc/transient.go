package retrygrpc

import (
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Transient reports whether a failed call may succeed if it is retried. It is what the interceptors ask where a policy has
// no RetryIf. It says yes to
//
//   - status UNAVAILABLE
//   - status RESOURCE_EXHAUSTED if the server says when to come back
//   - status INTERNAL if it is grpc-go's own and says that the other side broke off the call: by RST_STREAM with INTERNAL_ERROR or
//     NO_ERROR, or without trailers
//   - an attempt that exceeded Policy.Timeout ([retry.ErrTimeout])
//
// and no to everything else: DEADLINE_EXCEEDED is often the caller's own deadline, ABORTED calls for more than this call
// to be done again, and the rest will be the same next time.
//
// Transient can't know whether a failed call took effect. Outside of the interceptors it is for calls that are safe to
// repeat.
func Transient(failure error) bool {
	if errtree.Is(failure, retry.ErrTimeout) {
		return true
	}
	st := statusOf(failure)
	switch st.Code() {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		_, asked := errtree.AsType[*pushedBack](failure)
		_, told := retryInfo(st)
		return asked || told
	case codes.Internal:
		return brokenOff[st.Message()]
	}
	return false
}

// brokenOff are grpc-go's own descriptions of streams that were reset from the other side.
var brokenOff = map[string]bool{
	"stream terminated by RST_STREAM with error code: INTERNAL_ERROR": true,
	"stream terminated by RST_STREAM with error code: NO_ERROR":       true,
	"server closed the stream without sending trailers":               true,
}

// A pushedBack is a failure whose trailer says when to come back, which its status doesn't.
type pushedBack struct{ error }

func (e *pushedBack) Unwrap() error { return e.error }

// statusOf returns the status in err, without the text of what wraps it; nil if there is none, whose code is OK.
func statusOf(err error) *status.Status {
	if s, ok := errtree.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return s.GRPCStatus()
	}
	return nil
}
