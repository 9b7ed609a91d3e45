package retry

import (
	"cmp"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// BudgetSettings shape a [Budget]. The zero value is what most programs want.
type BudgetSettings struct {
	// Ratio is how many tokens a successful call earns. If it's 0, it is 0.1: in the long run
	// at most one retry for ten successes. At most 1.
	Ratio float64

	// Cap is how many tokens the budget holds at most, and at first. If it's 0, it is 20.
	Cap int

	// Every is how long it takes to earn a token without any success, so that a program that calls
	// rarely may still retry. If it's 0, it is 30 seconds; at least a millisecond. For never, say
	// math.MaxInt64: so counts any time in which Cap tokens would take more than a century.
	Every time.Duration
}

// A Budget keeps a partial outage partial: it limits how much load retries add, over all
// calls that share it through [Policy.Budget] and [HedgeSettings]. A successful call earns a
// fraction of a token and a retry costs one; when there is none left, a call that fails gives
// up at once ([ErrBudget]).
//
// It is asked when a retry is scheduled, before the delay, and what a cancelled delay took is
// given back. All methods may be used from any number of goroutines; none blocks. A Budget is
// made by [NewBudget]; the zero one grants nothing. It must not be copied.
type Budget struct {
	// Tokens trickle in with time, so a token can be counted as the time it takes to come, and
	// the whole state of the bucket is one number: when it will be full, if nothing happens
	// before. Whoever changes that changes level and time in one step.
	token, ratio, cap int64 // in nanoseconds of trickle
	never             bool  // there is no trickle, time stands still
	settings          BudgetSettings

	full    atomic.Int64 // when the bucket will be full; in the past if it is
	seen    atomic.Int64 // a time that has been
	shut    atomic.Int64 // until when nothing is granted, or open
	granted atomic.Int64
	refused atomic.Int64
}

const (
	open    = math.MinInt64
	century = 100 * 365 * 24 * time.Hour

	// A time further back than this is that of another clock. One less far back was read by a
	// goroutine that had to wait since.
	otherClock = time.Second
)

// NewBudget returns a full budget. Settings that make no sense panic: a negative or
// not finite one, a Ratio above 1, an Every below a millisecond.
func NewBudget(s BudgetSettings) *Budget {
	if !(s.Ratio >= 0 && s.Ratio <= 1) {
		panic(fmt.Sprintf("retry: NewBudget: Ratio is %v; it goes from 0 (the default of 0.1) to 1", s.Ratio))
	}
	if s.Cap < 0 || s.Cap > 1_000_000_000 {
		panic(fmt.Sprintf("retry: NewBudget: Cap is %d; it goes from 0 (the default of 20) to a billion", s.Cap))
	}
	if s.Every < 0 || s.Every > 0 && s.Every < time.Millisecond {
		panic(fmt.Sprintf("retry: NewBudget: Every is %v; set 0 (the default of 30s), or a millisecond at least", s.Every))
	}
	s = BudgetSettings{cmp.Or(s.Ratio, 0.1), cmp.Or(s.Cap, 20), cmp.Or(s.Every, 30*time.Second)}
	b := &Budget{settings: s, token: int64(s.Every)}
	if s.Every > century/time.Duration(s.Cap) {
		b.never, b.token = true, int64(time.Second)
	}
	b.ratio = int64(math.Ceil(s.Ratio * float64(b.token)))
	b.cap = int64(s.Cap) * b.token
	b.Open()
	t := now()
	b.seen.Store(int64(t))
	b.full.Store(b.clock(t))
	return b
}

// Settings returns what the budget was made of, with the defaults filled in.
func (b *Budget) Settings() BudgetSettings { return b.settings }

// Tokens returns how many tokens there are, from 0 to Cap.
func (b *Budget) Tokens() float64 { return b.level(now()) }

// level is how many tokens there are at time t.
func (b *Budget) level(t time.Duration) float64 {
	if b.token == 0 {
		return 0
	}
	at := b.clock(t)
	missing := max(0, b.full.Load()-at)
	return float64(max(0, b.cap-missing)) / float64(b.token)
}

// Granted returns how many retries were granted so far and not given back.
func (b *Budget) Granted() int64 { return b.granted.Load() }

// Refused returns how many retries were refused so far.
func (b *Budget) Refused() int64 { return b.refused.Load() }

// Shut refuses every retry for as long as d, or until [Budget.Open], for an operator who wants no
// retries now. Tokens are earned meanwhile. A d that isn't positive opens the budget.
func (b *Budget) Shut(d time.Duration) {
	if d <= 0 {
		b.Open()
		return
	}
	t := now()
	b.clock(t)
	b.shut.Store(int64(after(t, d)))
}

// Open ends a [Budget.Shut] before its time.
func (b *Budget) Open() { b.shut.Store(open) }

// ShutFor returns for how much longer the budget is shut; 0 if it's open.
func (b *Budget) ShutFor() time.Duration {
	t := now()
	b.clock(t)
	shut := b.shut.Load()
	if shut <= int64(t) {
		return 0
	}
	return time.Duration(shut) - t
}

// String tells the state of the budget and its settings, for a log or a page.
func (b *Budget) String() string {
	s := fmt.Sprintf("%.1f of %d tokens", b.Tokens(), b.settings.Cap)
	if d := b.ShutFor(); d > 0 {
		s += fmt.Sprintf(", shut for %v", round(d))
	}
	return s + fmt.Sprintf("; retries: %d granted, %d refused", b.Granted(), b.Refused())
}

// take takes a token for a retry at time t, if there is one.
func (b *Budget) take(t time.Duration) bool {
	at := b.clock(t)
	if int64(t) < b.shut.Load() {
		b.refused.Add(1)
		return false
	}
	for {
		full := b.full.Load()
		next := max(full, at) + b.token
		if next-at > b.cap || b.token == 0 {
			b.refused.Add(1)
			return false
		}
		if b.full.CompareAndSwap(full, next) {
			b.granted.Add(1)
			return true
		}
	}
}

// refund gives back what take took.
func (b *Budget) refund() {
	b.granted.Add(-1)
	b.full.Add(-b.token)
}

// earn adds what a success is worth. A nil budget needs none.
func (b *Budget) earn() {
	if b != nil {
		b.earned()
	}
}

// earned doesn't read the clock: a bucket that was full at a time that has been can only have
// lost tokens since by taking, which moves full. One that isn't may get more than it holds, which
// take makes up for. So a success costs two reads while there are no failures.
func (b *Budget) earned() {
	seen := b.seen.Load()
	if b.never {
		seen = 0
	}
	if b.full.Load() > seen {
		b.full.Add(-b.ratio)
	}
}

// clock notes that it is t, and returns that as the time of the trickle. A clock that goes back is
// another one, such as each test in a synctest bubble has: the level stays what it was.
func (b *Budget) clock(t time.Duration) int64 {
	seen := b.seen.Load()
	switch back := seen - int64(t); {
	case -back > b.token/1024: // a store for each retry would cost as much as all the rest
		b.seen.Store(int64(t))
	case back > int64(otherClock) && b.seen.CompareAndSwap(seen, int64(t)):
		if shut := b.shut.Load(); shut != open {
			b.shut.CompareAndSwap(shut, shut-back)
		}
		if !b.never {
			b.full.Add(-back)
		}
	}
	if b.never {
		return 0
	}
	return int64(t)
}
