package main

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry/retrynats"
)

// The checker finds each of the violations that it looks for, and no others.
func TestTheCheckerFindsWhatItLooksFor(t *testing.T) {
	const ms = int64(time.Millisecond)
	at := func(t int64, kind string, n int, out string) line {
		return line{T: t * ms, Wall: t * ms, Kind: kind, PID: 1, Func: plain, Key: "k", N: n, Due: t * ms, Out: out}
	}
	ok := []line{at(0, accepted, 0, ""), at(1, begun, 1, ""), at(2, ended, 1, "fail"), at(1000, begun, 2, ""), at(1001, ended, 2, "r"), at(1002, told, 0, "r")}
	with := func(edit func(ls []line) []line) []line { return edit(slices.Clone(ok)) }
	early := at(1000, begun, 2, "")
	early.Due += ms
	overlap := with(func(ls []line) []line { ls[3].T += int64(lease); return slices.Delete(ls, 2, 3) })
	stored := retrynats.Info{State: retrynats.Done, Result: json.RawMessage(`"r"`)}
	for what, c := range map[string]struct {
		lines  []line
		stored retrynats.Info
		died   map[int]int64
		steps  []int64
		want   string
		pauses []pause
	}{
		"nothing":                 {ok, stored, nil, nil, "", nil},
		"gone":                    {ok[:1], retrynats.Info{}, nil, nil, "accepted and gone", nil},
		"waits":                   {ok[:3], retrynats.Info{State: retrynats.Waiting}, nil, nil, "neither done nor dead", nil},
		"innocent":                {ok[:3], retrynats.Info{State: retrynats.Dead}, nil, nil, "innocent dead", nil},
		"before due":              {with(func(ls []line) []line { ls[3] = early; return ls }), stored, nil, nil, "earlier than planned", nil},
		"before the delay":        {with(func(ls []line) []line { ls[3] = at(40, begun, 2, ""); return ls }), stored, nil, nil, "earlier than planned", nil},
		"the clock stepped":       {with(func(ls []line) []line { ls[3] = at(40, begun, 2, ""); return ls }), stored, nil, []int64{20 * ms}, "", nil},
		"one number twice":        {with(func(ls []line) []line { ls[3] = at(1000, begun, 1, ""); return ls }), stored, nil, nil, "executed twice", nil},
		"a lower number":          {with(func(ls []line) []line { ls[1].N, ls[2].N = 3, 3; return ls }), stored, nil, nil, "out of order", nil},
		"after a success":         {append(slices.Clone(ok), at(1100, begun, 3, "")), stored, nil, nil, "executed again without a cause", nil},
		"after a crash":           {with(func(ls []line) []line { return slices.Delete(ls, 2, 3) }), stored, map[int]int64{1: 500 * ms}, nil, "", nil},
		"after no crash":          {with(func(ls []line) []line { return slices.Delete(ls, 2, 3) }), stored, nil, nil, "executed again without a cause", nil},
		"before the crash":        {with(func(ls []line) []line { return slices.Delete(ls, 2, 3) }), stored, map[int]int64{1: 2000 * ms}, nil, "executed again without a cause", nil},
		"after a long pause":      {overlap, stored, nil, nil, "", []pause{{10 * ms, 1000*ms + int64(lease), true}}},
		"after a short pause":     {overlap, stored, nil, nil, "executed again without a cause", []pause{{1500 * ms, 1000*ms + int64(lease), true}}},
		"after another's pause":   {overlap, stored, nil, nil, "executed again without a cause", nil},
		"after it left":           {with(func(ls []line) []line { ls[2].Out = "left"; return ls }), stored, nil, nil, "executed again without a cause", nil},
		"after a begun cancel":    {append(slices.Clone(ok[:2]), at(3, asked, 0, "cancel"), at(5000, begun, 2, "")), stored, nil, nil, "executed again without a cause", nil},
		"another result":          {with(func(ls []line) []line { ls[5].Out = "other"; return ls }), stored, nil, nil, "result changed", nil},
		"a pause later":           {append(slices.Clone(ok[:3]), at(3, canceled, 0, ""), at(5000, begun, 2, "")), stored, nil, nil, "", []pause{{1 * ms, 4500 * ms, true}}},
		"long after it was ended": {append(slices.Clone(ok[:3]), at(3, canceled, 0, ""), at(5000, begun, 2, "")), stored, nil, nil, "attempt after cancel", nil},
	} {
		r := &report{states: map[string]int{}, violations: map[string][]string{}, stepTimes: c.steps, pauses: map[int][]pause{1: c.pauses, 2: {{0, math.MaxInt64, true}}}}
		r.call("k", c.lines, c.stored, c.died, true)
		found := strings.Join(slices.Sorted(maps.Keys(r.violations)), ", ")
		if !strings.Contains(found, c.want) || c.want == "" && found != "" {
			t.Errorf("%s: found %q, not %q", what, found, c.want)
		}
	}
}

func TestARunThatShowsNothingIsNoSuccess(t *testing.T) {
	if (&report{}).err() == nil {
		t.Error("a run without calls passed")
	}
	r := &report{accepted: 100, attempts: 100, violations: map[string][]string{}}
	if err := r.err(); err != nil {
		t.Error(err)
	}
	r.wrong("executed twice", "k", "x")
	if r.err() == nil {
		t.Error("a violation passed")
	}
}
