package retry

import (
	"cmp"
	"math"
	"math/rand/v2"
	"time"
)

// A Plan is what a [Policy] comes to for a call whose every attempt fails: the schedule, the worst
// case and the mean. What a server's hint adds isn't in it.
type Plan struct {
	// Delays are those before each attempt, the first one's included: all of them, or those until
	// nothing changes any more, or the first thousand.
	Delays []DelayRange

	Attempts int           // at most; Unlimited if there is no end
	MaxDelay time.Duration // no delay is longer
	MaxWait  time.Duration // all delays together, at worst; math.MaxInt64 if there is no end
	MeanWait time.Duration // and on average
	MaxTime  time.Duration // all delays and attempts together; 0 if nothing limits an attempt

	// Load is how many attempts are made for each call in the long run, at worst: as many as there
	// are in all, or one and the budget's ratio. It's +Inf if there is no end.
	Load float64

	policy Policy
}

// A DelayRange is what a delay can be before a Plan's attempt.
type DelayRange struct {
	Min, Mean, Max time.Duration
}

const (
	planned = 1000    // delays in a plan
	endless = 100_000 // delays after which a schedule that nothing is known of counts as one without end
)

// Plan returns what p comes to, or an error that is [ErrPolicy] if p makes no sense. The delays of a
// Seq, or of a backoff from elsewhere, are taken from one range over it; if there are more than a
// hundred thousand, that's without end. The mean of [Decorrelated] has no simple form, and is
// close to the true one.
func (p Policy) Plan() (Plan, error) {
	if err := p.check(); err != nil {
		return Plan{}, err
	}
	l := Plan{policy: p}
	switch b := concrete(p.Backoff).(type) {
	case Exponential:
		l.exponential(b)
	case Decorrelated:
		l.decorrelated(b)
	default:
		if err := l.exactly(b); err != nil {
			return Plan{}, err
		}
	}
	n := l.Attempts
	l.Load = float64(n)
	if n == Unlimited {
		l.Load = math.Inf(1)
		l.MaxWait, l.MeanWait = math.MaxInt64, math.MaxInt64
	}
	if p.Timeout > 0 {
		l.MaxTime = math.MaxInt64
		if n != Unlimited {
			l.MaxTime = after(l.MaxWait, times(p.Timeout, n))
		}
	}
	if p.Within > 0 {
		l.MaxDelay = min(l.MaxDelay, p.Within)
		l.MaxWait = min(l.MaxWait, p.Within)
		l.MeanWait = min(l.MeanWait, p.Within)
		l.MaxTime = min(cmp.Or(l.MaxTime, p.Within), p.Within)
	}
	if p.Budget != nil {
		l.Load = min(l.Load, 1+p.Budget.settings.Ratio)
	}
	return l, nil
}

// concrete is b without the pointer or the nil that may stand for it.
func concrete(b Backoff) Backoff {
	switch b := b.(type) {
	case nil:
		return Exponential{}
	case *Exponential:
		return *b
	case *Decorrelated:
		return *b
	}
	return b
}

// add adds n delays like d.
func (l *Plan) add(d DelayRange, n int) {
	if len(l.Delays) < planned {
		l.Delays = append(l.Delays, d)
	}
	l.Attempts += n
	l.MaxDelay = max(l.MaxDelay, d.Max)
	l.MaxWait = after(l.MaxWait, times(d.Max, n))
	l.MeanWait = after(l.MeanWait, times(d.Mean, n))
}

func (l *Plan) exponential(e Exponential) {
	jitter := e.Jitter
	e.Jitter = None
	most := cmp.Or(e.Max, defaultMax)
	var at position
	for {
		d, next, ok := e.step(at)
		if !ok {
			return
		}
		r := jitter.around(d)
		left := cmp.Or(e.Attempts, defaultAttempts) - at.given
		switch {
		case e.Attempts == Unlimited && (d == most || at.given == planned):
			l.add(r, 1)
			l.MaxDelay = max(l.MaxDelay, most)
			l.Attempts = Unlimited
			return
		case d == most && e.Grow == nil:
			l.tail(r, left)
			return
		case at.given == endless:
			l.tail(jitter.around(most), left)
			return
		}
		l.add(r, 1)
		at = next
	}
}

// tail adds the last n delays, which are all alike.
func (l *Plan) tail(d DelayRange, n int) {
	for n > 1 && len(l.Delays) < planned {
		l.add(d, 1)
		n--
	}
	l.add(d, n)
}

// around is what j makes of d.
func (j Jitter) around(d time.Duration) DelayRange {
	switch j {
	case Full:
		return DelayRange{0, d / 2, d}
	case Equal:
		return DelayRange{d - d/2, d - d/4, d}
	}
	return DelayRange{d, d, d}
}

func (l *Plan) decorrelated(d Decorrelated) {
	n := cmp.Or(d.Attempts, defaultAttempts)
	most := cmp.Or(d.Max, defaultMax)
	var ranges []DelayRange
	if !d.WaitFirst {
		ranges = append(ranges, DelayRange{})
	}
	for base := time.Duration(0); len(ranges) < planned && (n == Unlimited || len(ranges) < n); {
		if n == Unlimited && base == most {
			break
		}
		low, high := d.span(base)
		ranges = append(ranges, DelayRange{Min: low, Max: high})
		base = high
	}
	for i, mean := range d.means(len(ranges)) {
		ranges[i].Mean = mean
		l.add(ranges[i], 1)
	}
	if n == Unlimited {
		l.Attempts = Unlimited
	} else if left := n - len(ranges); left > 0 {
		l.add(ranges[len(ranges)-1], left)
	}
}

// means estimates the means of the first n delays: it draws each, and takes the mean of what
// the next is drawn from.
func (d Decorrelated) means(n int) []time.Duration {
	samples := max(200, 50_000/n)
	d.Rand = rand.New(rand.NewPCG(1, 1))
	sums := make([]float64, n)
	for range samples {
		var at position
		for i := range sums {
			if i > 0 || d.WaitFirst {
				low, high := d.span(at.base)
				sums[i] += (float64(low) + float64(high)) / 2
			}
			_, at, _ = d.step(at)
		}
	}
	means := make([]time.Duration, n)
	for i, sum := range sums {
		means[i] = time.Duration(min(sum/float64(samples), math.MaxInt64/2))
	}
	return means
}

// exactly plans the delays that are exactly as given.
func (l *Plan) exactly(b Backoff) error {
	_, finite := b.(stepper)
	for d := range b.Delays() {
		if d < 0 {
			return badField("Backoff", "Delays", d, "a delay can't be negative")
		}
		l.add(DelayRange{d, d, d}, 1)
		if !finite && l.Attempts == endless {
			l.Attempts = Unlimited
			break
		}
	}
	return nil
}

// times is d times n, or the end of time.
func times(d time.Duration, n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return saturate(d, time.Duration(n))
}
