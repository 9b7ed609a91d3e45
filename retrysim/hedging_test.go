package retrysim_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
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
// the load is doubled when that hurts most. A budget prevents it: hedges are at most a twentieth of the successes then, since next to none of them wins. A
// delay that follows the latencies doesn't, for it follows too late, but without a budget it lets the collapse end.
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
	quantile := run(t, hedging(&retry.HedgeSettings{}))
	shared := hedging(&retry.HedgeSettings{}) // a process that makes all of the calls
	shared.SharedBudget = true
	one := run(t, shared)
	unlimited := run(t, hedging(&retry.HedgeSettings{Unlimited: true}))
	counts := func(r *retrysim.Result, at int) retrysim.Counts {
		return r.Between(time.Duration(at)*time.Second, time.Duration(at+10)*time.Second)
	}
	doc, err := os.ReadFile("../docs/simulation.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*retrysim.Result{"no hedging": none, "after 30 ms, `Unlimited`": always, "after 30 ms": budget,
		"`Quantile`": quantile, "`Quantile`, one process makes all calls": one, "`Quantile`, `Unlimited`": unlimited} {
		part := map[int]string{}
		for _, at := range []int{calm, spike, later} {
			c := counts(r, at)
			p99 := strconv.FormatInt(slowest(r, at, at+10).Round(time.Millisecond).Milliseconds(), 10) + " ms"
			share := map[float64]string{0: "none", 1: "all"}[math.Round(200*c.Success())/200]
			if at == spike {
				p99 = share
			} else if share == "none" {
				p99 = "none succeeds"
			}
			part[at] = fmt.Sprintf("%.2f, %s", c.Load(), p99)
		}
		row := strings.ReplaceAll(fmt.Sprintf("| %s | %s | %s | %s |\n", name, part[calm], part[spike], part[later]), "1.00", "1")
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/simulation.md doesn't have the row\n%s", row)
		}
	}
	tail := slowest(none, calm, calm+10)
	for _, r := range []*retrysim.Result{always, budget, one, unlimited} {
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
	if c := counts(unlimited, spike); c.Success() > 0.1 || c.Load() < 1.5 {
		t.Errorf("with a quantile but no budget %.3f of the calls succeed in the spike, at %.2f times the load; want the collapse", c.Success(), c.Load())
	}
	for _, r := range []*retrysim.Result{budget, quantile, one, unlimited} {
		if c := counts(r, later); c.Success() < 0.99 || slowest(r, later, later+10) > tail/2 {
			t.Errorf("%.3f of the calls succeed after the spike; want all, with a short tail", c.Success())
		}
	}
	for _, r := range []*retrysim.Result{budget, quantile, one} {
		if c := counts(r, spike); c.Load() > 1.1 || c.Success() < 0.99 {
			t.Errorf("with a budget %.3f of the calls succeed in the spike, at %.2f times the load; want all, and at most 1.1", c.Success(), c.Load())
		}
	}
}
