package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
	"github.com/callagain/retry/retrysim/internal/throttle"
)

const ms = time.Millisecond

func schedule(attempts int, initial time.Duration) retry.Policy {
	return retry.Policy{Attempts: attempts, Backoff: retry.Exponential{Initial: initial}}
}

// schedules is what schedules without a budget do.
func schedules() table {
	t := table{{"attempts", "from", "83 %: 2 s of errors", "30 s of errors", "30 s of silence", "50 %: 2 s of errors", "30 s of errors", "30 s of silence", "25 %: 30 s of silence", "load after it"}}
	for _, n := range []int{1, 3, 4, 5, 10} {
		for _, initial := range []time.Duration{10 * ms, 50 * ms, 100 * ms} {
			if n == 1 && initial != 10*ms {
				continue
			}
			c := candidate{policy: schedule(n, initial)}
			row := []string{fmt.Sprint(n), initial.String()}
			for _, capacity := range []float64{1200, 2000} {
				for _, f := range []struct {
					long  time.Duration
					fault retrysim.Fault
				}{{2 * time.Second, retrysim.Fault{Fail: 1}}, {30 * time.Second, retrysim.Fault{Fail: 1}}, {30 * time.Second, retrysim.Fault{Hang: 1}}} {
					row = append(row, recovers(func(seed uint64) retrysim.Scenario {
						return fault(base(c, fleets[0], capacity, 120*time.Second, seed), f.long, f.fault)
					}))
				}
			}
			quarter := func(seed uint64) retrysim.Scenario {
				return fault(base(c, fleets[0], 4000, 120*time.Second, seed), 30*time.Second, retrysim.Fault{Hang: 1})
			}
			load := 0.0
			for seed := range uint64(seeds) {
				load += run(quarter(seed)).Between(100*time.Second, 120*time.Second).Load() / seeds
			}
			t.add(append(row, recovers(quarter), decimal(load))...)
		}
	}
	return t
}

func limits() []candidate {
	four := retry.Policy{}
	limit := func(name string, f func() retrysim.Throttle) candidate { return candidate{name, four, f} }
	budget := retry.Policy{Budget: &retry.Budget{}}
	return []candidate{
		{"no retry", retry.Policy{Attempts: 1}, nil},
		{"none", four, nil},
		limit("flat 20, 0.1, one each 30 s", func() retrysim.Throttle { return throttle.Flat(20, 0.1, 1./30) }),
		limit("flat 5, 0.1, one each 30 s", func() retrysim.Throttle { return throttle.Flat(5, 0.1, 1./30) }),
		limit("AWS SDKs, 500 tokens, 14 a retry", func() retrysim.Throttle { return &throttle.AWS{Cost: 14, CostTimeout: 14} }),
		limit("AWS SDKs until 2025, 5 a retry, 10 a timeout", func() retrysim.Throttle { return &throttle.AWS{Cost: 5, CostTimeout: 10} }),
		limit("gRPC, 10 tokens, 0.1", func() retrysim.Throttle { return &throttle.GRPC{Max: 10, Ratio: 0.1} }),
		limit("Finagle, 20 % and 10 a second", func() retrysim.Throttle { return throttle.Finagle() }),
		limit("SRE, 10 % of the calls", func() retrysim.Throttle { return throttle.SRE() }),
		limit("scaled: at most one second of successes", func() retrysim.Throttle { return &throttle.Scaled{Ratio: 0.1} }),
		limit("fading over 10 s", func() retrysim.Throttle { return &throttle.Fading{Ratio: 0.1, Tau: 10 * time.Second} }),
		limit("fading over 30 s, exact", func() retrysim.Throttle { return &throttle.Fading{Ratio: 0.1, Tau: 30 * time.Second} }),
		limit("fading over 60 s", func() retrysim.Throttle { return &throttle.Fading{Ratio: 0.1, Tau: 60 * time.Second} }),
		{"**`retry.Budget`**", budget, nil},
		{"`retry.Budget`, Ratio 0.2", retry.Policy{Budget: &retry.Budget{Ratio: 0.2}}, nil},
		{"`retry.Budget`, Min 1", retry.Policy{Budget: &retry.Budget{Min: 1}}, nil},
		{"`retry.Budget`, Min 10", retry.Policy{Budget: &retry.Budget{Min: 10}}, nil},
		{"`retry.Budget`, Every 10 s", retry.Policy{Budget: &retry.Budget{Every: 10 * time.Second}}, nil},
	}
}

// columns are the six scenarios that budgets are chosen by, for both fleets.
func columns(c candidate) []string {
	both := func(f func(f fleet) string) string {
		a, b := f(fleets[0]), f(fleets[1])
		if a == b {
			return a
		}
		return a + " / " + b
	}
	loss := func(long time.Duration, f retrysim.Fault, withLoad, withLost bool) string {
		loads, losses := make([]string, 2), make([]string, 2)
		for i := range fleets {
			load, lost := during(1000, func(seed uint64) retrysim.Scenario {
				return fault(base(c, fleets[i], 1200, faultAt+long+40*time.Second, seed), long, f)
			})
			loads[i], losses[i] = decimal(load), decimal(lost)
		}
		join := func(s []string) string {
			if s[0] == s[1] {
				return s[0]
			}
			return strings.Join(s, " / ")
		}
		switch {
		case withLoad && withLost:
			return join(loads) + "; " + join(losses)
		case withLoad:
			return join(loads)
		}
		return join(losses)
	}
	return []string{
		both(func(f fleet) string {
			return recovers(func(seed uint64) retrysim.Scenario { return metastable(c, f, seed) })
		}),
		both(func(f fleet) string {
			return recovers(func(seed uint64) retrysim.Scenario { return spike(c, f, seed) })
		}),
		loss(30*time.Second, retrysim.Fault{Hang: 1}, true, false),
		loss(300*ms, retrysim.Fault{Fail: 1}, false, true),
		loss(60*time.Second, retrysim.Fault{Fail: 0.1}, false, true),
		loss(60*time.Second, retrysim.Fault{Fail: 0.5}, true, true),
	}
}

