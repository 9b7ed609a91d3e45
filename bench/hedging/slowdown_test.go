package hedging

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// All attempts take ten times as long for half a minute. That all are slow is no reason to make more of them.
func TestSlowdown(t *testing.T) {
	for _, deadline := range []time.Duration{0, 100 * time.Millisecond} {
		table := map[bool]string{false: "slowdown", true: "slowdown, deadline"}[deadline > 0]
		for _, rate := range []float64{1, 10, 100, 1000} {
			column := fmt.Sprintf("%.0f/s", rate)
			t.Run(name(table+" "+column), func(t *testing.T) {
				for _, h := range hedgers() {
					t.Run(name(h.Name), func(t *testing.T) {
						sum := []*tally{{}, {}, {}}
						n := seeds()
						if rate < 100 {
							n = []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
						}
						for _, seed := range n {
							synctest.Test(t, func(t *testing.T) {
								for i, got := range slowdown(t, h, seed, rate, deadline) {
									sum[i].add(got)
								}
							})
						}
						report(t, table, column, h.Name, fmt.Sprintf("%.2f× / %.2f× / %.2f×", sum[0].load(), sum[1].load(), sum[2].load()))
						if h.Name == peers.Ours && sum[1].load() > 1.1 {
							t.Errorf("from the fifth second on the load is %.3f", sum[1].load())
						}
					})
				}
			})
		}
	}
}

// slowdown returns what happened in the first five seconds of the slow time, in the rest of it, and after it.
func slowdown(t *testing.T, h peers.Hedger, seed uint64, rate float64, deadline time.Duration) []*tally {
	const from, to = 60 * time.Second, 90 * time.Second
	latencies := newSource(seed, 2)
	begun := time.Now()
	w := workload{seed: seed, rate: rate, lasts: 120 * time.Second, deadline: deadline}
	phase := func(since time.Duration) int {
		switch {
		case since < from:
			return -1
		case since < from+5*time.Second:
			return 0
		case since < to:
			return 1
		}
		return 2
	}
	return w.run(t, h, 19500*time.Microsecond, 3, phase, func(ctx context.Context) error {
		ms := 10 + 10*latencies.draw((*rand.Rand).Float64)
		if since := time.Since(begun); since >= from && since < to {
			ms *= 10
		}
		return sleep(ctx, time.Duration(ms*float64(time.Millisecond)))
	})
}
