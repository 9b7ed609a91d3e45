package retrysim_test

import (
	"math"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
	"github.com/callagain/retry/retrysim/internal/throttle"
)

// collapse is the scenario of Marc Brooker, "What is Backoff For?" (2022): a server that becomes slower the more it has to do, and a
// spike of five seconds.
func collapse(p retry.Policy, seed uint64) retrysim.Scenario {
	p.Timeout = 3 * time.Second
	return retrysim.Scenario{
		Policy:   p,
		Clients:  1,
		Arrivals: retrysim.Poisson(40).Spike(20*time.Second, 25*time.Second, 2),
		Network:  retrysim.Exp(100 * time.Millisecond),
		Server:   retrysim.Server{Service: retrysim.Fixed(time.Second), Crowding: 10 * time.Millisecond},
		For:      78 * time.Second,
		Seed:     seed,
	}
}

func TestCollapse(t *testing.T) {
	for _, test := range []struct {
		name     string
		policy   retry.Policy
		throttle func() retrysim.Throttle
		want     float64 // the share of runs that collapse for good
	}{
		{"no retry", attempts(1), nil, 0},
		{"three tries at once", attempts(3), nil, 0.71},
		{"backoff", retry.Policy{Attempts: 3, Backoff: retry.Exponential{Initial: 20 * time.Second}}, nil, 0},
		{"bucket", attempts(3), func() retrysim.Throttle { return &throttle.Bucket{PerCall: 0.1, Level: 5, Cap: 5, Above: 1} }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			runs, errors := 200, 2.0
			if raced {
				runs, errors = 20, 4
			}
			collapsed := 0
			for seed := range uint64(runs) {
				s := collapse(test.policy, seed)
				s.Throttle = test.throttle
				if r := run(t, s); r.Between(68*time.Second, 78*time.Second).Succeeded < 5*40 {
					collapsed++
				}
			}
			share := float64(collapsed) / float64(runs)
			t.Logf("%.2f of %d runs collapsed", share, runs)
			err := math.Sqrt(test.want * (1 - test.want) / float64(runs))
			if math.Abs(share-test.want) > errors*math.Hypot(err, math.Sqrt(test.want*(1-test.want)/200)) { // the published share is of 200 runs
				t.Errorf("%.2f of the runs collapsed; want %.2f", share, test.want)
			}
		})
	}
}
