package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// A candidate is what a client may do.
type candidate struct {
	name     string
	policy   retry.Policy
	throttle func() retrysim.Throttle
}

// A fleet makes 1000 calls a second in all.
type fleet struct {
	name    string
	clients int
}

var fleets = []fleet{{"1000 × 1/s", 1000}, {"10 × 100/s", 10}}

// faultAt is when faults begin.
const faultAt = 20 * time.Second

// base is a server with 12 workers that can do capacity requests a second, and goes on working for callers who have left.
func base(c candidate, f fleet, capacity float64, long time.Duration, seed uint64) retrysim.Scenario {
	c.policy.Timeout = time.Second
	return retrysim.Scenario{
		Policy:   c.policy,
		Throttle: c.throttle,
		Clients:  f.clients,
		Arrivals: retrysim.Poisson(1000 / float64(f.clients)),
		Network:  retrysim.Exp(5 * time.Millisecond),
		Server:   retrysim.Server{Workers: 12, Service: retrysim.Fixed(time.Duration(12 / capacity * float64(time.Second)))},
		For:      long,
		Seed:     seed,
	}
}

func fault(s retrysim.Scenario, long time.Duration, f retrysim.Fault) retrysim.Scenario {
	f.From, f.To = faultAt, faultAt+long
	s.Faults = []retrysim.Fault{f}
	return s
}

// metastable is the database of the metastable failure: one worker, 280 of 300 calls a second, a stall of ten seconds.
func metastable(c candidate, f fleet, seed uint64) retrysim.Scenario {
	f.clients = map[int]int{1000: 280, 10: 2}[f.clients] // of the same rates
	s := base(c, f, 300, 1200*time.Second, seed)
	s.Arrivals = retrysim.Poisson(280 / float64(f.clients))
	s.Server = retrysim.Server{Workers: 1, Service: retrysim.Fixed(time.Second / 300)}
	return fault(s, 10*time.Second, retrysim.Fault{Lost: 1})
}

// spike doubles 800 of 1000 calls a second for five seconds.
func spike(c candidate, f fleet, seed uint64) retrysim.Scenario {
	s := base(c, f, 1000, 300*time.Second, seed)
	s.Arrivals = retrysim.Poisson(800/float64(f.clients)).Spike(faultAt, faultAt+5*time.Second, 2)
	return s
}

// run simulates s. The scenarios are right, so an error is a mistake in this program.
func run(s retrysim.Scenario) *retrysim.Result {
	r, err := retrysim.Run(context.Background(), s)
	if err != nil {
		panic(err)
	}
	return r
}

// seeds is how many runs each figure is the mean of.
const seeds = 3

// recovers returns the mean time to recover in seconds, "never" if no run recovered, or both with how many didn't.
func recovers(scenario func(seed uint64) retrysim.Scenario) string {
	sum, n := 0.0, 0
	for seed := range uint64(seeds) {
		if d := run(scenario(seed)).Recovered; d != retrysim.Never {
			sum += d.Seconds()
			n++
		}
	}
	switch n {
	case 0:
		return "never"
	case seeds:
		return fmt.Sprintf("%.0f", sum/seeds)
	}
	return fmt.Sprintf("%.0f; %d of %d never", sum/float64(n), seeds-n, seeds)
}

// during returns the load in the time of the fault and the calls lost, in seconds of calls, as means.
func during(rate float64, scenario func(seed uint64) retrysim.Scenario) (load, lost float64) {
	for seed := range uint64(seeds) {
		s := scenario(seed)
		r := run(s)
		f := s.Faults[0]
		c := r.Between(f.From, f.To)
		load += c.Load() / seeds
		lost += float64(r.Failed()) / rate / seeds
	}
	return load, lost
}

// decimal formats x with at most two digits after the point.
func decimal(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprint(math.Round(x*100) / 100)
}
