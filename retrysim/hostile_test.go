package retrysim_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// yields gives delays of a millisecond, and does something else before the n-th.
type yields struct {
	n  int
	do func()
}

func (y yields) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for i := 1; ; i++ {
			if i == y.n {
				y.do()
			}
			if !yield(time.Millisecond) {
				return
			}
		}
	}
}

// noneLeft fails the test if more goroutines run than before.
func noneLeft(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			all := make([]byte, 1<<20)
			t.Fatalf("goroutines are left:\n%s", all[:runtime.Stack(all, true)])
		}
	}
}

// hostile is a scenario all of whose attempts fail.
func hostile() retrysim.Scenario {
	return retrysim.Scenario{Clients: 3, Arrivals: retrysim.Poisson(10), For: 10 * time.Second, Network: retrysim.Fixed(ms),
		Faults: []retrysim.Fault{{To: time.Hour, Fail: 1}}}
}

func TestAPolicyThatPanicsIsAnErrorOfItsField(t *testing.T) {
	before := runtime.NumGoroutine()
	oops := func() { panic("oops") }
	judge := func(error) bool { oops(); return true }
	for _, test := range []struct {
		field  string
		change func(*retrysim.Scenario)
	}{
		{"Policy", func(s *retrysim.Scenario) { s.Policy.RetryIf = judge }},
		{"Policy", func(s *retrysim.Scenario) { s.Policy.Decide = func(*retry.Decision) { oops() } }},
		{"Policy", func(s *retrysim.Scenario) {
			s.Policy.Backoff = retry.Exponential{Grow: func(time.Duration) time.Duration { oops(); return 1 }}
		}},
		{"Policy", func(s *retrysim.Scenario) { s.Policy = retry.Policy{Backoff: yields{1, oops}} }},
		{"Policy", func(s *retrysim.Scenario) { s.Policy = retry.Policy{Attempts: 50, Backoff: yields{20, oops}} }},
		{"Policy", func(s *retrysim.Scenario) { s.Policy.Backoff = (*nothing)(nil) }},
		{"Outer[0]", func(s *retrysim.Scenario) {
			s.OuterUnaware, s.Outer = true, []retry.Policy{{RetryIf: judge}}
		}},
	} {
		s := hostile()
		test.change(&s)
		r, err := retrysim.Run(t.Context(), s)
		if r != nil || err == nil || !strings.HasPrefix(err.Error(), "retrysim: "+test.field+": panic: ") || !strings.Contains(err.Error(), "goroutine ") {
			t.Errorf("%v, %v; want a panic of %s, and where it was", r, err, test.field)
		}
	}
	noneLeft(t, before)
}

// An iterator that panics as it is left doesn't keep the others.
func TestIteratorsThatPanicAtTheirEndAreAllEnded(t *testing.T) {
	before := runtime.NumGoroutine()
	s := retrysim.Scenario{Clients: 10, For: time.Second, Faults: []retrysim.Fault{{To: time.Hour, Hang: 1}}}
	s.Policy.Backoff = retry.Seq(func(yield func(time.Duration) bool) {
		n := 0
		for yield(0) {
			n++
		}
		if n < 10 { // it isn't only looked at when the simulation begins
			panic("oops")
		}
	})
	if r, err := retrysim.Run(t.Context(), s); r != nil || err == nil || !strings.Contains(err.Error(), "panic: oops") {
		t.Errorf("%v, %v", r, err)
	}
	noneLeft(t, before)
}

// An iterator may keep its thread to itself. A coroutine would end the process then.
func TestIteratorsMayLockTheirThreads(t *testing.T) {
	s := retrysim.Scenario{Clients: 10, For: time.Second, Faults: []retrysim.Fault{{To: time.Hour, Fail: 1}}}
	s.Policy.Backoff = retry.Seq(func(yield func(time.Duration) bool) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for yield(10 * time.Millisecond) {
		}
	})
	s.Policy.Attempts = 5
	if r, err := retrysim.Run(t.Context(), s); err != nil || r.Attempts < 2*r.Calls {
		t.Errorf("%+v, %v", r, err)
	}
}

type nothing struct{ delays []time.Duration }

func (n *nothing) Delays() iter.Seq[time.Duration] { return retry.List(n.delays).Delays() }

