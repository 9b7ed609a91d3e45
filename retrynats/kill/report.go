package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A report is what the ledger and the stored calls say of a run.
type report struct {
	lines, torn, accepted, attempts, kills, stops, servers int
	steps, losses, refused                                 int
	told, again, canceled, crashed, lostLease, starved     int
	leaders                                                map[string]int // that were killed, by what they led
	states                                                 map[string]int
	stepTimes                                              []int64         // of the workers' clocks
	pauses                                                 map[int][]pause // of processes
	late                                                   []time.Duration
	violations                                             map[string][]string
}

// A pause is when a process didn't run.
type pause struct {
	from, to int64
	forced   bool // by SIGSTOP
}

func (r *report) wrong(what, key string, a ...any) {
	r.violations[what] = append(r.violations[what], key+": "+fmt.Sprint(a...))
}

// The violations that are looked for, in the order of the report.
var looked = []string{"accepted and gone", "neither done nor dead", "earlier than planned", "executed twice", "out of order", "executed again without a cause",
	"result changed", "innocent dead", "attempt after cancel", "seen by a worker"}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%d kills of workers, %d stops, %d kills of servers; %d calls accepted, %d attempts\n", r.kills, r.stops, r.servers, r.accepted, r.attempts)
	fmt.Fprintf(w, "%d attempts again after a crash, %d after a lost lease (%d of them since the machine had too much to do); %d results told, %d canceled, %d made again; ledger of %d lines, %d torn\n", r.crashed, r.lostLease, r.starved, r.told, r.canceled, r.again, r.lines, r.torn)
	if r.servers+r.steps+r.losses+r.refused > 0 {
		fmt.Fprintf(w, "leaders killed by what they led: %v; %d steps of the clock, %d power losses; %d starts refused since the disk was full\n", r.leaders, r.steps, r.losses, r.refused)
	}
	names := make([]string, 0, len(r.states))
	for s := range r.states {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		fmt.Fprintf(w, "  %-24s %d\n", s, r.states[s])
	}
	if n := len(r.late); n > 0 {
		fmt.Fprintf(w, "lateness p50 %v, p99 %v, max %v\n", r.late[n/2].Round(time.Millisecond), r.late[n*99/100].Round(time.Millisecond), r.late[n-1].Round(time.Millisecond))
	}
	for _, what := range looked {
		v := r.violations[what]
		fmt.Fprintf(w, "%s: %d\n", what, len(v))
		for _, s := range v[:min(5, len(v))] {
			fmt.Fprintf(w, "    %s\n", s)
		}
	}
}

// fewest is how many calls and attempts a run must have to show anything.
const fewest = 20

func (r *report) err() error {
	n := 0
	for _, v := range r.violations {
		n += len(v)
	}
	if r.accepted < fewest || r.attempts < fewest {
		return fmt.Errorf("%d calls and %d attempts are too few to show anything", r.accepted, r.attempts)
	}
	if n > 0 {
		return fmt.Errorf("%d violations", n)
	}
	return nil
}
