package retrysim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
	"github.com/callagain/retry/retrysim/internal/throttle"
)

// database is the scenario of Bronson, Aghayev, Charapko and Zhu, "Metastable Failures in Distributed Systems" (HotOS 2021), section 2:
// a database that can do 300 queries a second stalls for ten seconds, while callers leave after one second and it goes on
// working for those that have left. What the paper leaves open is as follows: one worker, a queue without a limit, arrivals evenly
// spaced, retries at once.
func database(perSecond float64, p retry.Policy) retrysim.Scenario {
	p.Timeout = time.Second
	return retrysim.Scenario{
		Policy:   p,
		Clients:  1,
		Arrivals: retrysim.Even(perSecond),
		Server:   retrysim.Server{Workers: 1, Service: retrysim.Fixed(time.Second / 300)},
		Faults:   []retrysim.Fault{{From: 20 * time.Second, To: 30 * time.Second, Lost: 1}},
		For:      700 * time.Second,
	}
}

func attempts(n int) retry.Policy { return retry.Policy{Attempts: n, Backoff: retry.Constant(0)} }

// earned is a budget that each call adds to as it begins. Nothing is saved up: what the first 20 seconds would have earned makes
// the recovery longer by 20 b L / (300 - L (1+b)).
func earned(perCall float64) func() retrysim.Throttle {
	return func() retrysim.Throttle { return &throttle.Bucket{PerCall: perCall, Cap: 1, Above: 1 - 1e-9} }
}

func TestMetastableFailure(t *testing.T) {
	const never = math.MaxInt
	flat20 := func() retrysim.Throttle { return throttle.Flat(20, 0.1, 1./30) }
	for _, test := range []struct {
		name     string
		policy   retry.Policy
		throttle func() retrysim.Throttle
		want     [4]int // seconds after the stall, at 140, 250, 265 and 280 calls a second
	}{
		{"no retry", attempts(1), nil, [4]int{8, 45, 68, 126}},
		{"1 retry", attempts(2), nil, [4]int{119, never, never, never}},
		{"3 retries", attempts(4), nil, [4]int{never, never, never, never}},
		{"+20%", attempts(4), earned(0.2), [4]int{11, never, never, never}},
		{"+10%", attempts(4), earned(0.1), [4]int{9, 99, 308, never}},
		{"+5%", attempts(4), earned(0.05), [4]int{9, 63, 116, 442}},
		{"flat 20", attempts(4), flat20, [4]int{8, 46, 69, 127}},
		{"ten attempts from 10ms", retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: 10 * time.Millisecond}}, nil, [4]int{never, never, never, never}},
	} {
		for i, rate := range []float64{140, 250, 265, 280} {
			if raced && i > 0 {
				break
			}
			t.Run(fmt.Sprintf("%s/%v", test.name, rate), func(t *testing.T) {
				s := database(rate, test.policy)
				s.Throttle = test.throttle
				if test.want[i] == never {
					s.For = 200 * time.Second
				}
				got := run(t, s).Recovered
				if test.want[i] == never {
					if got != retrysim.Never {
						t.Errorf("recovered after %v; want never", got)
					}
				} else if want := float64(test.want[i]); math.Abs(got.Seconds()-want) > max(2, 0.01*want) {
					t.Errorf("recovered after %v; want %v s, give or take 2 s or 1 %%", got, want)
				}
			})
		}
	}
}

// A budget of the ratio b is safe only while calls * (1 + b) is below the capacity: then the backlog is worked off at what is left.
func TestMetastableFailureRecoversByTheClosedForm(t *testing.T) {
	const capacity = 300
	for _, b := range []float64{0.1, 0, 0.05, 0.2} {
		if raced && b != 0.1 {
			break
		}
		for rate := 100.0; rate*(1+b) < 0.96*capacity; rate += 20 {
			backlog := 10*rate + 9*b*rate
			want := (backlog - capacity) / (capacity - rate*(1+b))
			s := database(rate, attempts(4))
			s.Throttle = earned(b)
			got := run(t, s).Recovered.Seconds()
			if math.Abs(got-want) > 2.5 { // 2, and the rounding to steps
				t.Errorf("%v calls/s, +%v%%: recovered after %v s; want %.1f", rate, 100*b, got, want)
			}
		}
	}
}
