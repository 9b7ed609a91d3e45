package retry

import (
	"time"
)

// On returns a function for [Policy.RetryIf] that retries the failures that match one of errs, according to [errors.Is].
func On(errs ...error) func(failure error) bool {
	return func(failure error) bool {
		for _, err := range errs {
			if err != nil && is(failure, err) {
				return true
			}
		}
		return false
	}
}

// A Decision says what follows a failed attempt. [Policy.Decide] may change Err, Retry and Delay.
//
// A Decision can't undo a [Stop], can't wait less than an [After] asks for, and can't make more attempts than the policy allows.
// It must not be used after Decide has returned.
type Decision struct {
	// Err is the failure. If Retry is false, the call returns it as it is.
	Err error

	// Attempt is the number of the failed attempt.
	Attempt int

	// Retry says whether the failure is to be retried, if an attempt is left. At first it is what Policy.RetryIf says.
	Retry bool

	// Delay is the delay before the next attempt: that of the backoff or, if it is longer, what [After] asks for. It is 0 if
	// no attempt is left. If Decide makes it negative, or as long as Left, the call gives up with the reason [ErrTooLate].
	Delay time.Duration

	// Left is the time until the call must end, or math.MaxInt64 if there is no limit.
	Left time.Duration

	// State is for use by Decide. It is nil at the first failure of a call, and then what Decide has left there.
	// It isn't part of a [Position].
	State any

	counts map[string]int
}

// Count counts a failure of the given kind, and returns how many there were in this call, or since the last [Progress]. Counts are
// part of a [Position], so a call that was stored continues to count where it was.
func (d *Decision) Count(kind string) int {
	if d.counts == nil {
		d.counts = map[string]int{}
	}
	d.counts[kind]++
	return d.counts[kind]
}

// memory is what a call keeps for Policy.Decide.
type memory struct {
	state  any
	counts map[string]int
}
