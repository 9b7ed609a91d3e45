package retrysim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

const ms = time.Millisecond

func TestTheTimesOfAHedge(t *testing.T) {
	hang := func(from, to time.Duration) retrysim.Fault { return retrysim.Fault{From: from, To: to, Hang: 1} }
	fail := func(from, to time.Duration, err error, hint time.Duration) retrysim.Fault {
		return retrysim.Fault{From: from, To: to, Fail: 1, Err: err, After: hint}
	}
	var each []time.Duration // a call each second
	for i := range 21 {
		each = append(each, time.Duration(i)*time.Second)
	}
	for _, test := range []struct {
		name    string
		policy  retry.Policy
		hedge   retry.HedgeSettings
		network time.Duration
		service time.Duration
		faults  []retrysim.Fault
		calls   []time.Duration
		longest time.Duration
		counts  retrysim.Counts
	}{
		{"a hint holds back further attempts", attempts(1), retry.HedgeSettings{Delay: 30 * ms, Attempts: 3}, 0, 0,
			[]retrysim.Fault{hang(0, 10*ms), fail(20*ms, 60*ms, nil, 100*ms)}, nil,
			130 * ms, retrysim.Counts{Attempts: 3, Hedges: 2, Succeeded: 1}},
		{"the longest hint counts", retry.Policy{Backoff: retry.Constant(10 * ms)}, retry.HedgeSettings{Delay: 5 * ms}, 20 * ms, 0,
			[]retrysim.Fault{fail(15*ms, 22*ms, nil, 300*ms), fail(23*ms, 30*ms, nil, 50*ms)}, nil,
			385 * ms, retrysim.Counts{Attempts: 4, Hedges: 2, Succeeded: 1}},
		{"a failure is replaced at once", attempts(1), retry.HedgeSettings{Delay: time.Second, OnFailure: true}, 20 * ms, 0,
			[]retrysim.Fault{fail(0, 25*ms, nil, 0)}, nil,
			80 * ms, retrysim.Counts{Attempts: 2, Hedges: 1, Succeeded: 1}},
		{"a failure isn't replaced", attempts(1), retry.HedgeSettings{Delay: time.Second}, 20 * ms, 0,
			[]retrysim.Fault{fail(0, 25*ms, nil, 0)}, nil,
			0, retrysim.Counts{Attempts: 1, Exhausted: 1}},
		{"a failure that asks to wait isn't replaced", attempts(1), retry.HedgeSettings{Delay: time.Second, OnFailure: true}, 20 * ms, 0,
			[]retrysim.Fault{fail(0, 25*ms, nil, 30*ms)}, nil,
			0, retrysim.Counts{Attempts: 1, Exhausted: 1}},
		{"a failure that is to be stopped ends the call", attempts(4), retry.HedgeSettings{Delay: 30 * ms}, 0, 0,
			[]retrysim.Fault{hang(0, 10*ms), fail(20*ms, 60*ms, retry.Stop(errors.New("no such thing")), 0)}, nil,
			0, retrysim.Counts{Attempts: 2, Hedges: 1, Stopped: 1}},
		{"all at once", attempts(1), retry.HedgeSettings{AtOnce: true, Attempts: 3, Unlimited: true}, 0, 10 * ms, nil, nil,
			10 * ms, retrysim.Counts{Attempts: 3, Hedges: 2, Succeeded: 1}},
		{"one in flight", retry.Policy{Attempts: 1, Timeout: 55 * ms}, retry.HedgeSettings{Delay: 10 * ms, Attempts: 16, Unlimited: true, MaxInFlight: 1}, 0, 0,
			[]retrysim.Fault{hang(0, time.Hour)}, nil, 0, retrysim.Counts{Attempts: 2, Hedges: 1, Timeouts: 1, Exhausted: 1}},
		{"an answer at the deadline", retry.Policy{Attempts: 1, Timeout: 50 * ms}, retry.HedgeSettings{Delay: 30 * ms}, 0, 20 * ms,
			[]retrysim.Fault{hang(0, 10*ms)}, nil, 50 * ms, retrysim.Counts{Attempts: 2, Hedges: 1, Succeeded: 1}},
		{"a hedge at the deadline", retry.Policy{Attempts: 1, Timeout: 30 * ms}, retry.HedgeSettings{Delay: 30 * ms}, 0, 0,
			[]retrysim.Fault{hang(0, time.Hour)}, nil, 0, retrysim.Counts{Attempts: 1, Timeouts: 1, Exhausted: 1}},
		{"cut", retry.Policy{Backoff: retry.Constant(10 * ms)}, retry.HedgeSettings{Delay: 30 * ms}, 0, 100 * ms,
			[]retrysim.Fault{{From: 50 * ms, To: 51 * ms, Cut: true}}, nil,
			160 * ms, retrysim.Counts{Attempts: 4, Hedges: 2, Succeeded: 1, Late: 2}},
		{"a quantile", attempts(1), retry.HedgeSettings{}, 0, 10 * ms, []retrysim.Fault{hang(20*time.Second, 20*time.Second+ms)}, each,
			20*ms + 1, retrysim.Counts{Calls: 21, Attempts: 22, Hedges: 1, Succeeded: 21}},
		{"a quantile of too few", retry.Policy{Attempts: 1, Timeout: time.Second}, retry.HedgeSettings{}, 0, 10 * ms, []retrysim.Fault{hang(19*time.Second, 19*time.Second+ms)}, each,
			10 * ms, retrysim.Counts{Calls: 21, Attempts: 21, Succeeded: 20, Timeouts: 1, Exhausted: 1}},
		{"a limited quantile", attempts(1), retry.HedgeSettings{MaxDelay: 5 * ms}, 0, 10 * ms, []retrysim.Fault{hang(20*time.Second, 20*time.Second+ms)}, each,
			15*ms + 1, retrysim.Counts{Calls: 21, Attempts: 22, Hedges: 1, Succeeded: 21}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := retrysim.Scenario{Policy: test.policy, Clients: 1, Hedge: &test.hedge, Network: retrysim.Fixed(test.network),
				Server: retrysim.Server{Service: retrysim.Fixed(test.service)}, Faults: test.faults}
			if test.calls != nil {
				s.Arrivals = retrysim.Trace(test.calls...)
			} else {
				test.counts.Calls = 1
			}
			s.Drain, s.For = true, time.Minute
			r := run(t, s)
			if r.Longest != test.longest || r.Counts != test.counts || r.InProgress != 0 {
				t.Errorf("took %v with %+v; want %v and %+v", r.Longest, r.Counts, test.longest, test.counts)
			}
		})
	}
}

