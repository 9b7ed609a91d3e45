package retrysim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// everything is a scenario with all that draws random numbers.
func everything() retrysim.Scenario {
	return retrysim.Scenario{
		Policy: retry.Policy{Timeout: 300 * time.Millisecond, Within: 5 * time.Second, Budget: &retry.Budget{},
			Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter}, Attempts: 6},
		Outer:        []retry.Policy{{Attempts: 2, Backoff: retry.Exponential{Jitter: retry.EqualJitter}}},
		OuterUnaware: true,
		Clients:      50,
		Arrivals:     retrysim.Poisson(4).Spike(20*time.Second, 22*time.Second, 3.7),
		Network:      retrysim.LogNormal(5*time.Millisecond, 50*time.Millisecond),
		Server:       retrysim.Server{Workers: 7, Service: retrysim.Normal(20*time.Millisecond, 7*time.Millisecond), Crowding: time.Millisecond, Queue: 100},
		Faults: []retrysim.Fault{
			{From: 5 * time.Second, To: 8 * time.Second, Fail: 0.3, Hang: 0.2},
			{From: 7 * time.Second, To: 12 * time.Second, Slow: 3.3, SlowPart: 0.4},
			{From: 14 * time.Second, To: 15 * time.Second, Lost: 0.5, Cut: true},
		},
		Hedge: &retry.HedgeSettings{Delay: 60 * time.Millisecond},
		For:   30 * time.Second,
		Drain: true,
		Seed:  42,
	}
}

func text(t *testing.T, s retrysim.Scenario) string {
	t.Helper()
	var b bytes.Buffer
	r := run(t, s)
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s%+v\n", &b, *r)
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	a, b := text(t, everything()), text(t, everything())
	if a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
	other := everything()
	other.Seed++
	if a == text(t, other) {
		t.Error("the seed makes no difference")
	}
}

func TestArrivalsDontDependOnThePolicy(t *testing.T) {
	a, b := outage(), outage()
	b.Policy = retry.Policy{Attempts: 1}
	x, y := run(t, a), run(t, b)
	for i := range x.Steps {
		if x.Steps[i].Calls != y.Steps[i].Calls {
			t.Fatalf("step %d has %d calls and %d", i, x.Steps[i].Calls, y.Steps[i].Calls)
		}
	}
	if x.Attempts == y.Attempts {
		t.Error("the policies make no difference")
	}
}

// Rule 10: nested retries don't multiply, unless the outer policy can't see that the inner call has been retried.
func TestNestedRetries(t *testing.T) {
	for _, test := range []struct {
		outer   int
		unaware bool
		want    int64
	}{{0, false, 3}, {1, false, 3}, {2, false, 3}, {1, true, 9}, {2, true, 27}} {
		s := retrysim.Scenario{Policy: attempts(3), Clients: 10, OuterUnaware: test.unaware,
			Faults: []retrysim.Fault{{To: time.Hour, Fail: 1}}}
		for range test.outer {
			s.Outer = append(s.Outer, attempts(3))
		}
		if r := run(t, s); r.Attempts != 10*test.want || r.Failed() != 10 || r.InProgress != 0 {
			t.Errorf("%d layers above, unaware %v: %v", test.outer, test.unaware, r)
		}
	}
}

// The time within which an inner call must end begins when that call does: after the delay of the outer one.
func TestAnInnerCallBeginsAfterTheOuterDelay(t *testing.T) {
	r := run(t, retrysim.Scenario{
		Policy:       retry.Policy{Attempts: 1, Within: 5 * time.Second},
		Outer:        []retry.Policy{{Backoff: retry.List{0, 10 * time.Second}}},
		OuterUnaware: true,
		Clients:      1,
		Faults:       []retrysim.Fault{{To: time.Second, Fail: 1}},
	})
	if want := (retrysim.Counts{Calls: 1, Attempts: 2, Succeeded: 1}); r.Counts != want || r.End != 10*time.Second {
		t.Errorf("ended at %v with %+v; want 10s and %+v", r.End, r.Counts, want)
	}
}

