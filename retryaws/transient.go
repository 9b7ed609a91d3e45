package retryaws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/retryhttp"
)

// Transient is the RetryIf of a [Retryer] whose policy has none. It reports true for
//
//   - what the SDK itself retries: failures to connect, to send or to get an answer; the
//     statuses 500, 502, 503 and 504; the error codes in the SDK's tables; and a clock
//     that is wrong, once the SDK has noticed it;
//   - what is [Throttled], and the statuses 408 and 425;
//   - an answer that was cut short, or has a wrong checksum;
//   - an attempt that exceeded [retry.Policy.Timeout].
//
// It reports false for what is [retryhttp.Permanent], such as a certificate that doesn't verify, for a host that doesn't exist, for a
// cancellation, and for the [*retry.Error] of an inner call. To retry other failures as well, combine it in a function of your own:
//
//	policy.RetryIf = func(failure error) bool { return retryaws.Transient(failure) || isConflict(failure) }
//
// As with the SDK's own retryer, an operation is retried whether or not it may be made twice, as happens when an answer is lost.
func Transient(failure error) bool {
	if errtree.Endless(failure) {
		return false
	}
	if _, inner := errors.AsType[*retry.Error](failure); inner || failure == nil {
		return false
	}
	if errors.Is(failure, retry.ErrTimeout) { // its context was canceled for that
		return true
	}
	if errors.Is(failure, context.Canceled) || retryhttp.Classify(failure) == retryhttp.Permanent {
		return false
	}
	if v := sdk.IsErrorRetryables(sdk.DefaultRetryables).IsErrorRetryable(failure); v != aws.UnknownTernary {
		return v.Bool()
	}
	return Throttled(failure) ||
		status(failure, http.StatusRequestTimeout, http.StatusTooEarly) ||
		errors.Is(failure, io.ErrUnexpectedEOF) ||
		// The SDK's type for it isn't exported.
		strings.Contains(failure.Error(), "checksum did not match")
}

// Throttled reports whether a service said in a failure that it is called too often, or is
// too busy: by an error code in the SDK's table, such as SlowDown or RequestLimitExceeded; by the status 503; or by the
// status 429, unless the service's model defines the error as another one. ResourceLimitExceededException is an example: it says that
// something has to be deleted first, and comes with 429.
func Throttled(failure error) bool {
	return !errtree.Endless(failure) && (sdk.IsErrorThrottles(sdk.DefaultThrottles).IsErrorThrottle(failure).Bool() ||
		status(failure, http.StatusServiceUnavailable))
}

func status(err error, codes ...int) bool {
	res, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	return ok && slices.Contains(codes, res.HTTPStatusCode())
}
