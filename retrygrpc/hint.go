package retrygrpc

import (
	"math"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	pushbackKey = "grpc-retry-pushback-ms"
	attemptsKey = "grpc-previous-rpc-attempts"
)

// A hint is what a server asks of a client whose call failed.
type hint struct {
	wait  time.Duration
	given bool // the server says when to come back
	stop  bool // the server doesn't want a retry
}

// hintOf returns the server's hint: the longer one of the pushback in the trailer (gRFC A6) and of a
// google.rpc.RetryInfo in the status.
func hintOf(st *status.Status, trailer metadata.MD) (h hint) {
	h.wait, h.given = retryInfo(st)
	switch values := trailer[pushbackKey]; len(values) {
	case 0:
	case 1:
		wait, ok := pushback(values[0])
		h.wait, h.given, h.stop = max(h.wait, wait), true, !ok
	default:
		h.stop = true
	}
	if v := trailer["x-envoy-overloaded"]; len(v) == 1 && v[0] == "true" {
		h.stop = true
	}
	return h
}

// pushback parses grpc-retry-pushback-ms. What isn't a number from 0 up means that the server wants no retry.
func pushback(s string) (wait time.Duration, ok bool) {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil || ms < 0 {
		return 0, false
	}
	if ms > math.MaxInt64/int64(time.Millisecond) {
		return math.MaxInt64, true
	}
	return time.Duration(ms) * time.Millisecond, true
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
