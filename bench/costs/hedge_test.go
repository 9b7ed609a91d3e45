package costs

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// BenchmarkHedge calls a hedged function that answers at once, so that it isn't hedged.
func BenchmarkHedge(b *testing.B) {
	eachHedger(b, func(b *testing.B, hedged func() call) {
		f, ctx := hedged(), b.Context()
		b.ReportAllocs()
		for b.Loop() {
			f(ctx)
		}
	})
}

// BenchmarkHedgeContention has 16 goroutines call one hedged function, and, in turns with that, a function each. It reports how many times as long
// the first takes.
func BenchmarkHedgeContention(b *testing.B) {
	eachHedger(b, func(b *testing.B, hedged func() call) {
		const goroutines, turn = 16, 1000
		one := hedged()
		var each [goroutines]call
		for i := range each {
			each[i] = hedged()
		}
		run := func(f func(i int) call) time.Duration {
			begun := time.Now()
			var all sync.WaitGroup
			for i := range goroutines {
				g := f(i)
				all.Go(func() {
					for range turn {
						g(b.Context())
					}
				})
			}
			all.Wait()
			return time.Since(begun)
		}
		var shared, apart time.Duration
		for b.Loop() {
			shared += run(func(int) call { return one })
			apart += run(func(i int) call { return each[i] })
		}
		b.ReportMetric(float64(shared)/float64(apart), "shared/apart")
		b.ReportMetric(0, "ns/op")
	})
}

type call = func(context.Context) (int, error)

func eachHedger(b *testing.B, run func(b *testing.B, hedged func() call)) {
	for _, h := range peers.AllHedgers()[1:] {
		b.Run("lib="+hedgerLib[h.Name], func(b *testing.B) {
			run(b, func() call {
				f := h.Make(time.Second, func(context.Context, int) (int, error) { return 1, nil })
				for range 100 { // latencies are known
					f(b.Context())
				}
				return f
			})
		})
	}
}

// hedgerLib are the names that the tables of costs have for the ways of hedging.
var hedgerLib = map[string]string{
	peers.Ours:                    "callagain",
	"failsafe-go":                 "failsafe",
	"failsafe-go with its budget": "failsafe-budget",
	"by hand, a fixed delay":      "hand",
}
