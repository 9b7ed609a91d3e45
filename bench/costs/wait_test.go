package costs

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// waiting is how many calls wait at once.
const waiting = 100_000

// A waited is what a waiting call costs.
type waited struct{ Bytes, Goroutines, ToStart, ToCancel float64 }

// BenchmarkWaiting starts 100,000 calls that fail once and then wait for ten minutes, under one context, and cancels it. What
// it reports is for each call. Each time is in a process of its own: goroutines that ended leave room behind, and the next
// ones would seem to cost less.
func BenchmarkWaiting(b *testing.B) {
	each(b, func(b *testing.B, _ context.Context, c contender) {
		if c.lib == "avast-reused" || c.lib == "rican7" {
			b.Skip("has no context of the call, and so can't be canceled")
		}
		var sum waited
		for range b.N {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), "COSTS_WAITING="+c.lib)
			child.Stderr = os.Stderr
			out, err := child.Output()
			if err != nil {
				b.Fatal(err)
			}
			var one waited
			if err := json.Unmarshal(out, &one); err != nil {
				b.Fatal(err)
			}
			sum.Bytes += one.Bytes
			sum.Goroutines += one.Goroutines
			sum.ToStart += one.ToStart
			sum.ToCancel += one.ToCancel
		}
		each := waiting * float64(b.N)
		b.ReportMetric(sum.Bytes/each, "B/waiting")
		b.ReportMetric(max(0, math.Round(sum.Goroutines/each*1000)/1000), "goroutines/waiting")
		b.ReportMetric(sum.ToStart/each, "ns-to-start")
		b.ReportMetric(sum.ToCancel/each, "ns-to-cancel")
		b.ReportMetric(0, "ns/op")
	})
}

// measureWaiting is what the process of its own does.
func measureWaiting(lib string) error {
	i := slices.IndexFunc(contenders, func(c contender) bool { return c.lib == lib })
	if i < 0 {
		return fmt.Errorf("no library %q", lib)
	}
	calls := contenders[i].calls(10 * time.Minute)
	ctx, cancel := context.WithCancel(context.Background())
	var failed atomic.Int32
	all := make(chan struct{})
	f := func(context.Context) (int, error) {
		if failed.Add(1) == waiting {
			close(all)
		}
		return 0, errDown
	}
	var w waited
	bytes, goroutines := held(), runtime.NumGoroutine()
	begun := time.Now()
	wait := calls.run(ctx, waiting, func(int) func(context.Context) (int, error) { return f })
	<-all
	w.ToStart = float64(time.Since(begun))
	settle()
	w.Bytes = float64(held() - bytes)
	w.Goroutines = float64(runtime.NumGoroutine() - goroutines)
	begun = time.Now()
	cancel()
	wait()
	w.ToCancel = float64(time.Since(begun))
	return json.NewEncoder(os.Stdout).Encode(w)
}

// BenchmarkLateness starts 10,000 calls that fail once and then wait for 100ms, and reports how much later than that
// their second attempts come.
func BenchmarkLateness(b *testing.B) {
	const n, delay = 10_000, 100 * time.Millisecond
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		calls := c.calls(delay)
		var late []time.Duration
		for range b.N {
			runtime.GC()
			each := make([]time.Duration, n)
			calls.run(ctx, n, func(i int) func(context.Context) (int, error) {
				var failed time.Time
				return func(context.Context) (int, error) {
					if failed.IsZero() {
						failed = time.Now()
						return 0, errDown
					}
					each[i] = time.Since(failed) - delay
					return 1, nil
				}
			})()
			late = append(late, each...)
		}
		slices.Sort(late)
		b.ReportMetric(float64(late[len(late)/2]), "ns-late-p50")
		b.ReportMetric(float64(late[len(late)*99/100]), "ns-late-p99")
		b.ReportMetric(0, "ns/op")
	})
}

// settle waits until the goroutines that were started have come to rest.
func settle() {
	for last := -1; last != runtime.NumGoroutine(); time.Sleep(50 * time.Millisecond) {
		last = runtime.NumGoroutine()
	}
}

// held is the memory that is in use, goroutines' stacks included.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