func TestTheTimesOfACall(t *testing.T) {
	failing := func(until time.Duration, f retrysim.Fault) []retrysim.Fault {
		f.To = until
		return []retrysim.Fault{f}
	}
	for _, test := range []struct {
		name   string
		s      retrysim.Scenario
		end    time.Duration
		counts retrysim.Counts
	}{
		{"success", retrysim.Scenario{Network: retrysim.Fixed(5 * ms), Server: retrysim.Server{Service: retrysim.Fixed(30 * ms)}},
			40 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"first delay", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.List{70 * ms}}}, 70 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"list", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.List{0, 10 * ms, 20 * ms}}, Faults: failing(25*ms, retrysim.Fault{Fail: 1})},
			30 * ms, retrysim.Counts{Attempts: 3, Succeeded: 1}},
		{"foreign", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.Seq(retry.List{0, 10 * ms, 20 * ms}.Delays())}, Faults: failing(25*ms, retrysim.Fault{Fail: 1})},
			30 * ms, retrysim.Counts{Attempts: 3, Succeeded: 1}},
		{"exhausted", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.List{0, 10 * ms, 20 * ms}}, Faults: failing(time.Hour, retrysim.Fault{Fail: 1})},
			30 * ms, retrysim.Counts{Attempts: 3, Exhausted: 1}},
		{"foreign exhausted", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.Seq(retry.List{0, 10 * ms, 20 * ms}.Delays())}, Faults: failing(time.Hour, retrysim.Fault{Fail: 1})},
			30 * ms, retrysim.Counts{Attempts: 3, Exhausted: 1}},
		{"stopped", retrysim.Scenario{Network: retrysim.Fixed(5 * ms), Faults: failing(time.Hour, retrysim.Fault{Fail: 1, Err: retry.Stop(errors.New("no such thing"))})},
			10 * ms, retrysim.Counts{Attempts: 1, Stopped: 1}},
		{"hint", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.Constant(10 * ms)}, Faults: failing(time.Second, retrysim.Fault{Fail: 1, After: 2 * time.Second})},
			2 * time.Second, retrysim.Counts{Attempts: 2, Succeeded: 1}},
		{"timeout", retrysim.Scenario{Policy: retry.Policy{Timeout: 100 * ms, Backoff: retry.List{0, 50 * ms}}, Faults: failing(time.Hour, retrysim.Fault{Hang: 1})},
			250 * ms, retrysim.Counts{Attempts: 2, Exhausted: 1, Timeouts: 2}},
		{"within, in an attempt", retrysim.Scenario{Policy: retry.Policy{Within: 70 * ms, Timeout: 50 * ms, Backoff: retry.Constant(0)}, Faults: failing(time.Hour, retrysim.Fault{Hang: 1})},
			70 * ms, retrysim.Counts{Attempts: 2, TooLate: 1, Timeouts: 1}},
		{"within, before a delay", retrysim.Scenario{Policy: retry.Policy{Within: 70 * ms, Timeout: 50 * ms, Backoff: retry.Constant(30 * ms)}, Faults: failing(time.Hour, retrysim.Fault{Hang: 1})},
			50 * ms, retrysim.Counts{Attempts: 1, TooLate: 1, Timeouts: 1}},
		{"late answer", retrysim.Scenario{Policy: retry.Policy{Timeout: 100 * ms, Backoff: retry.List{0, 50 * ms}}, Server: retrysim.Server{Workers: 1, Service: retrysim.Fixed(80 * ms)}, Faults: failing(ms, retrysim.Fault{Slow: 1.5})},
			230 * ms, retrysim.Counts{Attempts: 2, Succeeded: 1, Timeouts: 1, Late: 1}},
		{"slow", retrysim.Scenario{Server: retrysim.Server{Service: retrysim.Fixed(10 * ms)}, Faults: failing(ms, retrysim.Fault{Slow: 7})},
			70 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"stall", retrysim.Scenario{Server: retrysim.Server{Workers: 1, Service: retrysim.Fixed(10 * ms)}, Faults: failing(500*ms, retrysim.Fault{Lost: 1})},
			510 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"stall without a number of workers", retrysim.Scenario{Server: retrysim.Server{Service: retrysim.Fixed(10 * ms)}, Faults: failing(500*ms, retrysim.Fault{Lost: 1})},
			510 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"cut", retrysim.Scenario{Policy: retry.Policy{Backoff: retry.List{0, 20 * ms}}, Server: retrysim.Server{Service: retrysim.Fixed(100 * ms)},
			Faults: []retrysim.Fault{{From: 60 * ms, To: 61 * ms, Cut: true}}}, 180 * ms, retrysim.Counts{Attempts: 2, Succeeded: 1, Late: 1}},
		{"conflict", retrysim.Scenario{Network: retrysim.Fixed(10 * ms), Server: retrysim.Server{Optimistic: true}}, 40 * ms, retrysim.Counts{Attempts: 1, Succeeded: 1}},
		{"hedge", retrysim.Scenario{Hedge: &retry.HedgeSettings{Delay: 30 * ms}, Faults: failing(10*ms, retrysim.Fault{Hang: 1})},
			30 * ms, retrysim.Counts{Attempts: 2, Hedges: 1, Succeeded: 1}},
		{"hedge of three", retrysim.Scenario{Hedge: &retry.HedgeSettings{Delay: 30 * ms, Attempts: 3}, Faults: failing(50*ms, retrysim.Fault{Hang: 1})},
			60 * ms, retrysim.Counts{Attempts: 3, Hedges: 2, Succeeded: 1}},
		{"hedge without a budget left", retrysim.Scenario{Policy: retry.Policy{Timeout: 50 * ms, Attempts: 1}, Faults: failing(time.Hour, retrysim.Fault{Hang: 1}),
			Hedge: &retry.HedgeSettings{Delay: 10 * ms, Attempts: 16}}, 50 * ms, retrysim.Counts{Attempts: 4, Hedges: 3, Timeouts: 1, Exhausted: 1}},
		{"hedge without a budget", retrysim.Scenario{Policy: retry.Policy{Timeout: 55 * ms, Attempts: 1}, Faults: failing(time.Hour, retrysim.Fault{Hang: 1}),
			Hedge: &retry.HedgeSettings{Delay: 10 * ms, Attempts: 16, Unlimited: true}}, 55 * ms, retrysim.Counts{Attempts: 6, Hedges: 5, Timeouts: 1, Exhausted: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.s.Clients = 1
			test.counts.Calls = 1
			r := run(t, test.s)
			end := r.End
			if r.Succeeded == 1 {
				end = r.Longest // the server may have worked on
			}
			if end != test.end || r.Counts != test.counts || r.InProgress != 0 {
				t.Errorf("ended at %v with %+v; want %v and %+v", end, r.Counts, test.end, test.counts)
			}
		})
	}
}

