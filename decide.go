package retry

import (
	"fmt"
	"time"
)

// longestHint is the longest After that a call without a limit of time obeys.
const longestHint = 5 * time.Minute

// A verdict says what follows: the call waits; or stops with the failure; or gives up, for a reason.
type verdict struct {
	wait    time.Duration
	failure error // as Decide left it
	stop    bool
	reason  error
}

// An outlook is what the schedule and the limits of a call allow after a failure.
type outlook struct {
	attempt int           // that failed; 0 before the first
	delay   time.Duration // of the schedule
	more    bool          // whether an attempt is left
	left    time.Duration // until the call must end
	parked  bool          // whether somebody waits for the call, and must not be parked for long
}

// decide says what follows failure, which is nil before the first attempt.
func decide(p *Policy, failure error, m marks, o outlook, mem *memory) verdict {
	v := verdict{failure: failure, wait: o.delay}
	if o.more && o.delay < 0 {
		v.reason = fmt.Errorf("%w: Backoff gave a delay of %v before attempt %d", ErrInvalid, o.delay, o.attempt+1)
		return v
	}
	v.wait = max(o.delay, m.after)
	if !o.more {
		v.wait = 0
	}
	if failure != nil {
		retry := m.flags.transient() && (p.RetryIf == nil || p.RetryIf(failure))
		if p.Decide != nil {
			retry = v.ask(p, retry, m, o, mem)
		}
		if !retry {
			v.stop = true
			return v
		}
	}
	if !o.more {
		v.reason = ErrExhausted
		return v
	}
	v.reason = fits(v.wait, m.after, o.left, o.parked && v.wait > o.delay)
	return v
}

// ask has Policy.Decide change the verdict, and returns whether to retry.
func (v *verdict) ask(p *Policy, retry bool, m marks, o outlook, mem *memory) bool {
	d := &Decision{Err: v.failure, Attempt: o.attempt, Retry: retry, Delay: v.wait, Left: o.left, State: mem.state, counts: mem.counts}
	p.Decide(d)
	mem.state, mem.counts = d.State, d.counts
	retry = d.Retry && m.flags&stop == 0
	if d.Err != nil || !retry {
		v.failure = d.Err
	}
	if v.wait = d.Delay; v.wait >= 0 {
		v.wait = max(v.wait, m.after)
	}
	return retry
}

// fits returns why the delay d can't be waited for, with so much time left. A stranger's hint may not park a caller who has set no
// limit of time.
func fits(d, hint, left time.Duration, parked bool) error {
	what := "the next delay is"
	if hint > 0 && d <= hint {
		what = "the failure asks to wait"
	}
	switch {
	case d < 0:
		return fmt.Errorf("%w: Decide set a delay of %v", ErrTooLate, d)
	case left == forever && hint > longestHint && d == hint && parked:
		return fmt.Errorf("%w: %s %v, more than the %v that a call without a limit of time waits; set Within or a deadline to wait longer",
			ErrTooLate, what, brief(d), brief(longestHint))
	case d < left || left == forever:
		return nil
	}
	return fmt.Errorf("%w: %s %v, with %v left", ErrTooLate, what, brief(d), brief(max(left, 0)))
}
