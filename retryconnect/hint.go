package retryconnect

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"
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

// A hint is what a server asks of a client whose call failed.
type hint struct {
	wait  time.Duration
	given bool // the server says when to come back
	stop  bool // the server doesn't want a retry
}

// hintOf returns the server's hint: the longest one of gRPC's pushback (gRFC A6), of Retry-After (RFC 9110), and of a
// google.rpc.RetryInfo in the details. What makes no sense as pushback means that the server wants no retry.
func hintOf(e *connect.Error) (h hint) {
	if e == nil {
		return h
	}
	add := func(wait time.Duration, ok bool) {
		if ok {
			h.wait, h.given = max(h.wait, wait), true
		}
	}
	for _, d := range e.Details() {
		if d.Type() == retryInfoName {
			add(parseRetryInfo(d.Bytes()))
		}
	}
	meta := e.Meta()
	for _, v := range meta[retryAfterKey] {
		add(parseRetryAfter(v, meta.Get("Date")))
	}
	switch values := meta[pushbackKey]; len(values) {
	case 0:
	case 1:
		wait, ok := parseNumber(values[0], time.Millisecond)
		add(wait, ok)
		h.stop = !ok
	default:
		h.stop = true
	}
	if meta.Get("X-Envoy-Overloaded") == "true" || meta.Get("X-Should-Retry") == "false" {
		h.stop = true
	}
	return h
}

// parseRetryAfter parses seconds, or a date, which is compared with the server's own clock if that is known.
func parseRetryAfter(s, date string) (time.Duration, bool) {
	if d, ok := parseNumber(s, time.Second); ok {
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

// parseNumber parses a number of units from 0 up. One that is too large for a Duration is the largest.
func parseNumber(s string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
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
