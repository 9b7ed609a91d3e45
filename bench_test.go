package retry_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Run with
//
//	go test -run '^$' -bench . -count 5 .
//
// and compare the medians with those of the hand-written loop in the same run.

var errFlaky = errors.New("connection refused")

// byHand is what a careful person would write.
func byHand(ctx context.Context, delays []time.Duration, f func(context.Context) error) error {
	var err error
	for _, d := range delays {
		if d > 0 {
			t := time.NewTimer(d)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
			}
		}
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if err = f(ctx); err == nil {
			return nil
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
	}
	return err
}

var (
	atOnce      = []time.Duration{0, 0, 0, 0, 0}
	withoutWait = retry.Policy{Backoff: retry.List(atOnce)}
)

// failing returns a function that fails n times, then succeeds, then fails n times again.
func failing(n int) func(context.Context) error {
	left := n
	return func(context.Context) error {
		if left == 0 {
			left = n
			return nil
		}
		left--
		return errFlaky
	}
}

func BenchmarkSuccess(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := failing(0)
	value := func(context.Context) (int, error) { return 1, nil }
	b.Run("by=hand", func(b *testing.B) {
		for b.Loop() {
			if byHand(ctx, atOnce, f) != nil {
				b.Fatal("failed")
			}
		}
	})
	for _, bc := range []struct {
		name   string
		policy retry.Policy
	}{
		{"zero", retry.Policy{}},
		{"list", withoutWait},
		{"exponential", retry.Policy{Backoff: retry.Exponential{Attempts: 5}}},
		{"budget", retry.Policy{Budget: retry.NewBudget(retry.BudgetSettings{})}},
	} {
		b.Run("by=Do/policy="+bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if retry.Do(ctx, bc.policy, f) != nil {
					b.Fatal("failed")
				}
			}
		})
	}
	b.Run("by=Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := retry.Get(ctx, retry.Policy{}, value); err != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("by=Do/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if retry.Do(ctx, retry.Policy{}, f) != nil {
					b.Error("failed")
				}
			}
		})
	})
}

func BenchmarkThreeFailures(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := failing(3)
	b.Run("by=hand", func(b *testing.B) {
		for b.Loop() {
			if byHand(ctx, atOnce, f) != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("by=Do", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if retry.Do(ctx, withoutWait, f) != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("by=Get", func(b *testing.B) {
		b.ReportAllocs()
		get := func(ctx context.Context) (int, error) { return 1, f(ctx) }
		for b.Loop() {
			if _, err := retry.Get(ctx, withoutWait, get); err != nil {
				b.Fatal("failed")
			}
		}
	})
}

func BenchmarkGivingUp(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := func(context.Context) error { return errFlaky }
	b.Run("by=hand", func(b *testing.B) {
		for b.Loop() {
			if byHand(ctx, atOnce, f) == nil {
				b.Fatal("succeeded")
			}
		}
	})
	b.Run("by=Do", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if retry.Do(ctx, withoutWait, f) == nil {
				b.Fatal("succeeded")
			}
		}
	})
}

// BenchmarkWaiting starts 100,000 calls that wait for an hour under one context, and reports what
// each of them holds, how long it takes to start them, and to end them all by cancelling it.
func BenchmarkWaiting(b *testing.B) {
	const calls = 100_000
	p := retry.Policy{Backoff: retry.List{0, time.Hour}}
	f := func(context.Context) (int, error) { return 0, errFlaky }
	for b.Loop() {
		ctx, cancel := context.WithCancelCause(context.Background())
		before, goroutines := heap(), runtime.NumGoroutine()
		begun := time.Now()
		started := make([]*retry.Call[int], calls)
		for i := range started {
			started[i] = retry.Start(ctx, p, f)
			if i%1000 == 0 {
				runtime.Gosched()
			}
		}
		for runtime.NumGoroutine() > goroutines {
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(time.Since(begun).Nanoseconds())/calls, "ns-to-start/call")
		b.ReportMetric(float64(heap()-before)/calls-8, "B/call") // 8 are the slice's
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines")
		begun = time.Now()
		cancel(errFlaky)
		for _, c := range started {
			c.Result()
		}
		b.ReportMetric(float64(time.Since(begun).Nanoseconds())/calls, "ns-to-cancel/call")
		runtime.KeepAlive(started)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
