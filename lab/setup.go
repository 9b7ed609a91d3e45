package main

import (
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// A Setup is all that the page can set.
type Setup struct {
	A, B Side
	World
}

// A Side is one of the two policies that are compared.
type Side struct {
	Kind            string
	Attempts        int
	Initial, Max    time.Duration
	Jitter          string
	Timeout, Within time.Duration
	Budget          bool
	Ratio           float64
	Min             int
	Every           time.Duration
	Hedge           time.Duration
	HedgeQuantile   float64
	OnFailure       bool
	HedgeFree       bool
}

// A World is who calls, what is called, and what goes wrong.
type World struct {
	Clients   int
	Rate      float64
	Arrivals  string
	Spike     float64
	Network   time.Duration
	Workers   int
	Service   time.Duration
	Crowding  time.Duration
	Queue     int
	DropDead  bool
	Row       bool
	Fault     string
	FaultAt   time.Duration
	FaultFor  time.Duration
	FaultPart float64
	For       time.Duration
	Seed      int
}

// standard is the setup that the page begins with: the default policy without and with a budget, in a fleet whose server answers
// nothing for twenty seconds.
func standard() Setup {
	side := Side{Kind: "exponential", Attempts: 4, Initial: 100 * time.Millisecond, Max: 2 * time.Minute, Jitter: "full",
		Timeout: time.Second, Ratio: 0.1, Min: 3, Every: time.Minute}
	s := Setup{A: side, B: side, World: World{Clients: 1000, Rate: 1, Arrivals: "Poisson", Spike: 1, Network: 5 * time.Millisecond, Workers: 12,
		Service: 10 * time.Millisecond, Fault: "silence", FaultAt: 10 * time.Second, FaultFor: 10 * time.Second, FaultPart: 1, For: 50 * time.Second, Seed: 1}}
	s.A.Budget = true
	return s
}

// policy returns the policy that s describes.
func (s Side) policy() retry.Policy {
	p := retry.Policy{Attempts: s.Attempts, Timeout: s.Timeout, Within: s.Within}
	switch s.Kind {
	case "constant":
		p.Backoff = retry.Constant(s.Initial)
	default:
		p.Backoff = retry.Exponential{Initial: s.Initial, Max: s.Max, Jitter: jitters[s.Jitter]}
	}
	if s.Budget {
		p.Budget = &retry.Budget{Ratio: s.Ratio, Min: s.Min, Every: s.Every}
	}
	return p
}

var jitters = map[string]retry.Jitter{"full": retry.FullJitter, "equal": retry.EqualJitter, "decorrelated": retry.DecorrelatedJitter, "none": retry.NoJitter}

func (s Side) hedges() bool { return s.Hedge > 0 || s.HedgeQuantile > 0 }

// scenario returns what is simulated for a side.
func (s Setup) scenario(side Side) retrysim.Scenario {
	p := side.policy()
	c := retrysim.Scenario{
		Policy:  p,
		Clients: s.Clients,
		Network: retrysim.Exp(s.Network),
		Server: retrysim.Server{Workers: s.Workers, Service: retrysim.Fixed(s.Service), Crowding: s.Crowding, Queue: s.Queue,
			DropDead: s.DropDead},
		For:  s.For,
		Step: s.step(),
		Seed: uint64(s.Seed),
	}
	if s.Row {
		c.Server = retrysim.Server{Optimistic: true}
	}
	if side.hedges() && !s.Row {
		c.Hedge = &retry.HedgeSettings{Delay: side.Hedge, Quantile: side.HedgeQuantile, OnFailure: side.OnFailure, Unlimited: side.HedgeFree}
	}
	end := s.FaultAt + s.FaultFor
	switch s.Arrivals {
	case "at once":
		c.Arrivals = retrysim.Herd()
	case "even":
		c.Arrivals = retrysim.Even(s.Rate)
	default:
		c.Arrivals = retrysim.Poisson(s.Rate)
	}
	if s.Spike != 1 && s.FaultFor > 0 {
		c.Arrivals = c.Arrivals.Spike(s.FaultAt, end, s.Spike)
	}
	f := retrysim.Fault{From: s.FaultAt, To: end}
	switch s.Fault {
	case "errors":
		f.Fail = s.FaultPart
	case "silence":
		f.Hang = s.FaultPart
	case "slow":
		f.Slow, f.SlowPart = 10, s.FaultPart
	case "stall":
		f.Lost = s.FaultPart
	case "cut":
		f.Cut, f.Fail = true, s.FaultPart
	}
	if s.Fault != "none" && s.FaultFor > 0 {
		c.Faults = []retrysim.Fault{f}
	}
	return c
}

// step is the length of a step of the plots, such that there are 50 to 125 of them.
func (s Setup) step() time.Duration {
	for _, d := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
		500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second} {
		if s.For/d <= 125 {
			return d
		}
	}
	return time.Minute
}

// capacity is how many requests the server can do in a second; 0 if there is no limit.
func (s Setup) capacity() float64 {
	if s.Workers == 0 || s.Service == 0 || s.Row {
		return 0
	}
	return float64(s.Workers) / s.Service.Seconds()
}
