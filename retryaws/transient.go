package retryaws

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// Transient is the test of a [Retryer] whose policy has none. Worth another attempt are
//
//   - what the SDK itself would retry: failures to connect, send or get an answer, the
//     statuses 500, 502, 503 and 504, the error codes in the SDK's tables, and a clock
//     that is off once the SDK has noticed it;
//   - what is [Throttled], and the statuses 408 and 425;
//   - an answer cut short, or with a wrong checksum;
//   - an attempt that ran out of [retry.Policy.Timeout].
//
// Never worth it are, beside what [retry.Transient] excludes, what is [retryhttp.Permanent], such as a
// server's certificate that doesn't verify, and a host that doesn't exist. Put beside other tests with [retry.Any]:
//
//	Test: retry.Any(retryaws.Transient, retry.AtMost(1, isNoSuchKey))
//
// Like the SDK it takes every operation for one that may be made twice, as happens when an answer is lost.
func Transient() retry.Test { return transient() }

var transient = retry.If(worth)

func worth(err error) bool {
	if errors.Is(err, retry.ErrTimeout) {
		return true
	}
	if retryhttp.Classify(err) == retryhttp.Permanent {
		return false
	}
	if v := sdk.IsErrorRetryables(sdk.DefaultRetryables).IsErrorRetryable(err); v != aws.UnknownTernary {
		return v.Bool()
	}
	return Throttled(err) ||
		status(err, http.StatusRequestTimeout, http.StatusTooEarly) ||
		errors.Is(err, io.ErrUnexpectedEOF) ||
		// The SDK's type for it isn't exported.
		strings.Contains(err.Error(), "checksum did not match")
}

// Throttled reports whether a service said in err that it is called too often, or is
// too busy: by an error code in the SDK's table, such as SlowDown or
// RequestLimitExceeded, or by the status 429 or 503.
func Throttled(err error) bool {
	return sdk.IsErrorThrottles(sdk.DefaultThrottles).IsErrorThrottle(err).Bool() ||
		status(err, http.StatusTooManyRequests, http.StatusServiceUnavailable)
}

func status(err error, codes ...int) bool {
	res, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	return ok && slices.Contains(codes, res.HTTPStatusCode())
}