func TestQueues(t *testing.T) {
	server := retrysim.Server{Workers: 1, Service: retrysim.Fixed(10 * time.Millisecond)}
	s := retrysim.Scenario{Policy: attempts(1), Clients: 5, Server: server}
	if r := run(t, s); r.End != 50*time.Millisecond || r.Succeeded != 5 {
		t.Errorf("no limit: %v at %v", r, r.End)
	}
	s.Server.Queue = 2
	if r := run(t, s); r.Rejected != 2 || r.Exhausted != 2 || r.Succeeded != 3 || r.End != 30*time.Millisecond {
		t.Errorf("limit: %+v", r.Counts)
	}
	s.Server.Queue = 0
	s.Policy.Timeout = 25 * time.Millisecond
	s.For = 100 * time.Millisecond
	if r := run(t, s); r.Late != 3 || r.Succeeded != 2 {
		t.Errorf("dead work: %+v at %v", r.Counts, r.End)
	}
	s.Server.DropDead = true
	if r := run(t, s); r.Late != 1 || r.Dropped != 2 || r.Succeeded != 2 {
		t.Errorf("dead work dropped: %+v at %v", r.Counts, r.End)
	}
	s = retrysim.Scenario{Policy: attempts(1), Clients: 1, Server: server,
		Arrivals: retrysim.Trace(0, time.Millisecond, 2*time.Millisecond, 3*time.Millisecond)}
	if r := run(t, s); r.Longest != 37*time.Millisecond {
		t.Errorf("oldest first: the longest call took %v", r.Longest)
	}
	s.Server.LIFO = true
	if r := run(t, s); r.Longest != 39*time.Millisecond {
		t.Errorf("latest first: the longest call took %v", r.Longest)
	}
}

