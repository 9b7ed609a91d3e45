package main

import (
	"fmt"
	"math"
	"time"

	"github.com/callagain/retry/retrysim"
)

// words compares two results in a sentence or two.
func words(s Setup, a, b *retrysim.Result) string {
	return sentence("A", s, a) + " " + sentence("B", s, b)
}

func sentence(name string, s Setup, r *retrysim.Result) string {
	if s.Row {
		return fmt.Sprintf("%s makes %d calls succeed with %.1f attempts each; the slowest takes %s.", name, r.Succeeded, r.Load(), short(r.Longest))
	}
	to := r.LastFault
	if to == 0 {
		return fmt.Sprintf("%s %s; %s of the calls succeed, half of them within %s and 99 of 100 within %s.", name, loadWords(r.Load(), ""), percent(r.Success()), short(r.P50), short(r.P99))
	}
	peak, _ := r.Peak()
	text := fmt.Sprintf("%s %s, and ", name, loadWords(peak, "up to "))
	switch {
	case r.Recovered == retrysim.Never:
		text += fmt.Sprintf("doesn't recover in the %s after the fault: the load stays at %.2f times the calls", shortDuration(s.For-to), r.Between(to+(s.For-to)/2, s.For).Load())
	case r.Recovered == 0:
		text += fmt.Sprintf("has recovered as soon as the fault of %s is over", shortDuration(to-s.FaultAt))
	default:
		text += fmt.Sprintf("has recovered %s after the fault of %s", short(r.Recovered), shortDuration(to-s.FaultAt))
	}
	return text + fmt.Sprintf("; %s of all calls succeed.", percent(r.Success()))
}

// loadWords says what a load of x attempts for each call is. How much of it is said first.
func loadWords(x float64, much string) string {
	switch {
	case x < 1.005:
		return "adds nothing to the load"
	case x < 1.8:
		return fmt.Sprintf("adds %s%.2g %% to the load", much, 100*(x-1))
	case x < 2.2:
		return "doubles the load"
	case x > 2.8 && x < 3.2:
		return "triples the load"
	}
	return fmt.Sprintf("makes the load %s%.1f times as high", much, x)
}

func percent(x float64) string {
	if x >= 0.995 && x < 1 {
		return fmt.Sprintf("%.2f %%", math.Floor(1e4*x)/100) // not 100 %
	}
	return fmt.Sprintf("%.3g %%", 100*x)
}

// short rounds to two digits.
func short(d time.Duration) string {
	for u := time.Duration(1); ; u *= 10 {
		if d < 100*u {
			return shortDuration(d.Round(u))
		}
	}
}
