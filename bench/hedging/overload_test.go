package hedging

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// A server with ten workers and a queue without a limit, which can do a thousand requests a second, and callers who leave after half a
// second. Hedges are load that such a server can't shed; one that drops what was abandoned can.
func TestOverload(t *testing.T) {
	for _, drops := range []bool{false, true} {
		table := map[bool]string{false: "overload", true: "overload, dropped"}[drops]
		for _, load := range []int{70, 80, 90, 110} {
			column := fmt.Sprintf("%d %%", load)
			t.Run(name(table+" "+column), func(t *testing.T) {
				var without float64 // the share of good calls without hedging
				for _, h := range hedgers() {
					t.Run(name(h.Name), func(t *testing.T) {
						sum, worst := new(tally), 1.0
						for _, seed := range seeds() {
							synctest.Test(t, func(t *testing.T) {
								got := underLoad(t, h, seed, 10*float64(load), drops)
								worst = min(worst, got.good())
								sum.add(got)
							})
						}
						if h.Name == peers.NoHedge.Name {
							without = sum.good()
						}
						report(t, table, column, h.Name, fmt.Sprintf("%.1f %%, %s, %.2f×", 100*sum.good(), brief(sum.quantile(0.99)), sum.load()))
						if h.Name == peers.Ours && load <= 90 && (sum.good() < without-0.01 || worst < without-0.01) {
							t.Errorf("%.4f of the calls are good, in the worst run %.4f; without hedging it is %.4f", sum.good(), worst, without)
						}
					})
				}
			})
		}
	}
}

// A job is a request that waits in the queue.
type job struct {
	ctx  context.Context
	done chan struct{}
}

func underLoad(t *testing.T, h peers.Hedger, seed uint64, rate float64, drops bool) *tally {
	w := workload{seed: seed, rate: rate, lasts: 35 * time.Second, deadline: 500 * time.Millisecond}
	queue := make(chan job, 200_000)
	services := newSource(seed, 2)
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for j := range queue {
				d := time.Duration(services.draw((*rand.Rand).ExpFloat64) * float64(10*time.Millisecond))
				if !drops {
					time.Sleep(d)
				} else if j.ctx.Err() != nil || sleep(j.ctx, d) != nil {
					continue
				}
				close(j.done)
			}
		})
	}
	defer workers.Wait()
	defer close(queue)
	return w.run(t, h, 30*time.Millisecond, 1, warm, func(ctx context.Context) error {
		j := job{ctx, make(chan struct{})}
		queue <- j
		select {
		case <-j.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})[0]
}
