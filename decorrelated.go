package retry

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"time"
)

// Decorrelated is a [Backoff] that draws each delay between Initial and three times the last
// one: it grows like [Exponential], but two clients that failed together drift apart. It's the
// fourth way of Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog,
// 2015), with one difference: Max limits the range that is drawn from, not what was drawn,
// so that delays keep spreading there instead of mostly being Max itself.
//
// The zero value makes ten attempts, the first at once. It may be shared.
type Decorrelated struct {
	// Initial is the least delay, but for a first one of 0. If it's 0, it is 10ms. If it's more than
	// a third of Max, the least delay at the cap is a third of Max, to keep room for spreading.
	Initial time.Duration

	// Max limits each delay. If it's 0, it is two minutes.
	Max time.Duration

	// Attempts is how many delays there are, as in [Exponential].
	Attempts int

	// WaitFirst delays the first attempt, too; otherwise it is made at once.
	WaitFirst bool

	// Rand makes runs reproducible, as in [Exponential].
	Rand *rand.Rand
}

// Delays ranges over the delays. If a field makes no sense there are none.
func (d Decorrelated) Delays() iter.Seq[time.Duration] { return delays(d) }

func (d Decorrelated) check() error {
	return checkFields("Decorrelated", d.Initial, d.Max, d.Attempts)
}

func (d Decorrelated) step(at position) (time.Duration, position, bool) {
	if at.given >= cmp.Or(d.Attempts, defaultAttempts) && d.Attempts != Unlimited {
		return 0, at, false
	}
	next := position{given: at.given + 1}
	if at.given == 0 && !d.WaitFirst {
		return 0, next, true
	}
	low, high := d.span(at.base)
	next.base = low + random(high-low, d.Rand)
	return next.base, next, true
}

// span is what the delay after one of base is drawn from.
func (d Decorrelated) span(base time.Duration) (low, high time.Duration) {
	initial := cmp.Or(d.Initial, defaultInitial)
	if d.Attempts == Unlimited {
		initial = max(initial, unlimitedFloor)
	}
	high = min(saturate(max(base, initial), 3), cmp.Or(d.Max, defaultMax))
	return min(initial, high/3), high
}
