package hedging

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// Some attempts are much slower than others, whatever the load.
func TestStalled(t *testing.T) {
	const ms = time.Millisecond
	stalled := func(share float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			d := float64(10*ms) + r.Float64()*float64(10*ms)
			if r.Float64() < share {
				d += float64(time.Second)
			}
			return d
		}
	}
	for _, tt := range []struct {
		column  string
		usual   time.Duration
		latency func(*rand.Rand) float64
		q       float64       // the quantile that hedging is for here
		most    time.Duration // what it may be at most
	}{
		{"1 % stalled", 19500 * time.Microsecond, stalled(0.01), 0.999, 60 * ms},
		{"5 % stalled", 19500 * time.Microsecond, stalled(0.05), 0.99, 60 * ms},
		{"10 % stalled", 19500 * time.Microsecond, stalled(0.10), 0.98, 60 * ms},
		{"log-normal", 104 * ms, func(r *rand.Rand) float64 { return float64(20*ms) * math.Exp(r.NormFloat64()) }, 0.999, 400 * ms},
	} {
		t.Run(name(tt.column), func(t *testing.T) {
			for _, h := range hedgers() {
				t.Run(name(h.Name), func(t *testing.T) {
					sum := new(tally)
					for _, seed := range seeds() {
						synctest.Test(t, func(t *testing.T) {
							latencies := newSource(seed, 2)
							w := workload{seed: seed, rate: 100, lasts: 105 * time.Second}
							sum.add(w.run(t, h, tt.usual, 1, warm, func(ctx context.Context) error {
								return sleep(ctx, time.Duration(latencies.draw(tt.latency)))
							})[0])
						})
					}
					report(t, "stalled", tt.column, h.Name, fmt.Sprintf("%s / %s / %s / %s, %.2f×",
						brief(sum.quantile(0.5)), brief(sum.quantile(0.98)), brief(sum.quantile(0.99)), brief(sum.quantile(0.999)), sum.load()))
					if h.Name != peers.Ours {
						return
					}
					if got := sum.quantile(tt.q); got > tt.most {
						t.Errorf("the quantile %v is %v; want at most %v", tt.q, got, tt.most)
					}
					if sum.load() > 1.11 {
						t.Errorf("the load is %.3f", sum.load())
					}
				})
			}
		})
	}
}
