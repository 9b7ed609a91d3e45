package retrysim_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	errors []string
	dir    string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) ArtifactDir() string { return r.dir }

func outage() retrysim.Scenario {
	return retrysim.Scenario{
		Policy:   retry.Policy{Timeout: time.Second},
		Clients:  100,
		Arrivals: retrysim.Poisson(1),
		Server:   retrysim.Server{Workers: 2, Service: retrysim.Fixed(15 * time.Millisecond)},
		Faults:   []retrysim.Fault{{From: 10 * time.Second, To: 20 * time.Second, Hang: 1}},
		For:      40 * time.Second,
	}
}

func TestCheckPasses(t *testing.T) {
	s := outage()
	s.Policy.Budget = &retry.Budget{}
	r := &recorder{TB: t, dir: t.TempDir()}
	result := retrysim.Check(r, s, retrysim.Bounds{Load: 1.2, Peak: 2.5, Recovers: 5 * time.Second, Success: 0.6, P99: 3 * time.Second})
	if len(r.errors) > 0 || result == nil {
		t.Error(result, r.errors)
	}
	if files, _ := os.ReadDir(r.dir); len(files) > 0 {
		t.Error("left a file without need")
	}
}

func TestCheckFailsWithTheSentenceAndLeavesTheSteps(t *testing.T) {
	r := &recorder{TB: t, dir: t.TempDir()}
	result := retrysim.Check(r, outage(), retrysim.Bounds{Load: 1.2, Peak: 1.5, Recovers: 2 * time.Second, Success: 0.99, P99: 10 * time.Millisecond})
	if len(r.errors) != 1 {
		t.Fatal(r.errors)
	}
	path := filepath.Join(r.dir, "retrysim.csv")
	for _, want := range []string{
		fmt.Sprintf("%.2f attempts for each call; at most 1.20 are allowed", result.Load()),
		"attempts for each call in the five seconds from ",
		"after the last fault; 2s are allowed",
		fmt.Sprintf("%.2f %% of the calls succeeded; 99.00 %% must", 100*result.Success()),
		"99 of 100 successful calls took up to ",
		result.String(),
		path,
	} {
		if !strings.Contains(r.errors[0], want) {
			t.Errorf("%q is missing in %q", want, r.errors[0])
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(data), "\n"); lines != 1+40 {
		t.Errorf("%d lines; want a line of names and one for each of 40 seconds", lines)
	}
}

func TestCheckFailsForAScenarioThatCantBeSimulated(t *testing.T) {
	r := &recorder{TB: t}
	if retrysim.Check(r, retrysim.Scenario{}, retrysim.Bounds{}) != nil || len(r.errors) != 1 || !strings.Contains(r.errors[0], "Clients is 0") {
		t.Error(r.errors)
	}
}

// Bounds that hold for every result, or for none, are an error before anything is simulated.
func TestBoundsThatMakeNoSense(t *testing.T) {
	for want, b := range map[string]retrysim.Bounds{
		"Bounds.Load is NaN":     {Load: math.NaN()},
		"Bounds.Load is -1":      {Load: -1},
		"Bounds.Peak is +Inf":    {Peak: math.Inf(1)},
		"Bounds.Success is 99":   {Success: 99},
		"Bounds.Success is NaN":  {Success: math.NaN()},
		"Bounds.Recovers is -10": {Recovers: -10 * time.Second},
		"Bounds.P99 is -1":       {P99: -time.Second},
	} {
		r := &recorder{TB: t, dir: t.TempDir()}
		if result := retrysim.Check(r, outage(), b); result != nil || len(r.errors) != 1 || !strings.Contains(r.errors[0], want) {
			t.Errorf("got %q; want %q", r.errors, want)
		}
	}
}