var heading = []string{"", "metastable: recovers, s", "spike: recovers, s", "30 s of silence: load", "0.3 s of errors: lost, s", "10 % errors for 60 s: lost, s", "50 %: load; lost, s"}

// budgets is what limits on the retries of four attempts from 100 ms do. Where there are two figures they are for the two fleets.
func budgets() table {
	t := table{heading}
	for _, c := range limits() {
		t.add(append([]string{c.name}, columns(c)...)...)
	}
	return t
}

// patience is what more patient schedules bring where there is a budget.
func patience() table {
	t := table{append(append([]string{}, heading...), "2 s of errors: lost, s", "10 s of errors: lost, s")}
	for _, s := range []struct {
		n       int
		initial time.Duration
	}{{3, 100 * ms}, {4, 100 * ms}, {5, 100 * ms}, {6, 100 * ms}, {10, 100 * ms}, {4, 50 * ms}, {4, 250 * ms}, {4, time.Second}, {6, time.Second}} {
		p := schedule(s.n, s.initial)
		p.Budget = &retry.Budget{}
		c := candidate{policy: p}
		row := append([]string{fmt.Sprintf("%d attempts from %v", s.n, s.initial)}, columns(c)...)
		for _, long := range []time.Duration{2 * time.Second, 10 * time.Second} {
			var lost [2]string
			for i := range fleets {
				_, l := during(1000, func(seed uint64) retrysim.Scenario {
					return fault(base(c, fleets[i], 1200, faultAt+long+60*time.Second, seed), long, retrysim.Fault{Fail: 1})
				})
				lost[i] = decimal(l)
			}
			row = append(row, lost[0]+" / "+lost[1])
		}
		t.add(row...)
	}
	return t
}

// jitters is what jitter does to four attempts from 100 ms: the most requests in any 20 ms, as a multiple of the usual number.
func jitters() table {
	t := table{{"jitter", "after 2 s of errors", "after all connections were cut"}}
	for _, j := range []retry.Jitter{retry.FullJitter, retry.EqualJitter, retry.DecorrelatedJitter, retry.NoJitter} {
		c := candidate{policy: retry.Policy{Backoff: retry.Exponential{Jitter: j}}}
		peak := func(f retrysim.Fault, long time.Duration) string {
			most := 0.0
			for seed := range uint64(seeds) {
				s := fault(base(c, fleets[0], 4000, 30*time.Second, seed), long, f)
				s.Network = retrysim.Exp(200 * ms) // so that many requests are on their way
				s.Step = 20 * ms
				n := int64(0)
				for _, step := range run(s).Steps {
					if step.At >= faultAt+long {
						n = max(n, step.Attempts)
					}
				}
				most += float64(n) / 20 / seeds
			}
			return decimal(most)
		}
		t.add(j.String(), peak(retrysim.Fault{Fail: 1}, 2*time.Second), peak(retrysim.Fault{Cut: true}, ms))
	}
	return t
}

// queues is what a bounded queue that drops dead work does for the worst policies.
func queues() table {
	t := table{{"", "no limit, 83 %: 30 s of silence", "0.5 s, dead work dropped", "metastable, no limit", "0.5 s, dead work dropped"}}
	for _, c := range []candidate{
		{"ten attempts from 10 ms", schedule(10, 10*ms), nil},
		{"four attempts from 100 ms", retry.Policy{}, nil},
		{"four attempts with `retry.Budget`", retry.Policy{Budget: &retry.Budget{}}, nil},
	} {
		row := []string{c.name}
		for _, kind := range []string{"silence", "metastable"} {
			for _, bounded := range []bool{false, true} {
				row = append(row, recovers(func(seed uint64) retrysim.Scenario {
					s := fault(base(c, fleets[0], 1200, 120*time.Second, seed), 30*time.Second, retrysim.Fault{Hang: 1})
					queue := 600
					if kind == "metastable" {
						s, queue = metastable(c, fleets[0], seed), 150
						s.For = 330 * time.Second
					}
					if bounded {
						s.Server.Queue, s.Server.DropDead = queue, true
					}
					return s
				}))
			}
		}
		t.add(row...)
	}
	return t
}

// outages is what retrying saves of outages of some lengths, at a quarter of the capacity.
func outages() table {
	t := table{{"", "0.3 s of errors: lost, s", "1 s", "2 s", "5 s", "30 s"}}
	for _, c := range []candidate{
		{"no retry", retry.Policy{Attempts: 1}, nil},
		{"four attempts from 100 ms", retry.Policy{}, nil},
		{"ten attempts from 10 ms", schedule(10, 10*ms), nil},
		{"ten attempts from 100 ms", schedule(10, 100*ms), nil},
		{"four attempts with `retry.Budget`", retry.Policy{Budget: &retry.Budget{}}, nil},
		{"ten attempts with `retry.Budget`", retry.Policy{Attempts: 10, Budget: &retry.Budget{}}, nil},
	} {
		row := []string{c.name}
		for _, long := range []time.Duration{300 * ms, time.Second, 2 * time.Second, 5 * time.Second, 30 * time.Second} {
			_, lost := during(1000, func(seed uint64) retrysim.Scenario {
				return fault(base(c, fleets[0], 4000, faultAt+long+100*time.Second, seed), long, retrysim.Fault{Fail: 1})
			})
			row = append(row, decimal(lost))
		}
		t.add(row...)
	}
	return t
}
