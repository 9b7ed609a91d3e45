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
	// rarely may still retry. If it's 0, it is 30 seconds; for never, say math.MaxInt64.
	Every time.Duration
}

// A Budget keeps a partial outage partial: it limits how much load retries add, over all
// calls that share it through [Policy.Budget]. A successful call earns a fraction of a token and
// a retry costs one; when there is none left, a call that fails gives up at once ([ErrBudget]).
//
// It is asked when a retry is scheduled, before the delay, and what a cancelled delay took is
// given back. All methods may be used from any number of goroutines; none blocks.
type Budget struct {
	ratio, cap int64         // in millionths of a token
	every      time.Duration // for a whole one
	level      atomic.Int64  // what there is
	since      atomic.Int64  // up to when the trickle is in level
	shut       atomic.Int64  // until when nothing is granted
	granted    atomic.Int64
	refused    atomic.Int64
}

const token = 1_000_000

// NewBudget returns a full budget. Settings that make no sense panic: a negative or
// not finite one, or a Ratio above 1.
func NewBudget(s BudgetSettings) *Budget {
	if !(s.Ratio >= 0 && s.Ratio <= 1) {
		panic(fmt.Sprintf("retry: NewBudget: Ratio is %v; it goes from 0 (the default of 0.1) to 1", s.Ratio))
	}
	if s.Cap < 0 || s.Cap > math.MaxInt64/token/2 {
		panic(fmt.Sprintf("retry: NewBudget: Cap is %d; set none, or a positive one", s.Cap))
	}
	if s.Every < 0 {
		panic(fmt.Sprintf("retry: NewBudget: Every is %v; set none, or a positive one", s.Every))
	}
	b := &Budget{
		ratio: int64(math.Ceil(cmp.Or(s.Ratio, 0.1) * token)),
		cap:   int64(cmp.Or(s.Cap, 20)) * token,
		every: cmp.Or(s.Every, 30*time.Second),
	}
	b.level.Store(b.cap)
	b.since.Store(int64(now()))
	return b
}

// Tokens returns how many tokens there are, from 0 to Cap.
func (b *Budget) Tokens() float64 {
	b.trickle(now())
	return float64(b.level.Load()) / token
}

// Granted returns how many retries were granted so far and not given back.
func (b *Budget) Granted() int64 { return b.granted.Load() }

// Refused returns how many retries were refused so far.
func (b *Budget) Refused() int64 { return b.refused.Load() }

// Shut refuses every retry for as long as d, or until [Budget.Open], for an operator who wants no
// retries now. Tokens are earned meanwhile. A d that isn't positive opens the budget.
func (b *Budget) Shut(d time.Duration) {
	if d <= 0 {
		b.shut.Store(0)
		return
	}
	b.shut.Store(int64(after(now(), d)))
}

// Open ends a [Budget.Shut] before its time.
func (b *Budget) Open() { b.shut.Store(0) }

// take takes a token for a retry at time t, if there is one.
func (b *Budget) take(t time.Duration) bool {
	if until := b.shut.Load(); until != 0 && int64(t) < until {
		b.refused.Add(1)
		return false
	}
	b.trickle(t)
	for {
		have := b.level.Load()
		if have < token {
			b.refused.Add(1)
			return false
		}
		if b.level.CompareAndSwap(have, have-token) {
			b.granted.Add(1)
			return true
		}
	}
}

// refund gives back what take took.
func (b *Budget) refund() {
	b.granted.Add(-1)
	b.add(token)
}

// earn adds what a success is worth. A nil budget needs none.
func (b *Budget) earn() {
	if b != nil {
		b.add(b.ratio)
	}
}

func (b *Budget) add(n int64) {
	for {
		have := b.level.Load()
		if have >= b.cap || b.level.CompareAndSwap(have, min(have+n, b.cap)) {
			return
		}
	}
}

// trickle adds what time alone has earned, in steps of a thousandth of a token at least: whoever
// moves since adds for the time it moved by.
func (b *Budget) trickle(t time.Duration) {
	since := b.since.Load()
	passed := int64(t) - since
	if passed >= 0 && passed < int64(b.every/1000) {
		return
	}
	if passed < 0 {
		// A clock that goes back is a test's; start from there.
		b.since.CompareAndSwap(since, int64(t))
		return
	}
	n := float64(passed) / float64(b.every) * token
	if b.since.CompareAndSwap(since, int64(t)) {
		b.add(int64(min(n, float64(b.cap))))
	}
}
