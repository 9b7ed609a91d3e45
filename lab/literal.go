package main

import (
	"fmt"
	"go/format"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// literal returns the policy as it is written in Go, with the hedging beside it.
func (s Side) literal() string {
	var lines []string
	if s.Attempts != 4 {
		n := fmt.Sprint(s.Attempts)
		if s.Attempts == retry.Unlimited {
			n = "retry.Unlimited"
		}
		lines = append(lines, "Attempts: "+n)
	}
	var fields []string
	if s.Initial != 100*time.Millisecond {
		fields = append(fields, "Initial: "+goDuration(s.Initial))
	}
	if s.Max != 2*time.Minute {
		fields = append(fields, "Max: "+goDuration(s.Max))
	}
	if s.Jitter != "full" {
		fields = append(fields, "Jitter: retry."+jitterNames[s.Jitter])
	}
	switch {
	case s.Kind == "constant":
		lines = append(lines, "Backoff: retry.Constant("+goDuration(s.Initial)+")")
	case len(fields) > 0:
		lines = append(lines, "Backoff: retry.Exponential{"+strings.Join(fields, ", ")+"}")
	}
	if s.Timeout > 0 {
		lines = append(lines, "Timeout: "+goDuration(s.Timeout))
	}
	if s.Within > 0 {
		lines = append(lines, "Within: "+goDuration(s.Within))
	}
	text := ""
	if s.Budget {
		text = "budget := " + s.budgetLiteral() + " // one for all calls to the same service\n"
		lines = append(lines, "Budget: budget")
	}
	text += "policy := retry.Policy{"
	for _, l := range lines {
		text += "\n\t" + l + ","
	}
	if len(lines) > 0 {
		text += "\n"
	}
	text += "}\n"
	if s.hedges() {
		text += "hedge := " + s.hedgeLiteral() + "\n"
	}
	formatted, err := format.Source([]byte(text))
	if err != nil {
		panic(err) // a mistake above
	}
	return string(formatted)
}

var jitterNames = map[string]string{"equal": "EqualJitter", "decorrelated": "DecorrelatedJitter", "none": "NoJitter"}

func (s Side) budgetLiteral() string {
	var fields []string
	if s.Ratio != 0.1 {
		fields = append(fields, fmt.Sprintf("Ratio: %v", s.Ratio))
	}
	if s.Min != 3 {
		fields = append(fields, fmt.Sprintf("Min: %d", s.Min))
	}
	if s.Every != time.Minute {
		fields = append(fields, "Every: "+goDuration(s.Every))
	}
	return "&retry.Budget{" + strings.Join(fields, ", ") + "}"
}

func (s Side) hedgeLiteral() string {
	var fields []string
	if s.Hedge > 0 {
		fields = append(fields, "Delay: "+goDuration(s.Hedge))
	}
	if s.HedgeQuantile > 0 {
		fields = append(fields, fmt.Sprintf("Quantile: %v", s.HedgeQuantile))
	}
	if s.OnFailure {
		fields = append(fields, "OnFailure: true")
	}
	if s.HedgeFree {
		fields = append(fields, "Unlimited: true")
	}
	return "retry.HedgeSettings{" + strings.Join(fields, ", ") + "}"
}

// goDuration returns d as it is written in Go.
func goDuration(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}, {time.Microsecond, "time.Microsecond"}} {
		switch {
		case d == u.d:
			return u.name
		case d != 0 && d%u.d == 0:
			return fmt.Sprintf("%d * %s", d/u.d, u.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", int64(d))
}