// seen is what a caller sees of a call.
type seen struct {
	took             time.Duration
	attempts, hedges int64
	result           string
}

// Whatever the settings, and whatever happens, a simulated hedge goes as a real one does.
func TestASimulatedHedgeGoesAsARealOne(t *testing.T) {
	const calls = 40
	hedges := 0
	for seed := range uint64(300) {
		s := anyHedge(rand.New(rand.NewPCG(seed, 1)), calls)
		var simulated []seen
		for _, step := range run(t, s).Steps {
			c := seen{attempts: step.Attempts, hedges: step.Hedges, result: "failed"}
			if step.Succeeded > 0 {
				c.took, c.result = step.P50, "succeeded"
			} else if step.Stopped > 0 {
				c.result = "stopped"
			}
			simulated = append(simulated, c)
		}
		var real []seen
		synctest.Test(t, func(t *testing.T) { real = realCalls(t, s, calls) })
		if len(simulated) != calls {
			t.Fatalf("seed %d: %d calls", seed, len(simulated))
		}
		for i := range simulated {
			hedges += int(real[i].hedges)
			if simulated[i] != real[i] {
				t.Fatalf("seed %d, call %d: simulated %+v; in fact %+v\n%s", seed, i, simulated[i], real[i], strings.Join(strings.Fields(fmt.Sprintf("%+v %+v", *s.Hedge, s.Faults)), " "))
			}
		}
	}
	if hedges < 3000 {
		t.Errorf("only %d hedges were made", hedges)
	}
}

