package main

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callagain/retry/retrynats"
)

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
			if cancel != 0 && r.awake(x.PID, cancel, x.T) > 2*time.Second {
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

// awake returns for how long a process ran between two times: one that was stopped with an attempt that it had just claimed begins it later.
func (r *report) awake(pid int, from, to int64) time.Duration {
	awake := to - from
	for _, p := range r.pauses[pid] {
		awake -= max(0, min(p.to, to)-max(p.from, from))
	}
	return time.Duration(awake)
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