func TestAPolicyThatBlocksIsAnErrorOfItsField(t *testing.T) {
	defer retrysim.SetPatience(20 * time.Millisecond)()
	before := runtime.NumGoroutine()
	block := make(chan struct{})
	wait := func() { <-block }
	for _, change := range []func(*retrysim.Scenario){
		func(s *retrysim.Scenario) { s.Policy.RetryIf = func(error) bool { wait(); return true } },
		func(s *retrysim.Scenario) { s.Policy.Decide = func(*retry.Decision) { wait() } },
		func(s *retrysim.Scenario) {
			s.Policy.Backoff = retry.Exponential{Grow: func(time.Duration) time.Duration { wait(); return 1 }}
		},
		func(s *retrysim.Scenario) { s.Policy = retry.Policy{Backoff: yields{1, wait}} },
		func(s *retrysim.Scenario) { s.Policy = retry.Policy{Attempts: 50, Backoff: yields{20, wait}} },
	} {
		s := hostile()
		change(&s)
		r, err := retrysim.Run(t.Context(), s)
		if want := "retrysim: Policy: a function doesn't return within 20ms"; r != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, %v; want %q", r, err, want)
		}
	}
	close(block) // what Run has left behind ends then
	noneLeft(t, before)
}

// A function may end the test that runs it.
func TestGoexitInAPolicyReachesTheCaller(t *testing.T) {
	before := runtime.NumGoroutine()
	returned := make(chan bool, 1)
	go func() {
		defer func() { returned <- recover() == nil }()
		s := hostile()
		s.Policy.RetryIf = func(error) bool { runtime.Goexit(); return true }
		retrysim.Run(t.Context(), s)
		t.Error("Run has returned")
	}()
	if !<-returned {
		t.Error("a panic, not Goexit")
	}
	noneLeft(t, before)
}

func TestAContextThatIsOverEndsRun(t *testing.T) {
	before := runtime.NumGoroutine()
	cause := errors.New("the user left")
	for name, change := range map[string]func(*retrysim.Scenario, func()){
		"before": func(_ *retrysim.Scenario, cancel func()) { cancel() },
		"in RetryIf": func(s *retrysim.Scenario, cancel func()) {
			s.Policy.RetryIf = func(error) bool { cancel(); return true }
			s.For = 1e6 * time.Second
		},
		"with coroutines": func(s *retrysim.Scenario, cancel func()) {
			s.Policy = retry.Policy{Attempts: 1000, Backoff: yields{900, cancel}}
			s.For = 1e6 * time.Second
		},
		"while nothing happens": func(s *retrysim.Scenario, cancel func()) {
			s.Arrivals, s.For = retrysim.Herd(), 9e5*time.Second
			s.Progress = func(time.Duration) { cancel() }
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := hostile()
		change(&s, func() { cancel(cause) })
		if r, err := retrysim.Run(ctx, s); r != nil || err != cause {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		cancel(nil)
	}
	noneLeft(t, before)
}

// The longest durations that there are don't overflow: what never happens doesn't happen at once.
func TestHugeDurations(t *testing.T) {
	const huge = math.MaxInt64
	for name, test := range map[string]struct {
		change func(*retrysim.Scenario)
		want   retrysim.Counts
	}{
		"Timeout": {func(s *retrysim.Scenario) { s.Policy.Timeout = huge }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 3}},
		"Within":  {func(s *retrysim.Scenario) { s.Policy.Within = huge }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 3}},
		"Backoff": {func(s *retrysim.Scenario) {
			s.Policy.Backoff = retry.List{0, huge}
			s.Faults = []retrysim.Fault{{To: time.Second, Fail: 1}}
		}, retrysim.Counts{Calls: 3, Attempts: 3}},
		"After": {func(s *retrysim.Scenario) {
			s.Faults = []retrysim.Fault{{To: time.Second, Fail: 1, After: huge}}
		}, retrysim.Counts{Calls: 3, Attempts: 3}},
		"Hedge.Delay":    {func(s *retrysim.Scenario) { s.Hedge = &retry.HedgeSettings{Delay: huge} }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 3}},
		"Hedge.MaxDelay": {func(s *retrysim.Scenario) { s.Hedge = &retry.HedgeSettings{MaxDelay: huge} }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 3}},
		"a hint for hedges": {func(s *retrysim.Scenario) {
			s.Hedge = &retry.HedgeSettings{Delay: 10 * ms, Attempts: 3, OnFailure: true}
			s.Policy = retry.Policy{Attempts: 1, Timeout: time.Second}
			s.Faults = []retrysim.Fault{{To: 5 * ms, Hang: 1}, {From: 5 * ms, To: time.Second, Fail: 1, After: huge}}
		}, retrysim.Counts{Calls: 3, Attempts: 6, Hedges: 3, Timeouts: 3, Exhausted: 3}},
		"Network":  {func(s *retrysim.Scenario) { s.Network = retrysim.Fixed(huge) }, retrysim.Counts{Calls: 3, Attempts: 3}},
		"Service":  {func(s *retrysim.Scenario) { s.Server.Service = retrysim.Uniform(huge, huge) }, retrysim.Counts{Calls: 3, Attempts: 3}},
		"Crowding": {func(s *retrysim.Scenario) { s.Server.Crowding = huge }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 1}},
		"Slow": {func(s *retrysim.Scenario) {
			s.Faults = []retrysim.Fault{{To: huge, Slow: 1e9}}
			s.Server.Service = retrysim.LogNormal(huge/2, huge)
		}, retrysim.Counts{Calls: 3, Attempts: 3}},
		"Step": {func(s *retrysim.Scenario) { s.Step = 1 << 61 }, retrysim.Counts{Calls: 3, Attempts: 3, Succeeded: 3}},
	} {
		s := retrysim.Scenario{Clients: 3, Arrivals: retrysim.Herd(), For: time.Hour, Server: retrysim.Server{Service: retrysim.Fixed(ms)}}
		test.change(&s)
		if r := run(t, s); r.Counts != test.want {
			t.Errorf("%s: %+v; want %+v", name, r.Counts, test.want)
		}
	}
}

