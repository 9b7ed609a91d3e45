package main

// A verdict is what a run means for the call.
type verdict int

const (
	success verdict = iota
	again           // a failure worth another attempt
	stop            // a failure that isn't
)

// judge says what a run means, and why if it means stop.
func (c *call) judge(r *attempt) (verdict, string) {
	listed := c.retryOn.has(r)
	matched := r.matches[retryStdout] || r.matches[retryStderr]
	completed := r.startErr == nil && !r.timedOut && !r.stuck && r.signal == 0
	var ok bool
	switch {
	case c.patterns[until] != nil:
		ok = (completed || c.follow && r.startErr == nil) && r.matches[until]
	case c.successOn != nil:
		ok = r.startErr == nil && !r.stuck && c.successOn.has(r)
	case c.untilFails:
		ok = r.startErr == nil && !r.timedOut && r.code != 0
	default:
		ok = completed && r.code == 0
	}
	only := c.retryOn != nil || c.patterns[retryStdout] != nil || c.patterns[retryStderr] != nil
	switch {
	case ok && !listed && !matched:
		return success, ""
	case c.stopOn.has(r):
		return stop, "--stop-on says that's final"
	case r.matches[stopStdout]:
		return stop, "its output matches --stop-stdout"
	case r.matches[stopStderr]:
		return stop, "its standard error matches --stop-stderr"
	case r.unread:
		return stop, "nobody reads its output any more"
	case listed || matched:
		return again, ""
	case r.lasting:
		return stop, "that won't change by itself"
	case only:
		return stop, "it's none of the failures to retry"
	case r.startErr != nil && r.startErr.Later:
		return again, ""
	case !r.timedOut && r.signal == 0 && r.code == 127:
		return stop, "a command that isn't found won't be found the next time"
	case !r.timedOut && r.signal == 0 && r.code == 126:
		return stop, "a command that can't be executed can't be the next time"
	}
	return again, ""
}
