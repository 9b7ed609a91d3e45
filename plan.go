package retry

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// A Plan is what a [Policy] comes to for a call whose attempts all fail. Delays that a server asks for, or Decide changes, aren't
// included.
type Plan struct {
	Attempts int             // the maximum; Unlimited if there is none
	Delays   []time.Duration // the longest delay before each attempt, the first included; until nothing changes, or a thousand
	MaxWait  time.Duration   // the sum of the longest delays; math.MaxInt64 if there is no limit
	MeanWait time.Duration   // the same on average; an estimate for DecorrelatedJitter
	MaxTime  time.Duration   // of the whole call; 0 if nothing limits an attempt, math.MaxInt64 if there is no limit
	Load     float64         // attempts for each call in a long outage: Attempts, or less with a Budget; +Inf without limit

	policy Policy
	spread bool // the delays are at most these
	level  bool // the last delays are all the same
}

const (
	planned = 1000    // delays in a plan
	endless = 100_000 // delays after which a schedule that nothing is known of counts as one without end
)

// Plan returns what p comes to, or an error that is [ErrInvalid]. A Backoff of another package is ranged over once; more than a
// hundred thousand delays count as no end.
func (p Policy) Plan() (Plan, error) {
	if err := p.check(); err != nil {
		return Plan{}, err
	}
	l := Plan{policy: p}
	if err := l.schedule(); err != nil {
		return Plan{}, err
	}
	if l.Load = float64(l.Attempts); l.Attempts == Unlimited {
		l.Load, l.MaxWait, l.MeanWait = math.Inf(1), forever, forever
	}
	if p.Timeout > 0 {
		l.MaxTime = forever
		if l.Attempts != Unlimited {
			l.MaxTime = after(l.MaxWait, times(p.Timeout, l.Attempts))
		}
	}
	if p.Within > 0 {
		l.MaxWait, l.MeanWait = min(l.MaxWait, p.Within), min(l.MeanWait, p.Within)
		l.MaxTime = min(cmp.Or(l.MaxTime, p.Within), p.Within)
	}
	if p.Budget != nil {
		l.Load = min(l.Load, 1+p.Budget.ratio())
	}
	return l, nil
}

// schedule plans the delays and their number.
func (l *Plan) schedule() error {
	limit := l.policy.limit()
	switch b := concrete(l.policy.Backoff).(type) {
	case Exponential:
		l.exponential(b, limit)
	case Constant:
		l.add(0, 0, 1)
		l.rest(time.Duration(b), time.Duration(b), limit)
	default:
		for d := range b.Delays() {
			if d < 0 {
				return fmt.Errorf("%w: Backoff gives a delay of %v", ErrInvalid, d)
			}
			if l.Attempts == limit {
				break
			}
			if l.Attempts == endless {
				l.Attempts = Unlimited
				break
			}
			l.add(d, d, 1)
		}
	}
	return nil
}

// add plans n attempts with equal delays.
func (l *Plan) add(longest, mean time.Duration, n int) {
	for range min(n, planned-len(l.Delays)) {
		l.Delays = append(l.Delays, longest)
	}
	l.Attempts += n
	l.MaxWait = after(l.MaxWait, times(longest, n))
	l.MeanWait = after(l.MeanWait, times(mean, n))
}

// rest plans equal delays until the limit of attempts, or without end.
func (l *Plan) rest(longest, mean time.Duration, limit int) {
	l.level = true
	switch {
	case limit == Unlimited:
		l.add(max(longest, least), mean, 1)
		l.Attempts = Unlimited
	case limit > l.Attempts:
		l.add(longest, mean, limit-l.Attempts)
	}
}

func (l *Plan) exponential(e Exponential, limit int) {
	if e.Jitter == DecorrelatedJitter {
		l.decorrelated(e, limit)
		return
	}
	exact := e
	exact.Jitter = NoJitter
	l.spread = e.Jitter != NoJitter
	most := cmp.Or(e.Max, defaultMax)
	at, floor := place{}, floorOf(limit)
	for l.Attempts != limit {
		d, next, _ := exact.step(at, floor)
		switch {
		case at.delays == 0 && !e.WaitFirst:
		case d == most && e.Grow == nil, l.Attempts == endless:
			l.rest(d, e.Jitter.mean(d), limit)
			return
		case l.Attempts == planned && limit == Unlimited:
			l.Attempts = Unlimited
			return
		}
		l.add(d, e.Jitter.mean(d), 1)
		at = next
	}
}

// decorrelated plans delays whose longest is three times the longest before, and estimates their means by following some calls.
func (l *Plan) decorrelated(e Exponential, limit int) {
	l.spread = true
	const calls = 500
	var drawn [calls]place
	for i := range drawn {
		drawn[i] = place{seed: uint64(i)<<1 | 1}
	}
	longest, floor := place{}, floorOf(limit)
	for l.Attempts != limit {
		first := longest.delays == 0 && !e.WaitFirst
		_, high := e.span(longest, floor)
		mean := time.Duration(0)
		for i := range drawn {
			if low, high := e.span(drawn[i], floor); !first {
				mean += (low + (high-low)/2) / calls
			}
			_, drawn[i], _ = e.step(drawn[i], floor)
		}
		if first {
			high = 0
		} else if high == longest.last && l.Attempts >= 50 {
			l.rest(high, mean, limit)
			return
		}
		l.add(high, mean, 1)
		longest.last, longest.delays = high, longest.delays+1
	}
}
