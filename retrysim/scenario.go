package retrysim

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
)

// A Scenario is what [Run] simulates. The zero value of most fields is the simplest case; Clients is needed, and so is For unless
// the Arrivals end by themselves.
type Scenario struct {
	// Policy is what each call follows. Its RetryIf, Decide and Grow are called as in a real call, by one goroutine; what Decide
	// leaves in Decision.State is lost. Observe and Around aren't called. Budget is only read: each client gets a
	// new one with the same settings. A Backoff that isn't of package retry costs a goroutine for each
	// call in progress, some 4 kB; one with random numbers of its own gives other results each time.
	Policy retry.Policy

	// Outer are the policies of callers above, from the inside out: each attempt of Outer[0] is a call of Policy, and so on.
	// Their Timeout and Within must be 0.
	Outer []retry.Policy

	// OuterUnaware hides from Outer that the inner calls were retried, as a process boundary or another library does. Otherwise
	// they see the [*retry.Error], which isn't retried by default.
	OuterUnaware bool

	// Clients is the number of clients, from 1 to 100 million.
	Clients int

	// SharedBudget makes all clients share one budget, and what hedges remember. Otherwise each has its own, as processes do.
	SharedBudget bool

	// Arrivals say when clients make calls.
	Arrivals Arrivals

	// Network is the time that a request takes to the server, and an answer back.
	Network Latency

	// Server is what is called.
	Server Server

	// Faults are what goes wrong there.
	Faults []Fault

	// Hedge, if not nil, makes more attempts beside slow ones, as [retry.Hedge] inside of each attempt does, and by its decisions. Drop and Observe
	// aren't called. Each client knows its own latencies only, which takes 7 kB, and has its own budget of hedges, unless SharedBudget is set.
	// State is only read for the settings of its budget.
	Hedge *retry.HedgeSettings

	// Throttle, if not nil, makes a rule for each client that limits its retries beside the policy, to compare it with [retry.Budget].
	Throttle func() Throttle

	// For is how long clients make calls. The simulation ends then, or, with Drain or if it is 0, when the last call has ended.
	For   time.Duration
	Drain bool

	// Seed begins the random numbers. Arrivals are the same for each Policy.
	Seed uint64

	// Step is the length of [Result.Steps]. If it is 0, it is a second.
	Step time.Duration

	// Progress, if not nil, is called after each step with the time that has been simulated.
	Progress func(now time.Duration)
}

// A Server works on requests one after another, or on all at once. The zero value answers at once.
type Server struct {
	// Workers is how many requests are worked on at the same time. If it is 0, there is no limit.
	Workers int

	// Service is how long a worker takes for a request. It is done even if the caller has left.
	Service Latency

	// Crowding is added to the service time of a request for each other one that is being worked on when it begins.
	Crowding time.Duration

	// Queue is the number of requests that may wait for a worker; others are rejected with [ErrRejected]. If it is 0, there
	// is no limit.
	Queue int

	// LIFO makes the latest request that waits the next one. Otherwise it is the oldest one.
	LIFO bool

	// DropDead makes workers drop the requests whose callers have left, as servers do that are told of deadlines.
	DropDead bool

	// Optimistic makes each attempt read a row and then write it. The write fails with [ErrConflict] if somebody else has written
	// the row since. Workers, Service, Crowding and Queue must be 0, and Hedge nil.
	Optimistic bool
}

// A Fault is what goes wrong from one time to another. Faults may overlap; of those that fail requests, the first counts.
type Fault struct {
	From, To time.Duration

	// Fail is the part of the requests, from 0 to 1, that fail as they arrive, with the error Err. If Err is nil, it is [ErrFailed].
	Fail float64
	Err  error

	// After is a hint that comes with Err, as [retry.After] gives it.
	After time.Duration

	// Hang is the part of the requests that are never answered.
	Hang float64

	// Slow, if not 0, multiplies the service times of the part SlowPart of the requests. If SlowPart is 0, it is 1.
	Slow, SlowPart float64

	// Lost is the part of the workers that don't begin requests: 1 stalls the server.
	Lost float64

	// Cut breaks all connections at the time From: attempts that are in progress fail with [ErrCut].
	Cut bool
}

