package retry

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// String says in one line what the policy comes to: the schedule, the worst case, the mean, and how
// much load it may make of an outage. That is its [Policy.Plan] in words, or what makes it unusable.
// It says nothing of the Test.
func (p Policy) String() string {
	text := "retry: "
	if p.Name != "" {
		text = fmt.Sprintf("retry %q: ", p.Name)
	}
	l, err := p.Plan()
	if err != nil {
		return text + err.Error()
	}
	return text + l.String()
}

// String says the plan in words, in one line.
func (l Plan) String() string {
	if l.Attempts == 0 {
		return "no attempts"
	}
	parts := []string{l.schedule()}
	if l.MaxDelay > 0 {
		parts = append(parts, l.waits())
	}
	if p := l.policy; p.Timeout > 0 || p.Within > 0 {
		parts = append(parts, l.limits())
	}
	if l.Attempts != 1 {
		parts = append(parts, l.load())
	}
	return strings.Join(parts, "; ")
}

// schedule says how many attempts there are, and when.
func (l Plan) schedule() string {
	var b strings.Builder
	switch l.Attempts {
	case Unlimited:
		b.WriteString("attempts without end")
	case 1:
		b.WriteString("1 attempt")
	default:
		fmt.Fprintf(&b, "up to %d attempts", l.Attempts)
	}
	delays := l.Delays
	if delays[0].Max == 0 {
		delays = delays[1:]
		b.WriteString(", the first at once")
		if len(delays) > 0 {
			b.WriteString(", then")
		}
	} else {
		b.WriteString(", the first")
	}
	if len(delays) == 0 {
		return b.String()
	}
	again := l.Attempts == Unlimited || l.Attempts > len(l.Delays)
	if run := alike(delays); run > 3 {
		delays = delays[:len(delays)-run+1]
		again = true
	}
	exact, fromZero := true, true
	for _, d := range delays {
		exact = exact && d.Min == d.Max
		fromZero = fromZero && d.Min == 0
	}
	b.WriteString(" after ")
	if fromZero && !exact {
		b.WriteString("up to ")
	}
	const shown = 5
	for i, d := range delays {
		last := i == len(delays)-1
		if i >= shown-1 && !last {
			if i == shown-1 {
				b.WriteString(", …")
			}
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if !exact && !fromZero {
			b.WriteString(brief(d.Min) + " to ")
		}
		b.WriteString(brief(d.Max))
	}
	if again {
		b.WriteString(" again and again")
	}
	return b.String()
}

// alike is how many of the last delays are the same.
func alike(delays []DelayRange) int {
	n := len(delays)
	for i := n - 1; i >= 0; i-- {
		if delays[i] != delays[n-1] {
			return n - 1 - i
		}
	}
	return n
}

func (l Plan) waits() string {
	switch {
	case l.MaxDelay == math.MaxInt64:
		return "no limit to the waiting"
	case l.MaxWait == math.MaxInt64:
		return fmt.Sprintf("no limit to the waiting, no delay longer than %s", brief(l.MaxDelay))
	}
	text := fmt.Sprintf("%s of waiting at worst", brief(l.MaxWait))
	if l.MeanWait != l.MaxWait {
		text += fmt.Sprintf(", %s on average", brief(l.MeanWait))
	}
	return text + fmt.Sprintf(", no delay longer than %s", brief(l.MaxDelay))
}

func (l Plan) limits() string {
	whole := "without end"
	if l.MaxTime != math.MaxInt64 {
		whole = "up to " + brief(l.MaxTime)
	}
	if l.policy.Timeout > 0 {
		return fmt.Sprintf("an attempt may take up to %s, the whole call %s", brief(l.policy.Timeout), whole)
	}
	return "the whole call may take " + whole
}

func (l Plan) load() string {
	b := l.policy.Budget
	switch {
	case b != nil:
		s := b.settings
		text := fmt.Sprintf("a budget allows %s attempts for each call in the long run, beside %d retries at once", number(l.Load), s.Cap)
		if !b.never {
			text += fmt.Sprintf(" and one every %s", brief(s.Every))
		}
		return text
	case math.IsInf(l.Load, 1):
		return "no budget: in an outage attempts without end for each call"
	}
	return fmt.Sprintf("no budget: in an outage %s attempts for each call", number(l.Load))
}

// number is f with as many digits as it needs, up to three behind the point.
func number(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", f), "0"), ".")
}

// brief is d to about three digits, without units that are 0: 2m, not 2m0s.
func brief(d time.Duration) string {
	s := round(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
