package retrysim_test

import (
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// hedging is a server at half of its capacity of 1000 requests a second, one request of 20 of which takes ten times as long, and a
// spike of ten seconds in which twice as many calls are made.
func hedging(h *retry.HedgeSettings) retrysim.Scenario {
	return retrysim.Scenario{
		Policy:   retry.Policy{Attempts: 1, Timeout: 2 * time.Second},
		Clients:  100,
		Arrivals: retrysim.Poisson(5.2).Spike(40*time.Second, 50*time.Second, 2),
		Network:  retrysim.Exp(time.Millisecond),
		Server:   retrysim.Server{Workers: 29, Service: retrysim.Fixed(20 * time.Millisecond)},
		Faults:   []retrysim.Fault{{To: time.Hour, Slow: 10, SlowPart: 0.05}},
		Hedge:    h,
		For:      120 * time.Second,
		Seed:     1,
	}
}

// Hedging shortens the tail while the server has capacity to spare. Once it hasn't, all calls become slow, so all of them are hedged, and
// the load is doubled when that hurts most. A budget prevents it: hedges are a tenth of the successes then.
func TestHedgingUnderOverload(t *testing.T) {
	slowest := func(r *retrysim.Result, from, to int) (p99 time.Duration) {
		for _, s := range r.Steps[from:to] {
			p99 = max(p99, s.P99)
		}
		return p99
	}
	const calm, spike, later = 10, 45, 110
	none := run(t, hedging(nil))
	always := run(t, hedging(&retry.HedgeSettings{Delay: 30 * time.Millisecond, Unlimited: true}))
	budget := run(t, hedging(&retry.HedgeSettings{Delay: 30 * time.Millisecond}))
	counts := func(r *retrysim.Result, at int) retrysim.Counts {
		return r.Between(time.Duration(at)*time.Second, time.Duration(at+10)*time.Second)
	}
	for name, r := range map[string]*retrysim.Result{"none": none, "always": always, "budget": budget} {
		for _, at := range []int{calm, spike, later} {
			c := counts(r, at)
			t.Logf("%-7s from %3d s: load %.2f, succeeded %.3f, p99 %v", name, at, c.Load(), c.Success(), slowest(r, at, at+10))
		}
	}
	tail := slowest(none, calm, calm+10)
	for _, r := range []*retrysim.Result{always, budget} {
		if p99 := slowest(r, calm, calm+10); p99 > tail/2 {
			t.Errorf("before the spike hedging makes the p99 %v, from %v; want at most half", p99, tail)
		}
	}
	if s := counts(none, later).Success(); s < 0.99 {
		t.Errorf("without hedging %.3f of the calls succeed after the spike; want all", s)
	}
	if c := counts(always, later); c.Success() > 0.1 || c.Load() < 1.9 {
		t.Errorf("without a budget %.3f of the calls succeed after the spike, at %.2f times the load; want the collapse", c.Success(), c.Load())
	}
	if c := counts(budget, later); c.Success() < 0.99 || slowest(budget, later, later+10) > tail/2 {
		t.Errorf("with a budget %.3f of the calls succeed after the spike; want all, with a short tail", c.Success())
	}
	if c := counts(budget, spike); c.Load() > 1.2 {
		t.Errorf("with a budget the load is %.2f times in the spike; want at most 1.2", c.Load())
	}
}
