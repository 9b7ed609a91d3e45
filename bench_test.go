package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// The figures of docs/costs.md: everything in one run, beside the loop that a careful person writes by hand. Quote medians of several
// runs (-count), as ratios.

type ctxKey int

// layers returns a context like a server's: cancelable, with n values.
func layers(n int) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	for i := range n {
		ctx = context.WithValue(ctx, ctxKey(i), i)
	}
	return ctx, cancel
}

// hand is the loop that a careful person writes: attempts, a doubling delay, the context.
//
//go:noinline
func hand(ctx context.Context, attempts int, initial time.Duration, f func(context.Context) error) (err error) {
	delay := initial
	for i := range attempts {
		if i > 0 && delay > 0 {
			t := time.NewTimer(delay)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return errors.Join(err, ctx.Err())
			}
			delay *= 2
		}
		if e := ctx.Err(); e != nil {
			return errors.Join(err, e)
		}
		if err = f(ctx); err == nil {
			return nil
		}
	}
	return err
}

var policies = []struct {
	name   string
	policy retry.Policy
}{
	{"zero", retry.Policy{}},
	{"budget", retry.Policy{Budget: new(retry.Budget)}},
	{"list", retry.Policy{Backoff: retry.List{0, time.Second, time.Second, time.Second, time.Second}}},
	{"exponential", retry.Policy{Backoff: retry.Exponential{Initial: time.Second, Jitter: retry.EqualJitter}}},
	{"decorrelated", retry.Policy{Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter}}},
	{"constant", retry.Policy{Backoff: retry.Constant(time.Second)}},
	{"seq", retry.Policy{Backoff: retry.Seq(retry.List{0, time.Second}.Delays())}},
	{"log_off", retry.Policy{Observe: retry.Log(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})))}},
	{"around", retry.Policy{Around: func(ctx context.Context, attempt func(context.Context) error) error { return attempt(ctx) }}},
}

func benchmarkSuccess(b *testing.B, ctx context.Context) {
	n := 0
	f := func(context.Context) error { n++; return nil }
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			hand(ctx, 4, 100*time.Millisecond, f)
		}
	})
	for _, p := range policies {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				retry.Do(ctx, p.policy, f)
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			retry.Get(ctx, retry.Policy{}, func(context.Context) (int, error) { n++; return n, nil })
		}
	})
	b.Run("loop", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var loop retry.Loop
			for range loop.Attempts(ctx, retry.Policy{}) {
				n++
				loop.Done(nil)
			}
		}
	})
}

// In a process that has never retried, a success looks for nothing. So this one comes first.
func BenchmarkSuccess(b *testing.B) {
	ctx, cancel := layers(0)
	defer cancel()
	benchmarkSuccess(b, ctx)
}

func BenchmarkSuccessAfterARetry(b *testing.B) {
	ctx, cancel := layers(0)
	defer cancel()
	retry.Do(ctx, retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { return errBusy })
	benchmarkSuccess(b, ctx)
}

func BenchmarkSuccessUnderFiveLayers(b *testing.B) {
	ctx, cancel := layers(5)
	defer cancel()
	benchmarkSuccess(b, ctx)
}

func BenchmarkThreeFailures(b *testing.B) {
	ctx, cancel := layers(0)
	defer cancel()
	n := 0
	f := func(context.Context) error {
		if n++; n%4 != 0 {
			return errBusy
		}
		return nil
	}
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			hand(ctx, 4, 0, f)
		}
	})
	for _, backoff := range []retry.Backoff{retry.Constant(0), retry.List{0, 0, 0, 0}} {
		p := retry.Policy{Backoff: backoff}
		b.Run(fmt.Sprintf("%T", backoff), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				retry.Do(ctx, p, f)
			}
		})
	}
}

func BenchmarkGivingUpAfterFive(b *testing.B) {
	ctx, cancel := layers(0)
	defer cancel()
	f := func(context.Context) error { return errBusy }
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			hand(ctx, 5, 0, f)
		}
	})
	p := retry.Policy{Backoff: retry.List{0, 0, 0, 0, 0}}
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			retry.Do(ctx, p, f)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range policies {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			var at retry.Position
			for b.Loop() {
				next, _, end := p.policy.Next(at, now, errBusy)
				if at = next; end != nil {
					at = retry.Position{Began: now, Seed: 1}
				}
			}
		})
	}
}

func BenchmarkBudget(b *testing.B) {
	b.Run("take", func(b *testing.B) {
		budget := &retry.Budget{Ratio: 1}
		for b.Loop() {
			budget.Earn()
			budget.Take()
		}
	})
	b.Run("refused", func(b *testing.B) {
		budget := new(retry.Budget)
		for b.Loop() {
			budget.Take()
		}
	})
	b.Run("earn", func(b *testing.B) {
		budget := new(retry.Budget)
		for b.Loop() {
			budget.Earn()
		}
	})
}

func BenchmarkLogOff(b *testing.B) {
	log := retry.Log(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})))
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		log(ctx, retry.Event{Attempt: 1})
	}
}
