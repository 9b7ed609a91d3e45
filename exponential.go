package retry

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Exponential is a [Backoff] whose delays grow, by default to twice the last one each time.
// The zero value makes ten attempts: the first at once, the next after up to
// 10ms, 20ms, 40ms and so on, to 2.56s. With Jitter: None those are the delays exactly.
//
// No delay is ever longer than Max, whatever the jitter; and growth never overflows. It may be shared.
type Exponential struct {
	// Initial is the first delay that isn't 0, before jitter. If it's 0, it is 10ms.
	Initial time.Duration

	// Max limits each delay. If it's 0, it is two minutes; for no limit, say math.MaxInt64.
	Max time.Duration

	// Attempts is how many delays there are, which is how many attempts a call makes, the
	// first included. If it's 0, it is 10. It may be [Unlimited].
	Attempts int

	// WaitFirst delays the first attempt, too, by Initial; otherwise it is made at once.
	WaitFirst bool

	// Grow makes the next delay from the last, both before jitter and Max. If it's nil, it doubles. It
	// must be safe for concurrent use. A negative result is taken for an overflow.
	Grow func(time.Duration) time.Duration

	// Jitter says how a delay is spread. The zero value is [Full].
	Jitter Jitter

	// Rand makes runs reproducible. If it's nil, the jitter comes from [math/rand/v2]. It may be shared
	// by calls (they take turns), but not with code outside this package.
	Rand *rand.Rand
}

// Delays ranges over the delays. If a field makes no sense there are none.
func (e Exponential) Delays() iter.Seq[time.Duration] { return delays(e) }

// fine reports whether check has nothing to say. It is asked before every call.
func (e *Exponential) fine() bool {
	return e.Initial|e.Max >= 0 && uint(e.Jitter) <= uint(None) &&
		(e.Attempts >= 0 || e.Attempts == Unlimited && (e.Max == 0 || e.Max >= unlimitedFloor))
}

func (e Exponential) check() error {
	if e.fine() {
		return nil
	}
	if e.Jitter < Full || e.Jitter > None {
		return badField("Exponential", "Jitter", e.Jitter, "use Full, Equal or None")
	}
	return checkFields("Exponential", e.Initial, e.Max, e.Attempts)
}

func (e Exponential) step(at position) (time.Duration, position, bool) {
	if at.given >= cmp.Or(e.Attempts, defaultAttempts) && e.Attempts != Unlimited {
		return 0, at, false
	}
	next := position{given: at.given + 1}
	first := 1
	if e.WaitFirst {
		first = 0
	}
	switch {
	case at.given < first:
		return 0, next, true
	case at.given == first:
		next.base = cmp.Or(e.Initial, defaultInitial)
	case e.Grow != nil:
		if next.base = e.Grow(at.base); next.base < 0 {
			next.base = math.MaxInt64
		}
	default:
		next.base = saturate(at.base, 2)
	}
	d := min(next.base, cmp.Or(e.Max, defaultMax))
	if e.Attempts == Unlimited {
		d = max(d, unlimitedFloor)
	}
	return e.Jitter.spread(d, e.Rand), next, true
}

// checkFields checks what the backoffs that grow have in common.
func checkFields(kind string, initial, most time.Duration, attempts int) error {
	switch {
	case initial < 0:
		return badField(kind, "Initial", initial, "a delay can't be negative")
	case most < 0:
		return badField(kind, "Max", most, "a delay can't be negative")
	case attempts < Unlimited:
		return badField(kind, "Attempts", attempts, "use 0 for the default, or Unlimited")
	case attempts == Unlimited && most != 0 && most < unlimitedFloor:
		return badField(kind, "Max", most, "without a limit of attempts that's a hot loop; use at least 1ms")
	}
	return nil
}

func badField(kind string, field, value any, why string) error {
	return fmt.Errorf("%w: %s.%v is %v: %s", ErrPolicy, kind, field, value, why)
}

// saturate is d times n, or the longest duration if that is less.
func saturate(d time.Duration, n time.Duration) time.Duration {
	if d > math.MaxInt64/n {
		return math.MaxInt64
	}
	return d * n
}
