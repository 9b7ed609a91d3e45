package retrysim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// When clients call.
func ExampleArrivals() {
	for _, a := range []retrysim.Arrivals{
		retrysim.Herd(),
		retrysim.Even(1),
		retrysim.Poisson(1),
		retrysim.Poisson(1).Spike(2*time.Second, 3*time.Second, 10),
		retrysim.Trace(0, time.Second, time.Second),
	} {
		r, err := retrysim.Run(context.Background(), retrysim.Scenario{Clients: 100, Arrivals: a, For: 5 * time.Second, Server: retrysim.Server{Workers: 10}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Calls, "calls")
	}
	// Output:
	// 100 calls
	// 499 calls
	// 507 calls
	// 1368 calls
	// 3 calls
}

// How long the network or the server takes.
func ExampleLatency() {
	for _, l := range []retrysim.Latency{
		retrysim.Fixed(10 * time.Millisecond),
		retrysim.Exp(10 * time.Millisecond),
		retrysim.Normal(10*time.Millisecond, time.Millisecond),
		retrysim.LogNormal(10*time.Millisecond, 100*time.Millisecond),
		retrysim.Uniform(5*time.Millisecond, 15*time.Millisecond),
	} {
		fmt.Println(l)
	}
	// Output:
	// 10ms
	// exponential, mean 10ms
	// normal, mean 10ms, deviation 1ms
	// log-normal, median 10ms, sigma 0.99
	// uniform, 5ms to 15ms
}

// Time passes in steps, each with its counts.
func ExampleStep() {
	r, err := retrysim.Run(context.Background(), retrysim.Scenario{
		Policy:   retry.Policy{Budget: &retry.Budget{}},
		Clients:  100,
		Arrivals: retrysim.Even(1),
		Server:   retrysim.Server{Workers: 10, Service: retrysim.Fixed(10 * time.Millisecond)},
		Faults:   []retrysim.Fault{{From: time.Second, To: 2 * time.Second, Fail: 1, Err: retrysim.ErrCut}},
		For:      10 * time.Second,
		Step:     time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range r.Steps[:3] {
		var s retrysim.Step = s
		fmt.Println(s.At, s.Calls, "calls", s.Attempts, "attempts")
	}
	var all retrysim.Counts = r.Between(0, time.Second)
	fmt.Printf("%.2f attempts for each call before; recovered: %v\n", all.Load(), r.Recovered != retrysim.Never)
	// Output:
	// 0s 99 calls 99 attempts
	// 1s 100 calls 343 attempts
	// 2s 100 calls 137 attempts
	// 1.00 attempts for each call before; recovered: true
}

// A throttle of one's own, to be compared with a retry.Budget: at most ten retries.
type ten int

func (*ten) Began(time.Duration)             {}
func (*ten) Ended(time.Duration, int, error) {}
func (t *ten) Retry(time.Duration) bool      { *t++; return *t <= 10 }

func ExampleThrottle() {
	r, err := retrysim.Run(context.Background(), retrysim.Scenario{
		Throttle: func() retrysim.Throttle { return new(ten) },
		Clients:  1,
		Arrivals: retrysim.Even(10),
		Faults:   []retrysim.Fault{{To: time.Hour, Fail: 1}},
		For:      10 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Calls, "calls,", r.Attempts, "attempts")
	// Output: 99 calls, 109 attempts
}
