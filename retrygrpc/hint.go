package retrygrpc

import (
	"time"

	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	pushbackKey = "grpc-retry-pushback-ms"
	attemptsKey = "grpc-previous-rpc-attempts"
)

// hintOf returns the server's hint: the longer one of the pushback in the trailer (gRFC A6) and of a
// google.rpc.RetryInfo in the status.
func hintOf(st *status.Status, trailer metadata.MD) (h rpc.Hint) {
	h.Later(retryInfo(st))
	h.Pushback(trailer[pushbackKey])
	if v := trailer["x-envoy-overloaded"]; len(v) == 1 && v[0] == "true" {
		h.Stop = true
	}
	return h
}

// retryInfo returns the delay of the google.rpc.RetryInfo in the status, the longest if there is more than one.
func retryInfo(st *status.Status) (wait time.Duration, ok bool) {
	if st == nil || len(st.Proto().GetDetails()) == 0 {
		return 0, false
	}
	for _, detail := range st.Details() {
		if info, is := detail.(*errdetails.RetryInfo); is && info.GetRetryDelay() != nil {
			wait, ok = max(wait, info.GetRetryDelay().AsDuration()), true
		}
	}
	return wait, ok
}
