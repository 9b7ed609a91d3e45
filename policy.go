package retry

import (
	"context"
	"fmt"
	"time"

	"github.com/callagain/retry/internal/probe"
)

// Unlimited, as [Policy.Attempts], sets no limit on the number of attempts. The delays of [Exponential] and [Constant] are at
// least a millisecond then, except before the first attempt.
const Unlimited = -1

const defaultAttempts = 4

// A Policy says when to retry. It is a plain value: copy it, change fields of the copy, and share it between goroutines.
// Nothing in this package modifies a Policy.
//
// The zero Policy makes up to four attempts, with delays of up to 100ms, 200ms and 400ms between them, and retries
// every failure except those that [Policy.RetryIf] is never asked about. It has no [Budget]: in an outage it makes four
// times the calls.
//
// A Policy that makes no sense, for example one with a negative duration, makes no attempt: the call returns an [*Error]
// whose Reason is [ErrInvalid] and names the field.
type Policy struct {
	// Name identifies what is called, in errors, events and logs.
	Name string

	// Attempts is the maximum number of attempts, including the first. If it is 0, a [List], a [Seq] or another
	// Backoff makes as many attempts as it has delays, and the Backoffs that never end, [Exponential] and
	// [Constant], make 4. If both limit the number, the smaller one counts. See [Unlimited].
	Attempts int

	// Backoff gives the delay before each attempt. If it is nil, it is Exponential{}.
	Backoff Backoff

	// RetryIf reports whether to retry a failure. If it is nil, every failure is retried. RetryIf isn't asked about three
	// kinds of failure that are not retried in any case: those marked by [Stop]; context.Canceled, since somebody
	// meant that; and the [*Error] of an inner call, which has been retried already. The last two are
	// like any other failure if they are marked by [After] or [Progress].
	RetryIf func(failure error) bool

	// Decide, if not nil, is called after each failed attempt, the last one included. It may change what
	// RetryIf and Backoff have decided: whether to retry, the delay, and the error.
	Decide func(*Decision)

	// Timeout, if positive, limits each attempt, not the whole call: the context of the attempt is canceled with a cause that is
	// [ErrTimeout]. An attempt that timed out is retried. A function that ignores its context is not interrupted.
	Timeout time.Duration

	// Within, if positive, limits the whole call, including delays. The contexts of its attempts end then, with a cause that is
	// [ErrTooLate]. The call doesn't begin a delay that would end later; it gives up at once instead, with the same reason.
	Within time.Duration

	// Around, if not nil, runs each attempt. It calls attempt once, with ctx or a context derived from it, and returns
	// its error; or it returns another error without calling attempt. It can hold a limiter, a circuit breaker
	// or a trace span; [Attempt] and [Delay] can be asked of ctx. Time spent in Around counts towards Within, but not
	// towards Timeout. If Around calls attempt twice, or returns nil without calling it, the call ends with the reason
	// [ErrInvalid]. An attempt that still runs when Around returns is waited for. Around runs in a goroutine of its own, and the attempt where it
	// would run without Around.
	Around func(ctx context.Context, attempt func(context.Context) error) error

	// Budget, if not nil, limits the retries of all calls that share it.
	Budget *Budget

	// Observe, if not nil, is called with an [Event] for each retry, and with one at the end of each call, in the goroutine
	// that makes the attempts and with the caller's context. See [Log].
	Observe func(context.Context, Event)

	probe probe.Probe // of packages retrydebug and retryotel
}

// check reports the first field that makes no sense.
func (p *Policy) check() error {
	switch {
	case p.Attempts < Unlimited:
		return fmt.Errorf("%w: Attempts is %d; use 0 for the default, or Unlimited", ErrInvalid, p.Attempts)
	case p.Timeout < 0:
		return fmt.Errorf("%w: Timeout is %v; use 0 for no limit", ErrInvalid, p.Timeout)
	case p.Within < 0:
		return fmt.Errorf("%w: Within is %v; use 0 for no limit", ErrInvalid, p.Within)
	}
	if err := p.Budget.check(); err != nil {
		return err
	}
	return checkBackoff(p.Backoff)
}

// limit returns the number of attempts that p itself allows; Unlimited if there is no limit but the schedule's.
func (p *Policy) limit() int {
	if p.Attempts == 0 && never(p.Backoff) {
		return defaultAttempts
	}
	if p.Attempts == 0 {
		return Unlimited
	}
	return p.Attempts
}

// allows reports whether p allows an attempt after so many.
func (p *Policy) allows(attempts int) bool {
	limit := p.limit()
	return limit == Unlimited || attempts < limit
}

// floorOf returns the least delay between attempts that are limited so: where nothing else does, a short delay would be a busy loop.
func floorOf(limit int) time.Duration {
	if limit == Unlimited {
		return least
	}
	return 0
}
