// Package throttle has the rules by which others limit retries, as far as their documentation or source tells, to compare them with
// [github.com/callagain/retry.Budget] in simulations. Each value is the state of one client.
package throttle

import (
	"errors"
	"math"
	"time"

	"github.com/callagain/retry"
)

// A Bucket holds tokens, Level of them at first. The zero value never allows a retry.
type Bucket struct {
	Level      float64
	Cap        float64 // the most that it holds; 0 is no limit
	PerCall    float64 // earned when a call begins
	PerSuccess float64 // earned when a call succeeds
	PerSecond  float64 // earned in any case
	Above      float64 // a retry needs more than that
	last       time.Duration
}

// Flat is a bucket that is earned by successes and holds at most size, full at first.
func Flat(size, perSuccess, perSecond float64) *Bucket {
	return &Bucket{Level: size, Cap: size, PerSuccess: perSuccess, PerSecond: perSecond, Above: almost1}
}

// almost1 makes rules that need a whole token tolerate ten times 0.1.
const almost1 = 1 - 1e-9

func (b *Bucket) add(now time.Duration, tokens float64) {
	b.Level += tokens + float64(b.PerSecond*(now-b.last).Seconds())
	b.last = now
	if b.Cap > 0 {
		b.Level = min(b.Level, b.Cap)
	}
}

func (b *Bucket) Began(now time.Duration) { b.add(now, b.PerCall) }

func (b *Bucket) Ended(now time.Duration, _ int, failure error) {
	if failure == nil {
		b.add(now, b.PerSuccess)
	}
}

func (b *Bucket) Retry(now time.Duration) bool {
	b.add(now, 0)
	if b.Level > b.Above {
		b.Level--
		return true
	}
	return false
}

// A Breaker allows retries while at most the part Ratio of the calls so far has failed, attempt by attempt.
type Breaker struct {
	Ratio         float64
	calls, failed float64
}

func (b *Breaker) Began(time.Duration) { b.calls++ }

func (b *Breaker) Ended(_ time.Duration, _ int, failure error) {
	if failure != nil {
		b.failed++
	}
}

func (b *Breaker) Retry(time.Duration) bool { return b.failed <= float64(b.Ratio*b.calls) }

// AWS is the retry quota of the AWS SDKs' standard mode: 500 tokens; a retry costs Cost, or CostTimeout after a timeout; a success
// gives back what the last retry of the call has cost, or one if there was none.
type AWS struct {
	Cost, CostTimeout float64
	used              float64
	timeout           bool
}

func (a *AWS) Began(time.Duration) {}

func (a *AWS) Ended(_ time.Duration, attempt int, failure error) {
	switch {
	case failure != nil:
		a.timeout = errors.Is(failure, retry.ErrTimeout)
	case attempt > 1:
		a.used = max(0, a.used-a.Cost)
	default:
		a.used = max(0, a.used-1)
	}
}

func (a *AWS) Retry(time.Duration) bool {
	cost := a.Cost
	if a.timeout {
		cost = a.CostTimeout
	}
	if a.used+cost > 500 {
		return false
	}
	a.used += cost
	return true
}

// GRPC is the retry throttling of gRPC's service config (gRFC A6): a failure costs a token, a success earns Ratio of one, and
// retries are allowed while more than half of Max is there.
type GRPC struct{ Max, Ratio, missing float64 }

func (g *GRPC) Began(time.Duration) {}

func (g *GRPC) Ended(_ time.Duration, _ int, failure error) {
	if failure != nil {
		g.missing = min(g.Max, g.missing+1)
	} else {
		g.missing = max(0, g.missing-g.Ratio)
	}
}

func (g *GRPC) Retry(time.Duration) bool { return g.Max-g.missing > g.Max/2 }

// A Window limits retries to the part Ratio of the calls in a window of ten slices, plus Reserve.
type Window struct {
	Ratio, Reserve float64
	Slice          time.Duration
	slices         [10]float64
	current        int64
}

// Finagle is Twitter Finagle's RetryBudget: a fifth of the calls of the last ten seconds, and ten retries a second.
func Finagle() *Window { return &Window{Ratio: 0.2, Reserve: 10 * 10, Slice: time.Second} }

// SRE is the client's budget of "Site Reliability Engineering" (chapter 21): a tenth of the calls, here of the last two minutes.
func SRE() *Window { return &Window{Ratio: 0.1, Slice: 12 * time.Second} }

func (w *Window) at(now time.Duration) *float64 {
	n := int64(now / w.Slice)
	for w.current = max(w.current, n-10); w.current < n; {
		w.current++
		w.slices[w.current%10] = 0
	}
	return &w.slices[n%10]
}

func (w *Window) Began(now time.Duration) { *w.at(now) += w.Ratio }

func (w *Window) Ended(time.Duration, int, error) {}

func (w *Window) Retry(now time.Duration) bool {
	s := w.at(now)
	sum := w.Reserve
	for _, n := range w.slices {
		sum += n
	}
	if sum < almost1 {
		return false
	}
	*s--
	return true
}

// Scaled is a bucket whose size is what the last second of successes was, and three at least. Ratio is earned by each success, and one
// token each minute.
type Scaled struct {
	Ratio, spent float64
	last, since  time.Duration
	rate, n      float64
}

func (s *Scaled) Began(now time.Duration) {}

func (s *Scaled) add(now time.Duration, tokens float64) {
	if d := now - s.since; d >= time.Second {
		s.rate, s.n, s.since = s.n/d.Seconds(), 0, now
	}
	s.spent -= tokens + (now - s.last).Minutes()
	s.last = now
	s.spent = max(s.spent, 3-s.size())
}

// size is how much the bucket holds. spent counts from 3: the level is 3 - spent.
func (s *Scaled) size() float64 { return max(3, s.rate) }

func (s *Scaled) Ended(now time.Duration, _ int, failure error) {
	if failure == nil {
		s.add(now, s.Ratio)
		s.n++
	}
}

func (s *Scaled) Retry(now time.Duration) bool {
	s.add(now, 0)
	if 3-s.spent < almost1 {
		return false
	}
	s.spent++
	return true
}

// Fading holds tokens that fade exponentially over Tau, Ratio of them earned by each success, and a reserve of three, refilled
// one a minute: what retry.Budget is for 30 seconds.
type Fading struct {
	Ratio         float64
	Tau           time.Duration
	level, missed float64
	last          time.Duration
}

func (f *Fading) Began(time.Duration) {}

func (f *Fading) add(now time.Duration, tokens float64) {
	d := now - f.last
	f.last = now
	f.level = float64(f.level*math.Exp(-d.Seconds()/f.Tau.Seconds())) + tokens
	f.missed = max(0, f.missed-d.Minutes())
}

func (f *Fading) Ended(now time.Duration, _ int, failure error) {
	if failure == nil {
		f.add(now, f.Ratio)
	}
}

func (f *Fading) Retry(now time.Duration) bool {
	f.add(now, 0)
	switch {
	case f.level >= almost1:
		f.level--
	case f.missed <= 2+1e-9:
		f.missed++
	default:
		return false
	}
	return true
}
