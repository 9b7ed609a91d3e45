package retry_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// A fleetRun is one cell of the table in docs/budget.md: clients that call at a steady rate a server
// that fails a part of its requests, each by itself.
type fleetRun struct {
	calls, attempts, successes int64
}

func (r fleetRun) load() float64    { return float64(r.attempts) / float64(r.calls) }
func (r fleetRun) success() float64 { return float64(r.successes) / float64(r.calls) }

// simulate makes calls of the default policy, in virtual time. What each attempt meets, and how long each
// delay is, depends on nothing but the number of its call.
func simulate(t *testing.T, perSecond int, failing float64, budget *retry.BudgetSettings) fleetRun {
	var run fleetRun
	synctest.Test(t, func(t *testing.T) {
		var b *retry.Budget
		if budget != nil {
			b = retry.NewBudget(*budget)
		}
		lasts := 10 * time.Minute
		if perSecond == 1000 {
			lasts = 10 * time.Second // ten minutes would take that long
		}
		run.calls = int64(lasts/time.Second) * int64(perSecond)
		var attempts, successes atomic.Int64
		for i := range run.calls {
			go func() {
				faults, delays := rand.New(rand.NewPCG(uint64(i), 1)), rand.New(rand.NewPCG(uint64(i), 2))
				err := retry.Do(t.Context(), retry.Policy{Backoff: retry.Exponential{Rand: delays}, Budget: b}, func(context.Context) error {
					attempts.Add(1)
					if faults.Float64() < failing {
						return errBusy
					}
					return nil
				})
				if err == nil {
					successes.Add(1)
				}
			}()
			time.Sleep(time.Second / time.Duration(perSecond))
		}
		time.Sleep(time.Minute)
		run.attempts, run.successes = attempts.Load(), successes.Load()
	})
	return run
}

var update = flag.Bool("update", false, "write the table into docs/budget.md")

// TestBudgetKeepsLoadDown is what a budget is for, and the source of the table in docs/budget.md, which must
// agree with it:
//
//	go test -run TestBudgetKeepsLoadDown . -update
func TestBudgetKeepsLoadDown(t *testing.T) {
	ways := []struct {
		name   string
		budget *retry.BudgetSettings
	}{
		{"no budget", nil},
		{"10 a second for each client", &retry.BudgetSettings{Cap: 10, Every: time.Second / 10}},
		{"the default budget", &retry.BudgetSettings{}},
	}
	var table strings.Builder
	table.WriteString("| calls/s | failing |")
	for _, way := range ways {
		fmt.Fprintf(&table, " %s |", way.name)
	}
	table.WriteString("\n| ---: | ---: |" + strings.Repeat(" :---: |", len(ways)) + "\n")
	got := make(map[string]fleetRun)
	for _, perSecond := range []int{1, 10, 1000} {
		for _, percent := range []int{1, 10, 30, 50, 100} {
			fmt.Fprintf(&table, "| %d | %d %% |", perSecond, percent)
			for _, way := range ways {
				run := simulate(t, perSecond, float64(percent)/100, way.budget)
				got[fmt.Sprintf("%s, %d/s, %d%%", way.name, perSecond, percent)] = run
				fmt.Fprintf(&table, " %.2f×, %.1f %% |", run.load(), 100*run.success())
			}
			table.WriteByte('\n')
		}
	}

	for _, tt := range []struct {
		run       string
		low, high float64 // load
		success   float64 // at least
	}{
		// Without a budget an outage is ten times the load.
		{"no budget, 1000/s, 100%", 10, 10, 0},
		{"no budget, 1/s, 100%", 10, 10, 0},
		// A floor is a limit to a busy client only.
		{"10 a second for each client, 1000/s, 100%", 1, 1.02, 0},
		{"10 a second for each client, 10/s, 100%", 1.9, 2.1, 0},
		{"10 a second for each client, 1/s, 100%", 10, 10, 0},
		// The budget is one to all of them.
		{"the default budget, 1000/s, 100%", 1, 1.005, 0},
		{"the default budget, 10/s, 100%", 1, 1.01, 0},
		{"the default budget, 1/s, 100%", 1.05, 1.08, 0},
		// And costs nothing while failures are few.
		{"the default budget, 1000/s, 1%", 1, 1.02, 0.9999},
		{"the default budget, 1/s, 1%", 1, 1.03, 0.9999},
		{"the default budget, 10/s, 1%", 1, 1.02, 0.9999},
	} {
		run, ok := got[tt.run]
		if !ok {
			t.Fatalf("there is no run %q", tt.run)
		}
		if load := run.load(); load < tt.low-1e-9 || load > tt.high+1e-9 || run.success() < tt.success {
			t.Errorf("%s: load %.3f and success %.4f; want a load of %v to %v and success of at least %v", tt.run, load, run.success(), tt.low, tt.high, tt.success)
		}
	}
	// The bound that Policy.Plan gives, with what the bucket held and what trickled into it.
	for name, run := range got {
		if !strings.HasPrefix(name, "the default") {
			continue
		}
		if most := float64(run.calls) + 0.1*float64(run.successes) + 20 + 11*60/30; float64(run.attempts) > most {
			t.Errorf("%s: %d attempts, more than the budget allows: %v", name, run.attempts, most)
		}
	}

	const file = "docs/budget.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	from, to := []byte("<!-- table -->\n"), []byte("<!-- end of table -->\n")
	head, rest, ok := bytes.Cut(doc, from)
	old, tail, ok2 := bytes.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	if *update {
		doc = bytes.Join([][]byte{head, from, []byte(table.String()), to, tail}, nil)
		if err := os.WriteFile(file, doc, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(old) != table.String() {
		t.Errorf("%s has\n%s\nwhich is now\n%s", file, old, table.String())
	}
}