// In a queue with one worker, random arrivals and random service, a call takes an exponential time with the mean 1 / (service rate -
// arrival rate).
func TestQueueingTheory(t *testing.T) {
	s := retrysim.Scenario{Policy: attempts(1), Clients: 100, Arrivals: retrysim.Poisson(0.7), For: 5000 * time.Second,
		Server: retrysim.Server{Workers: 1, Service: retrysim.Exp(10 * time.Millisecond)}}
	r := run(t, s)
	for _, q := range []struct {
		q   float64
		got time.Duration
	}{{0.5, r.P50}, {0.9, r.P90}, {0.99, r.P99}} {
		if want := -math.Log(1-q.q) / 30; math.Abs(q.got.Seconds()/want-1) > 0.05 {
			t.Errorf("quantile %v is %v; want %.3f s", q.q, q.got, want)
		}
	}
}

func TestArrivals(t *testing.T) {
	for _, test := range []struct {
		a        retrysim.Arrivals
		long     time.Duration
		at       []int64 // calls in each second
		accuracy float64
	}{
		{retrysim.Herd(), 3 * time.Second, []int64{10, 0, 0}, 0},
		{retrysim.Trace(0, time.Second, time.Second, 5*time.Second), 3 * time.Second, []int64{1, 2, 0}, 0},
		{retrysim.Even(100), 3 * time.Second, []int64{999, 1000, 1000}, 0},
		{retrysim.Even(100).Spike(time.Second, 2*time.Second, 0.5), 3 * time.Second, []int64{999, 500, 1000}, 0},
		{retrysim.Even(100).Spike(time.Second, 2*time.Second, 0), 3 * time.Second, []int64{999, 0, 1000}, 0},
		{retrysim.Poisson(10_000).Spike(time.Second, 2*time.Second, 3), 3 * time.Second, []int64{100_000, 300_000, 100_000}, 4},
	} {
		r := run(t, retrysim.Scenario{Policy: attempts(1), Clients: 10, Arrivals: test.a, For: test.long})
		for i, want := range test.at {
			if got := r.Steps[i].Calls; math.Abs(float64(got-want)) > 1+test.accuracy*math.Sqrt(float64(want)) && test.accuracy > 0 ||
				test.accuracy == 0 && got != want {
				t.Errorf("%+v: %d calls in second %d; want %d", test.a, got, i, want)
			}
		}
	}
}