// The failures of attempts. An attempt that lasts longer than Policy.Timeout fails with [retry.ErrTimeout].
var (
	ErrFailed   = errors.New("server failed")
	ErrRejected = errors.New("server rejected the request: queue full")
	ErrConflict = errors.New("conflict with another write")
	ErrCut      = errors.New("connection cut")
)

// A Throttle is a rule other than [retry.Budget] that limits the retries of a client. It exists to compare rules in simulations.
type Throttle interface {
	// Began is called when a call begins.
	Began(now time.Duration)

	// Ended is called when an attempt of a call, numbered from 1, has ended: with a failure, or with nil. It comes before Retry.
	Ended(now time.Duration, attempt int, failure error)

	// Retry is called when the policy would retry, and reports whether the rule allows that.
	Retry(now time.Duration) bool
}

func (s *Scenario) check(w *watch) error {
	switch {
	case s.Clients < 1 || s.Clients > 100e6:
		return fmt.Errorf("retrysim: Clients is %d; it must be from 1 to 100 million", s.Clients)
	case s.For < 0 || s.For == 0 && !s.Arrivals.finite():
		return fmt.Errorf("retrysim: For is %v; it must be positive, since the Arrivals don't end", s.For)
	case s.For > longest:
		return fmt.Errorf("retrysim: For is %v; it must be at most %v", s.For, time.Duration(longest).Round(time.Hour))
	case s.Step < 0 || s.Step > longest:
		return fmt.Errorf("retrysim: Step is %v; it must be from 0, the default of a second, to %v", s.Step, time.Duration(longest).Round(time.Hour))
	case s.For/cmp.Or(s.Step, time.Second) > mostSteps:
		return fmt.Errorf("retrysim: Step is %v, which makes more than %d steps in %v; make it longer", cmp.Or(s.Step, time.Second), mostSteps, s.For)
	case len(s.Faults) > 10_000:
		return fmt.Errorf("retrysim: there are %d Faults; at most 10000 are simulated", len(s.Faults))
	case s.Server.Workers < 0 || s.Server.Queue < 0 || s.Server.Crowding < 0:
		return errors.New("retrysim: Server has a negative field")
	case s.Server.Optimistic && (s.Server != Server{Optimistic: true} || s.Hedge != nil):
		return errors.New("retrysim: Server.Optimistic goes with no other field of Server, and with no Hedge")
	}
	for _, err := range []error{s.Arrivals.check(float64(s.Clients), s.For), s.Network.check("Network"), s.Server.Service.check("Server.Service"), s.checkHedge()} {
		if err != nil {
			return err
		}
	}
	for i, f := range s.Faults {
		if f.From < 0 || f.To <= f.From || !(f.Fail >= 0 && f.Hang >= 0 && f.Fail+f.Hang <= 1) || f.After < 0 ||
			!(f.Slow >= 0 && f.Slow <= 1e9) || !part(f.SlowPart) || !part(f.Lost) {
			return fmt.Errorf("retrysim: Faults[%d] makes no sense: it must have From < To, parts from 0 to 1 (Fail and Hang together too) and nothing negative", i)
		}
	}
	for i, p := range append([]retry.Policy{s.Policy}, s.Outer...) {
		name := policyName(i)
		if i > 0 && (p.Timeout != 0 || p.Within != 0) {
			return fmt.Errorf("retrysim: %s has a Timeout or Within, which isn't simulated", name)
		}
		w.enter(i)
		if !builtin(p.Backoff) {
			if err := probe(p.Backoff); err != nil {
				return fmt.Errorf("retrysim: %s.Backoff: %w", name, err)
			}
		} else if _, err := p.Plan(); err != nil {
			return fmt.Errorf("retrysim: %s: %w", name, err)
		}
		w.leave()
	}
	return nil
}

func part(x float64) bool { return x >= 0 && x <= 1 }
