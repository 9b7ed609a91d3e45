package costs

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
)

var errDown = errors.New("connection refused")

// failing returns a function that fails n times, then succeeds, then fails n times again.
func failing(n int) func(context.Context) (int, error) {
	left := n
	return func(context.Context) (int, error) {
		if left == 0 {
			left = n
			return 1, nil
		}
		left--
		return 0, errDown
	}
}

func succeed(context.Context) (int, error) { return 1, nil }

// each runs a benchmark on every contender, under a context that can be canceled, as most are.
func each(b *testing.B, run func(b *testing.B, ctx context.Context, c contender)) {
	for _, c := range contenders {
		b.Run("lib="+c.lib, func(b *testing.B) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			run(b, ctx, c)
		})
	}
}

func BenchmarkSuccess(b *testing.B) {
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		b.ReportAllocs()
		if err := c.calls(0).value(ctx, b.N, succeed); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSuccessErrorOnly(b *testing.B) {
	f := func(context.Context) error { return nil }
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		b.ReportAllocs()
		calls := c.calls(0)
		if calls.plain == nil {
			b.Skip("has only the form that returns a value")
		}
		if err := calls.plain(ctx, b.N, f); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSuccessParallel(b *testing.B) {
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		b.ReportAllocs()
		calls := c.calls(0)
		workers := runtime.GOMAXPROCS(0)
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				if err := calls.value(ctx, b.N/workers+1, succeed); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func BenchmarkThreeFailures(b *testing.B) {
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		b.ReportAllocs()
		if err := c.calls(0).value(ctx, b.N, failing(3)); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkGivingUp(b *testing.B) {
	each(b, func(b *testing.B, ctx context.Context, c contender) {
		b.ReportAllocs()
		err := c.calls(0).value(ctx, b.N, func(context.Context) (int, error) { return 0, errDown })
		if !errors.Is(err, errDown) {
			b.Fatal(err)
		}
	})
}
