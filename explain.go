package retry

import (
	"fmt"
	"math"
	"strings"
)

// String describes the policy in one line: the schedule, the worst case and the average, and what an outage gets. That is
// its [Policy.Plan] in words, or what makes it invalid. It says nothing of RetryIf and Decide.
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

// String describes the plan in one line.
func (l Plan) String() string {
	if l.Attempts == 0 {
		return "no attempts"
	}
	parts := []string{l.attempts()}
	if l.Attempts != 1 {
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

// attempts says how many attempts there are, and when.
func (l Plan) attempts() string {
	var b strings.Builder
	switch l.Attempts {
	case Unlimited:
		b.WriteString("any number of attempts")
	case 1:
		b.WriteString("1 attempt")
	default:
		fmt.Fprintf(&b, "up to %d attempts", l.Attempts)
	}
	delays := l.Delays
	if len(delays) == 0 {
		return b.String()
	}
	if delays[0] == 0 {
		delays = delays[1:]
		b.WriteString(", the first at once")
		if len(delays) > 0 {
			b.WriteString(", then after ")
		}
	} else {
		b.WriteString(", the first after ")
	}
	if len(delays) == 0 {
		return b.String()
	}
	n := len(delays)
	same := 1 // how many of the last delays are the same
	for same < n && delays[n-1-same] == delays[n-1] {
		same++
	}
	if l.spread {
		b.WriteString("up to ")
	}
	more := l.Attempts == Unlimited || l.Attempts > len(l.Delays)
	repeats := same > 3 || more && l.level
	if same > 3 {
		delays = delays[:n-same+1]
	}
	const shown = 5
	for i, d := range delays {
		switch last := i == len(delays)-1; {
		case last && i >= shown:
			b.WriteString(" … " + brief(d))
		case i >= shown-1 && !last:
		case i > 0:
			b.WriteString(", " + brief(d))
		default:
			b.WriteString(brief(d))
		}
	}
	switch {
	case repeats:
		b.WriteString(" each time")
	case more:
		b.WriteString(" and so on")
	}
	return b.String()
}

func (l Plan) waits() string {
	if l.MaxWait == math.MaxInt64 {
		return "no limit to the waiting"
	}
	text := brief(l.MaxWait) + " of waiting at most"
	if l.MeanWait != l.MaxWait && l.MeanWait > 0 {
		text += ", " + brief(l.MeanWait) + " on average"
	}
	return text
}

func (l Plan) limits() string {
	whole := "has no limit"
	if l.MaxTime != math.MaxInt64 {
		whole = "up to " + brief(l.MaxTime)
	}
	if l.policy.Timeout > 0 {
		return fmt.Sprintf("an attempt may take up to %s, the whole call %s", brief(l.policy.Timeout), whole)
	}
	return "the whole call may take " + whole
}

func (l Plan) load() string {
	if b := l.policy.Budget; b != nil {
		return fmt.Sprintf("with the budget, an outage gets %s times the calls, besides %d retries at once and one every %s",
			number(l.Load), b.min(), brief(b.every()))
	}
	if math.IsInf(l.Load, 1) || l.Load == 0 && l.Attempts == Unlimited {
		return "without a budget, an outage gets attempts without end for each call"
	}
	load := l.Load
	if load == 0 {
		load = float64(l.Attempts)
	}
	return fmt.Sprintf("without a budget, an outage gets %s times the calls", number(load))
}

// number returns f with as many digits as it needs, up to three after the point.
func number(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", f), "0"), ".")
}
