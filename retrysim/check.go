package retrysim

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Bounds are what [Check] demands of a [Result]. A zero field isn't checked.
type Bounds struct {
	// Load is the most attempts for each call, over the whole simulation.
	Load float64

	// Peak is the most attempts for each call in any five seconds in a row.
	Peak float64

	// Recovers is the longest time to recover after the last fault or spike.
	Recovers time.Duration

	// Success is the smallest part, from 0 to 1, of the calls that have ended that must have succeeded.
	Success float64

	// P99 is the longest time that 99 of 100 successful calls may take.
	P99 time.Duration
}

// Check makes t fail if what comes of s isn't within the bounds. The text says by how much, and where the steps are for a
// closer look: a CSV file in the test's artifact directory, which is kept with the flag -artifacts of go test. The result
// is returned in any case, or nil if s can't be simulated or b makes no sense.
func Check(t testing.TB, s Scenario, b Bounds) *Result {
	t.Helper()
	if err := b.check(); err != nil {
		t.Errorf("%v", err)
		return nil
	}
	r, err := Run(t.Context(), s)
	if err != nil {
		t.Errorf("%v", err)
		return nil
	}
	if complaints := b.complaints(r); len(complaints) > 0 {
		where := ""
		path := filepath.Join(t.ArtifactDir(), "retrysim.csv")
		if err := r.save(path); err != nil {
			where = err.Error()
		} else {
			where = "steps: " + path
		}
		t.Errorf("retrysim: %s\n%v\n%s", strings.Join(complaints, "; "), r, where)
	}
	return r
}

// check refuses what would hold for every result, or for none.
func (b Bounds) check() error {
	for _, f := range []struct {
		name        string
		value, most float64
	}{
		{"Load", b.Load, math.MaxFloat64}, {"Peak", b.Peak, math.MaxFloat64}, {"Success", b.Success, 1},
		{"Recovers", b.Recovers.Seconds(), math.MaxFloat64}, {"P99", b.P99.Seconds(), math.MaxFloat64},
	} {
		if !(f.value >= 0 && f.value <= f.most) {
			return fmt.Errorf("retrysim: Bounds.%s is %v; it must not be negative, NaN or without end, and Success is a part from 0 to 1", f.name, f.value)
		}
	}
	return nil
}

func (b Bounds) complaints(r *Result) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if load := r.Load(); b.Load > 0 && load > b.Load {
		say("%.2f attempts for each call; at most %.2f are allowed", load, b.Load)
	}
	if peak, at := r.Peak(); b.Peak > 0 && peak > b.Peak {
		say("%.2f attempts for each call in the five seconds from %v; at most %.2f are allowed", peak, at, b.Peak)
	}
	switch {
	case b.Recovers <= 0 || r.Recovered <= b.Recovers:
	case r.Recovered == Never:
		say("the calls didn't recover in the %v after the last fault; %v are allowed", r.End-r.LastFault, b.Recovers)
	default:
		say("the calls recovered %v after the last fault; %v are allowed", r.Recovered, b.Recovers)
	}
	if success := r.Success(); b.Success > 0 && success < b.Success {
		say("%.2f %% of the calls succeeded; %.2f %% must", 100*success, 100*b.Success)
	}
	if b.P99 > 0 && r.P99 > b.P99 {
		say("99 of 100 successful calls took up to %v; %v are allowed", r.P99, b.P99)
	}
	return all
}

func (r *Result) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.WriteCSV(f); err != nil {
		return err
	}
	return f.Close()
}
