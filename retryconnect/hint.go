package retryconnect

import (
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	pushbackKey   = "Grpc-Retry-Pushback-Ms"
	retryAfterKey = "Retry-After"
	attemptsKey   = "Grpc-Previous-Rpc-Attempts"
	retryInfoName = "google.rpc.RetryInfo"
)

// hintOf returns the server's hint: the longest one of gRPC's pushback (gRFC A6), of Retry-After (RFC 9110), and of a
// google.rpc.RetryInfo in the details. What makes no sense as pushback means that the server wants no retry.
func hintOf(e *connect.Error) (h rpc.Hint) {
	if e == nil {
		return h
	}
	for _, d := range e.Details() {
		if d.Type() == retryInfoName {
			h.Later(parseRetryInfo(d.Bytes()))
		}
	}
	meta := e.Meta()
	for _, v := range meta[retryAfterKey] {
		h.Later(parseRetryAfter(v, meta.Get("Date")))
	}
	h.Pushback(meta[pushbackKey])
	if meta.Get("X-Envoy-Overloaded") == "true" || meta.Get("X-Should-Retry") == "false" {
		h.Stop = true
	}
	return h
}

// parseRetryAfter parses seconds, or a date, which is compared with the server's own clock if that is known.
func parseRetryAfter(s, date string) (time.Duration, bool) {
	if d, ok := rpc.Number(s, time.Second); ok {
		return d, true
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(date)
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0), true
}

// A google.rpc.RetryInfo has one field, the delay. To have its type would mean to need the module of grpc-go.
const retryDelayField = 1

func parseRetryInfo(b []byte) (time.Duration, bool) {
	var delay *durationpb.Duration
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, false
		}
		value := protowire.ConsumeFieldValue(number, kind, b[n:])
		if value < 0 {
			return 0, false
		}
		if number == retryDelayField && kind == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(b[n:])
			delay = new(durationpb.Duration)
			if proto.Unmarshal(inner, delay) != nil {
				return 0, false
			}
		}
		b = b[n+value:]
	}
	if delay == nil {
		return 0, false
	}
	return max(delay.AsDuration(), 0), true
}

// retryInfo returns the detail that says d.
func retryInfo(d time.Duration) (*connect.ErrorDetail, error) {
	inner, err := proto.Marshal(durationpb.New(d))
	if err != nil {
		return nil, err
	}
	b := protowire.AppendTag(nil, retryDelayField, protowire.BytesType)
	return connect.NewErrorDetail(&anypb.Any{TypeUrl: "type.googleapis.com/" + retryInfoName, Value: protowire.AppendBytes(b, inner)})
}
