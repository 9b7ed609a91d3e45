package retrydebug

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words says whether retrying helps.
func words(p *policy) string {
	if p.Calls == 0 {
		return "No call has ended yet."
	}
	again := p.Attempts.All - p.made[0]
	if again == 0 {
		return "Nothing was retried."
	}
	s := fmt.Sprintf("Retrying saved %s of calls with %s.", percent(p.Saved, p.Calls), count(again, "retry", "retries"))
	var late, saved int64
	for n := 3; n < numbers; n++ {
		late += p.made[n]
		saved += p.By[n]
	}
	if late > 0 {
		s += fmt.Sprintf(" Attempt 4 and later saved %s of calls, and were %s of the attempts.", percent(saved, p.Calls), percent(late, p.Attempts.All))
	}
	return s
}

// headline says what is wrong with all policies, and with the budgets that are asked for.
func headline(policies []policy, s *snapshot) string {
	var bad []policy
	var gaveUp int64
	for _, p := range policies {
		if gaveUp += p.Recent; p.Recent > 0 {
			bad = append(bad, p)
		}
	}
	slices.SortStableFunc(bad, func(a, b policy) int { return cmp.Compare(b.Recent, a.Recent) })
	var parts []string
	if gaveUp > 0 {
		var worst []string
		for _, p := range bad[:min(len(bad), 3)] {
			worst = append(worst, fmt.Sprintf("%s %d", cmp.Or(p.Name, "(no name)"), p.Recent))
		}
		if len(bad) > 3 {
			worst = append(worst, count(int64(len(bad)-3), "more policy", "more policies"))
		}
		parts = append(parts, fmt.Sprintf("%s gave up in the last ten minutes: %s.", count(gaveUp, "call", "calls"), strings.Join(worst, ", ")))
	} else {
		parts = append(parts, "No call gave up in the last ten minutes.")
	}
	if s.shut > 0 {
		parts = append(parts, count(int64(s.shut), "budget is", "budgets are")+" shut.")
	}
	if s.empty > 0 {
		parts = append(parts, count(int64(s.empty), "budget is", "budgets are")+" empty.")
	}
	return strings.Join(parts, " ")
}

// load says what the calls do. It is apart from the headline, which a screen reader says whenever it changes.
func load(policies []policy) string {
	var running, waiting int64
	for _, p := range policies {
		running += p.InTry
		waiting += int64(p.Wait)
	}
	return fmt.Sprintf("%s in an attempt, %d waiting.", count(running, "call", "calls"), waiting)
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// percent is n of all, as exact as it matters: neither 0 nor 100 unless it is.
func percent(n, all int64) string {
	if all == 0 {
		return "–"
	}
	p := 100 * float64(n) / float64(all)
	switch {
	case n == 0:
		return "0 %"
	case n >= all:
		return "100 %"
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	case p < 10 || p > 99:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

// brief is a number of seconds as a duration that can be read.
func brief(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Minute:
		return strings.TrimSuffix(d.Round(time.Second).String(), "m0s") + map[bool]string{true: "m"}[d.Round(time.Second)%time.Minute == 0]
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