// anyHedge makes a call a second with some hedge and some faults. No two things happen at the same instant.
func anyHedge(r *rand.Rand, calls int) retrysim.Scenario {
	odd := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) | 1 }
	h := &retry.HedgeSettings{Attempts: r.IntN(6), OnFailure: r.IntN(2) == 0, MaxInFlight: r.IntN(3)}
	switch r.IntN(4) {
	case 0:
		h.AtOnce, h.MaxInFlight = true, 0 // who leaves at the instant at which another one comes may be there still
	case 1:
		h.Delay = odd(100 * ms)
	case 2:
		h.Delay, h.Quantile, h.MaxDelay = odd(100*ms), 0.5+r.Float64()/4, odd(200*ms)
	default:
		h.Quantile = 0.5 + r.Float64()/4 // enough latencies soon
	}
	// Who wins when all answers come at the same instant makes a difference to a budget.
	if h.Unlimited = h.AtOnce || r.IntN(2) == 0; r.IntN(2) == 0 {
		h.State = new(retry.HedgeState)
		b := h.State.Budget()
		b.Ratio, b.Min, b.Every = 0.3, 5, 7*time.Second
	}
	s := retrysim.Scenario{
		Policy:  retry.Policy{Attempts: 2, Timeout: 300*ms + odd(100*ms), Backoff: retry.Constant(odd(50 * ms))},
		Clients: 1,
		Server:  retrysim.Server{Service: retrysim.Fixed(odd(60 * ms))},
		Hedge:   h,
		For:     time.Duration(calls) * time.Second,
	}
	var at []time.Duration
	for i := range calls {
		at = append(at, time.Duration(i)*time.Second)
		from := at[i]
		for range min(i, r.IntN(5)) { // the first call succeeds, which is when budgets begin
			f := retrysim.Fault{From: from, To: from + odd(150*ms)}
			switch r.IntN(6) {
			case 0:
				f.Hang = 1
			case 1:
				f.Fail, f.Err = 1, retry.Stop(errors.New("no such thing"))
			case 2:
				f.Fail, f.After = 1, odd(300*ms)
			case 3:
				f.Fail = 1
			default:
				f.Slow = 1 + float64(r.IntN(9))
			}
			s.Faults = append(s.Faults, f)
			from = f.To + odd(50*ms)
		}
	}
	s.Arrivals = retrysim.Trace(at...)
	return s
}

// realCalls makes the calls of s.
func realCalls(t *testing.T, s retrysim.Scenario, calls int) (all []seen) {
	began := time.Now()
	work, err := time.ParseDuration(s.Server.Service.String())
	if err != nil {
		t.Fatal(err)
	}
	made, hedges := make(chan int, 1), 0
	made <- 0
	serve := func(ctx context.Context) (int, error) {
		n := <-made
		if retry.Hedged(ctx) > 1 {
			hedges++
		}
		made <- n + 1
		took := work
		now := time.Since(began)
		for _, f := range s.Faults {
			switch {
			case now < f.From || now >= f.To:
			case f.Fail == 1 && f.Err != nil:
				return 0, f.Err
			case f.Fail == 1:
				return 0, retry.After(errors.New("failed"), f.After)
			case f.Hang == 1:
				took = time.Hour
			default:
				took = time.Duration(float64(work) * f.Slow)
			}
		}
		select {
		case <-time.After(took):
			return 1, nil
		case <-ctx.Done():
			time.Sleep(time.Nanosecond) // or it may be the answer, or not
			return 0, context.Cause(ctx)
		}
	}
	hedged := retry.Hedge(*s.Hedge, serve)
	for i := range calls {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second)))
		_, err := retry.Get(t.Context(), s.Policy, hedged)
		c := seen{took: time.Since(began) - time.Duration(i)*time.Second, result: "succeeded"}
		if g, gaveUp := errors.AsType[*retry.Error](err); gaveUp && errors.Is(g.Reason, retry.ErrExhausted) {
			c.took, c.result = 0, "failed"
		} else if err != nil {
			c.took, c.result = 0, "stopped"
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		n := <-made
		c.attempts, c.hedges = int64(n), int64(hedges)
		hedges = 0
		made <- 0
		all = append(all, c)
	}
	return all
}
