package retryaws

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// longest is the most that X-Amz-Retry-After is obeyed for, as in the SDK.
const longest = 5 * time.Second

// throttles counts the throttled failures of one call.
type throttles struct{ n atomic.Int32 }

// hint marks err with how long the server, or r for it, wants to be left alone.
func (r *Retryer) hint(err error, t *throttles) error {
	if err == nil {
		return nil
	}
	if d, ok := retryAfter(err); ok {
		// A little more, so that clients who were told the same don't all come back at once.
		more := rand.N(min(d/10, 10*time.Second) + 1)
		return retry.After(err, d+min(more, math.MaxInt64-d))
	}
	if !Throttled(err) {
		return err
	}
	n := t.n.Add(1)
	for d := range r.throttle().Delays() {
		if n--; n == 0 {
			return retry.After(err, d)
		}
	}
	return err // not reached: the delays don't end
}

func (r *Retryer) throttle() retry.Exponential {
	first := cmp.Or(r.ThrottleDelay, time.Second)
	return retry.Exponential{
		Initial:   first,
		Max:       max(first, 20*time.Second),
		Attempts:  retry.Unlimited,
		WaitFirst: true,
		Jitter:    retry.Equal,
	}
}

// retryAfter returns how long the answer in err asks to wait.
func retryAfter(err error) (time.Duration, bool) {
	res, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || res.Response == nil || res.Response.Response == nil {
		return 0, false
	}
	if ms, err := strconv.ParseUint(res.Response.Header.Get("X-Amz-Retry-After"), 10, 63); err == nil {
		return time.Duration(min(ms, uint64(longest/time.Millisecond))) * time.Millisecond, true
	}
	return retryhttp.Hint(res.Response.Response)
}
