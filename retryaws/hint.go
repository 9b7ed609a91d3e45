package retryaws

import (
	"strconv"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/retryhttp"
)

// longest is the time by which X-Amz-Retry-After may exceed the delay that there would be without it, as in the SDK.
const longest = 5 * time.Second

// A source says where a hint comes from.
type source int

const (
	noHint       source = iota
	awsHint             // X-Amz-Retry-After
	standardHint        // what retryhttp.Hint reads
)

// retryAfter returns how long the answer in err asks to wait.
func retryAfter(err error) (time.Duration, source) {
	res, ok := errtree.AsType[*smithyhttp.ResponseError](err)
	if !ok || res.Response == nil || res.Response.Response == nil {
		return 0, noHint
	}
	if ms, err := strconv.ParseUint(res.Response.Header.Get("X-Amz-Retry-After"), 10, 63); err == nil {
		const hour = uint64(time.Hour / time.Millisecond) // more is cut down anyway
		return time.Duration(min(ms, hour)) * time.Millisecond, awsHint
	}
	if d, ok := retryhttp.Hint(res.Response.Response); ok {
		return max(d, 0), standardHint
	}
	return 0, noHint
}