func TestALiveBudgetIsOnlyRead(t *testing.T) {
	b := &retry.Budget{Min: 2, Every: time.Hour, Ratio: 0.2}
	s := outage()
	s.Policy.Budget = b
	if r := run(t, s); r.Refused == 0 {
		t.Error("the budget refused nothing")
	}
	if b.Granted() != 0 || b.Refused() != 0 || b.Available() != 2 {
		t.Error(b)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	cause := errors.New("the user left")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := outage()
	s.For = 200 * time.Hour
	steps := 0
	s.Progress = func(now time.Duration) {
		if steps++; now != time.Duration(steps)*time.Second {
			t.Errorf("step %d at %v", steps, now)
		}
		if steps == 10 {
			cancel(cause)
		}
	}
	if _, err := retrysim.Run(ctx, s); err != cause {
		t.Error(err)
	}
	if steps > 200 {
		t.Errorf("went on for %d steps", steps)
	}
}

func TestNonsenseIsAnError(t *testing.T) {
	defer retrysim.SetPatience(50 * time.Millisecond)()
	block := make(chan struct{})
	defer close(block)
	for want, change := range map[string]func(*retrysim.Scenario){
		"Clients is 0":                        func(s *retrysim.Scenario) { s.Clients = 0 },
		"For is 0s":                           func(s *retrysim.Scenario) { s.For = 0 },
		"For is -1s":                          func(s *retrysim.Scenario) { s.For = -time.Second },
		"Step is -1ns":                        func(s *retrysim.Scenario) { s.Step = -1 },
		"rate of 0":                           func(s *retrysim.Scenario) { s.Arrivals = retrysim.Poisson(0) },
		"rate of 5e-324":                      func(s *retrysim.Scenario) { s.Arrivals = retrysim.Poisson(math.SmallestNonzeroFloat64) },
		"rate of NaN":                         func(s *retrysim.Scenario) { s.Arrivals = retrysim.Even(math.NaN()) },
		"ascending":                           func(s *retrysim.Scenario) { s.Arrivals = retrysim.Trace(2, 1) },
		"overlap at 1ns":                      func(s *retrysim.Scenario) { s.Arrivals = s.Arrivals.Spike(1, 3, 2).Spike(0, 2, 1) },
		"a spike from 3ns to 1ns":             func(s *retrysim.Scenario) { s.Arrivals = s.Arrivals.Spike(3, 1, 2) },
		"Network has":                         func(s *retrysim.Scenario) { s.Network = retrysim.Fixed(-1) },
		"Server.Service has":                  func(s *retrysim.Scenario) { s.Server.Service = retrysim.LogNormal(2, 1) },
		"Server has":                          func(s *retrysim.Scenario) { s.Server.Workers = -1 },
		"Optimistic":                          func(s *retrysim.Scenario) { s.Server.Optimistic = true },
		"Faults[1]":                           func(s *retrysim.Scenario) { s.Faults = append(s.Faults, retrysim.Fault{To: 1, Fail: 0.6, Hang: 0.6}) },
		"Faults[0]":                           func(s *retrysim.Scenario) { s.Faults = []retrysim.Fault{{Fail: 1}} },
		"Policy: invalid policy":              func(s *retrysim.Scenario) { s.Policy.Attempts = -2 },
		"Outer[0] has a Timeout":              func(s *retrysim.Scenario) { s.Outer = []retry.Policy{{Timeout: 1}} },
		"Hedge: HedgeSettings.Attempts is 17": func(s *retrysim.Scenario) { s.Hedge = &retry.HedgeSettings{Delay: 1, Attempts: 17} },
		"Clients is 2000000; with a Hedge":    func(s *retrysim.Scenario) { s.Clients, s.Hedge = 2_000_000, &retry.HedgeSettings{} },
		"attempts without end": func(s *retrysim.Scenario) {
			s.Policy = attempts(endless)
			s.Faults[0] = retrysim.Fault{To: time.Hour, Fail: 1}
		},
		"it has no delays": func(s *retrysim.Scenario) { s.Policy.Backoff = retry.Seq(retry.List{}.Delays()) },
		"delay 2 is -1ns":  func(s *retrysim.Scenario) { s.Policy.Backoff = retry.Seq(retry.List{0, -1}.Delays()) },
		"panic: oops": func(s *retrysim.Scenario) {
			s.Policy.Backoff = retry.Seq(func(func(time.Duration) bool) { panic("oops") })
		},
		"doesn't return within 50ms": func(s *retrysim.Scenario) { s.Policy.Backoff = retry.Seq(func(func(time.Duration) bool) { <-block }) },
		"can't be simulated":         func(s *retrysim.Scenario) { progress(s) },
	} {
		s := outage()
		change(&s)
		r, err := retrysim.Run(t.Context(), s)
		if err == nil || r != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

// progress makes a scenario in which a foreign schedule would have to begin anew.
func progress(s *retrysim.Scenario) {
	s.Policy = retry.Policy{Backoff: retry.Seq(retry.List{0, 1, 2, 3, 4, 5}.Delays())}
	s.Faults[0] = retrysim.Fault{To: time.Hour, Fail: 1, Err: retry.Progress(errors.New("broken"))}
}

func TestForeignSchedulesAreLeftAlone(t *testing.T) {
	open := 0
	s := outage()
	s.Policy.Backoff = retry.Seq(func(yield func(time.Duration) bool) {
		open++
		defer func() { open-- }()
		for ok := yield(0); ok; ok = yield(50 * time.Millisecond) {
		}
	})
	s.Policy.Attempts = 5
	foreign := run(t, s)
	if open != 0 {
		t.Errorf("%d iterators are left open", open)
	}
	s.Policy.Backoff = retry.Constant(50 * time.Millisecond)
	if builtin := run(t, s); fmt.Sprint(foreign.Counts, foreign.Steps) != fmt.Sprint(builtin.Counts, builtin.Steps) {
		t.Errorf("%v\n%v", foreign, builtin)
	}
}
