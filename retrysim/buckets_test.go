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

// buckets is the scenario of Marc Brooker, "Fixing retries with token buckets and circuit breakers" (2022).
func buckets(failing float64, seed uint64) retrysim.Scenario {
	return retrysim.Scenario{
		Policy:   attempts(4),
		Clients:  100,
		Arrivals: retrysim.Poisson(10),
		Network:  retrysim.Exp(10 * time.Millisecond),
		Faults:   []retrysim.Fault{{To: time.Hour, Fail: failing}},
		For:      20 * time.Second,
		Drain:    true,
		Seed:     seed,
	}
}

func TestTokenBuckets(t *testing.T) {
	type column struct{ load, success [4]float64 }
	for _, test := range []struct {
		name   string
		change func(*retrysim.Scenario)
		want   column // at 10, 30, 50 and 100 % failing; 0 isn't checked
	}{
		{"none", func(s *retrysim.Scenario) { s.Policy = attempts(1) }, column{[4]float64{1, 1, 1, 1}, [4]float64{0.901, 0.700, 0.499, 0}}},
		{"3 retries", func(*retrysim.Scenario) {}, column{[4]float64{1.110, 1.419, 1.875, 4}, [4]float64{1, 0.992, 0.938, 0}}},
		{"bucket", func(s *retrysim.Scenario) {
			s.Throttle = func() retrysim.Throttle { return &throttle.Bucket{Level: 5, PerCall: 0.1, Above: 1} }
			s.Policy.Attempts = endless
		}, column{[4]float64{1.098, 1.120, 1.121, 1.122}, [4]float64{0.989, 0.784, 0.562, 0}}},
		{"breaker", func(s *retrysim.Scenario) {
			s.Throttle = func() retrysim.Throttle { return &throttle.Breaker{Ratio: 0.1} }
		}, column{[4]float64{1.034, 1, 1, 1}, [4]float64{0.932, 0.700, 0.499, 0}}},
		{"a token a second", func(s *retrysim.Scenario) {
			s.Policy.Attempts = endless
			s.Policy.Budget = &retry.Budget{Ratio: 1e-9, Min: 5, Every: time.Second}
		}, column{[4]float64{1.098, 1.120, 1.121, 1.122}, [4]float64{0.989, 0.784, 0.562, 0}}},
		{"earned by successes", func(s *retrysim.Scenario) {
			s.Throttle = func() retrysim.Throttle { return throttle.Flat(5, 0.1, 0) }
		}, column{[4]float64{0, 1.097, 1.075, 1.025}, [4]float64{0, 0.768, 0.538, 0}}},
		{"Budget", func(s *retrysim.Scenario) {
			s.Policy.Budget = &retry.Budget{}
		}, column{}},
	} {
		for i, failing := range []float64{0.1, 0.3, 0.5, 1} {
			if raced && failing != 0.3 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v", test.name, failing), func(t *testing.T) {
				var load, success sample
				for seed := range uint64(8) {
					s := buckets(failing, seed)
					test.change(&s)
					r := run(t, s)
					if r.InProgress != 0 {
						t.Fatalf("%d calls didn't end", r.InProgress)
					}
					load.add(r.Load())
					success.add(r.Success())
				}
				t.Logf("%.3f/%.3f want %.3f/%.3f", load.mean(), success.mean(), test.want.load[i], test.want.success[i])
				if want := test.want.load[i]; want != 0 {
					load.want(t, want)
					success.want(t, test.want.success[i])
				}
			})
		}
	}
}

// A sample is of independent runs.
type sample []float64

func (s *sample) add(x float64) { *s = append(*s, x) }

func (s sample) mean() float64 {
	sum := 0.0
	for _, x := range s {
		sum += x
	}
	return sum / float64(len(s))
}

// err returns the standard error of the mean.
func (s sample) err() float64 {
	sum := 0.0
	for _, x := range s {
		sum += (x - s.mean()) * (x - s.mean())
	}
	n := float64(len(s))
	return math.Sqrt(sum / (n - 1) / n)
}

// want fails t if the mean isn't what was published, within 5 % or two standard errors.
func (s sample) want(t *testing.T, want float64) {
	t.Helper()
	if diff := math.Abs(s.mean() - want); diff > max(0.05*want, 2*s.err()) {
		t.Errorf("mean of %d runs is %.4g, with a standard error of %.2g; want %.4g", len(s), s.mean(), s.err(), want)
	}
}
