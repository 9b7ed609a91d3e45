package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callagain/retry/retrynats"
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

func check(ctx context.Context, c config, shared bool) (*report, error) {
	lines, torn, err := read(c.Ledger)
	if err != nil {
		return nil, err
	}
	stored, err := records(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &report{lines: len(lines), torn: torn, states: map[string]int{}, leaders: map[string]int{}, pauses: map[int][]pause{}, violations: map[string][]string{}}
	died := map[int]int64{}
	calls := map[string][]line{}
	for _, x := range lines {
		switch x.Kind {
		case killed:
			r.kills++
			died[x.PID] = x.T
		case stopped:
			r.stops++
			r.pauses[x.PID] = append(r.pauses[x.PID], pause{x.T, math.MaxInt64, true})
		case resumed:
			for i, p := range r.pauses[x.PID] {
				if p.forced && p.to == math.MaxInt64 {
					r.pauses[x.PID][i].to = x.T
				}
			}
		case starved:
			r.pauses[x.PID] = append(r.pauses[x.PID], pause{x.Due, x.T, false})
		case server:
			r.servers++
			r.leaders[strings.Fields(x.Out)[0]]++
		case stepped:
			r.steps++
			if whose, _, _ := strings.Cut(x.Out, " "); whose == everybody || whose == workers {
				r.stepTimes = append(r.stepTimes, x.T)
			}
		case unplugged:
			r.losses++
		case refused:
			r.refused++
			continue
		case wrong:
			r.wrong("seen by a worker", x.Key, x.Out)
		}
		if x.Key != "" {
			calls[x.Key] = append(calls[x.Key], x)
		}
	}
	for key, xs := range calls {
		r.call(key, xs, stored[key], died, shared)
	}
	slices.Sort(r.late)
	return r, nil
}

// records returns what is stored of all calls, read by an engine that runs none.
func records(ctx context.Context, c config) (map[string]retrynats.Info, error) {
	e, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer e.Close(ctx)
	all := map[string]retrynats.Info{}
	for _, name := range []string{plain, dying, poison} {
		f, err := retrynats.Register[task, string](e, name, retryOnce, nil)
		if err != nil {
			return nil, err
		}
		for i, err := range f.Calls(ctx) {
			if err != nil {
				return nil, err
			}
			all[i.Key] = i
		}
	}
	return all, nil
}

// call checks the lines of one call.
func (r *report) call(key string, xs []line, i retrynats.Info, died map[int]int64, shared bool) {
	name, result := xs[0].Func, ""
	json.Unmarshal(i.Result, &result)
	var wasAccepted, changed bool
	var last, end, unsure *line // the latest attempt's begin, and its end
	var cancel int64
	failed := 0
	numbers := map[int]bool{}
	for n := range xs {
		x := &xs[n]
		switch x.Kind {
		case accepted:
			wasAccepted = true
		case asked:
			changed = true
			if x.Out == "again" {
				cancel = 0
			}
		case canceled:
			r.canceled++
			cancel = x.T
		case again:
			r.again++
		case told:
			r.told++
			if x.Out != result {
				r.wrong("result changed", key, x.Out, " was told and ", result, " is stored")
			}
		case ended:
			if last != nil && last.N == x.N {
				end = x
			}
			// One whose process died right after may not have been stored: then it is a crash.
			if t, ok := died[x.PID]; x.Out == "fail" && ok && t-x.T < int64(2*time.Second) {
				unsure = x
			} else if x.Out == "fail" {
				failed++
			}
		case begun:
			r.attempts++
			r.late = append(r.late, time.Duration(x.Wall-x.Due))
			if x.Wall < x.Due && !r.step(x.T, x.T) { // it may have been due before the step
				r.wrong("earlier than planned", key, "attempt ", x.N, " by ", time.Duration(x.Due-x.Wall))
			}
			if numbers[x.N] {
				r.wrong("executed twice", key, "attempt ", x.N)
			}
			numbers[x.N] = true
			if cancel != 0 && x.T-cancel > int64(2*time.Second) {
				r.wrong("attempt after cancel", key, "attempt ", x.N, " ", time.Duration(x.T-cancel), " later")
			}
			if last != nil {
				r.follows(key, name, last, end, x, failed, died, shared, changed || end != nil && end == unsure)
			}
			last, end = x, nil
		}
	}
	if !wasAccepted {
		return // it may be there or not
	}
	r.accepted++
	r.states[name+" "+string(i.State)]++
	switch {
	case i.State == "":
		r.wrong("accepted and gone", key)
	case i.State == retrynats.Waiting || i.State == retrynats.Running:
		r.wrong("neither done nor dead", key, i.State, " after ", i.Attempts, " attempts, due ", i.Next, " worker ", i.Worker)
	case i.State == retrynats.Dead && name == plain:
		r.wrong("innocent dead", key, i.Reason)
	}
}

// follows checks an attempt against the one before.
func (r *report) follows(key, name string, last, end, x *line, failed int, died map[int]int64, shared, changed bool) {
	if x.N < last.N {
		r.wrong("out of order", key, "attempt ", x.N, " after ", last.N)
	}
	if end != nil && end.Out == "fail" {
		if name == plain && !changed && failed < len(delays) && x.T-end.T < int64(delays[failed]) && !r.step(end.T, x.T) {
			r.wrong("earlier than planned", key, "attempt ", x.N, " ", time.Duration(x.T-end.T), " after a failure, not ", delays[failed])
		}
		return
	}
	switch t, ok := died[last.PID]; {
	case ok && t <= x.T:
		r.crashed++
	case shared && r.paused(last, x):
	default:
		r.wrong("executed again without a cause", key, "attempt ", x.N, " of process ", x.PID, " ", time.Duration(x.T-last.T), " after ", last.N, " of ", last.PID, ", which ended: ", end)
	}
}

// paused reports whether the process of an attempt didn't run for a lease until the next one began, and counts that.
func (r *report) paused(last, x *line) bool {
	for _, p := range r.pauses[last.PID] {
		if min(p.to, x.T)-max(p.from, last.T) < int64(lease) {
			continue
		}
		r.lostLease++
		if !p.forced {
			r.starved++
		}
		return true
	}
	return false
}

// step reports whether the clock has stepped, as far as the workers may know, between two times.
func (r *report) step(from, to int64) bool {
	for _, t := range r.stepTimes {
		if from-int64(time.Second) < t && t < to+int64(time.Second) {
			return true
		}
	}
	return false
}

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

func (r *report) err() error {
	n := 0
	for _, v := range r.violations {
		n += len(v)
	}
	if r.accepted < 20 || r.attempts < 20 {
		return fmt.Errorf("%d calls and %d attempts are too few to show anything", r.accepted, r.attempts)
	}
	if n > 0 {
		return fmt.Errorf("%d violations", n)
	}
	return nil
}