// What never ends is an error that says so, instead of a program without memory.
func TestWhatNeverEndsIsAnError(t *testing.T) {
	for want, change := range map[string]func(*retrysim.Scenario){
		"more than 1000000 steps": func(s *retrysim.Scenario) {
			s.Arrivals, s.For = retrysim.Herd(), 0
			s.Policy = retry.Policy{Backoff: retry.List{0, 1 << 60}}
		},
		"a call lasts longer than": func(s *retrysim.Scenario) {
			s.Arrivals, s.For, s.Step = retrysim.Herd(), 0, 1<<60
			s.Policy = retry.Policy{Backoff: retry.List{0, math.MaxInt64}}
		},
		"attempts without end": func(s *retrysim.Scenario) {
			s.Arrivals, s.For, s.Network = retrysim.Herd(), 0, retrysim.Latency{}
			s.Policy = retry.Policy{Attempts: math.MaxInt, Backoff: retry.Constant(0)}
		},
		"Step is 1ns, which makes more than": func(s *retrysim.Scenario) { s.Step = 1 },
		"For is 2562047h47m16.854775807s":    func(s *retrysim.Scenario) { s.For = math.MaxInt64 },
		"Arrivals makes 1e+16 calls":         func(s *retrysim.Scenario) { s.Clients, s.Arrivals = 1e6, retrysim.Even(1e9) },
		"rate of +Inf":                       func(s *retrysim.Scenario) { s.Arrivals = retrysim.Poisson(math.Inf(1)) },
		"rate of -1":                         func(s *retrysim.Scenario) { s.Arrivals = retrysim.Poisson(-1) },
		"the factor NaN":                     func(s *retrysim.Scenario) { s.Arrivals = s.Arrivals.Spike(1, 2, math.NaN()) },
		"the times of Arrivals":              func(s *retrysim.Scenario) { s.Arrivals, s.For = retrysim.Trace(0, math.MaxInt64), 0 },
		"Clients is -1":                      func(s *retrysim.Scenario) { s.Clients = -1 },
		"Clients is 9223372036854775807":     func(s *retrysim.Scenario) { s.Clients = math.MaxInt },
		"Throttle returned nil":              func(s *retrysim.Scenario) { s.Throttle = func() retrysim.Throttle { return nil } },
		"there are 10001 Faults":             func(s *retrysim.Scenario) { s.Faults = make([]retrysim.Fault, 10001) },
	} {
		s := hostile()
		change(&s)
		if r, err := retrysim.Run(t.Context(), s); r != nil || err == nil || !strings.HasPrefix(err.Error(), "retrysim: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want %q", r, err, want)
		}
	}
}

// A simulation whose calls all hang is over, however long the fault lasts.
func TestCallsThatHangForeverEndTheSimulation(t *testing.T) {
	s := retrysim.Scenario{Clients: 3, Faults: []retrysim.Fault{{To: math.MaxInt64, Hang: 1}}}
	if r := run(t, s); r.InProgress != 3 || r.Attempts != 3 {
		t.Errorf("%+v", r)
	}
	s.Faults = append(s.Faults, retrysim.Fault{From: time.Hour, To: 2 * time.Hour, Cut: true}) // this ends them
	s.Policy = attempts(1)
	if r := run(t, s); r.InProgress != 0 || r.Exhausted != 3 || r.End != time.Hour {
		t.Errorf("%+v", r)
	}
}

func TestManyFaultsHaveTheirOwnErrors(t *testing.T) {
	s := retrysim.Scenario{Clients: 1, Arrivals: retrysim.Even(1), For: 399*time.Second + 500*ms}
	var want, got []string
	for i := range 400 {
		err := fmt.Errorf("fault %d", i)
		s.Faults = append(s.Faults, retrysim.Fault{From: time.Duration(i)*time.Second + 500*ms, To: time.Duration(i+1)*time.Second + 500*ms, Fail: 1, Err: err})
		if i < 399 { // the first call is at 1s
			want = append(want, err.Error())
		}
	}
	s.Policy.RetryIf = func(err error) bool { got = append(got, err.Error()); return false }
	run(t, s)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}
