package goretry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	seth "github.com/sethvargo/go-retry"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func TestSame(t *testing.T) {
	timeline.Same(t,
		timeline.Pair{Name: "constant", Before: beforeConstant, After: afterConstant},
		timeline.Pair{Name: "exponential", Before: beforeExponential, After: afterExponential},
		timeline.Pair{Name: "mark", Before: beforeMark, After: afterMark},
		timeline.Pair{Name: "value", Before: beforeValue, After: afterValue},
		timeline.Pair{Name: "endless", Before: beforeEndless, After: afterEndless},
		timeline.Pair{Name: "fibonacci", Before: beforeFibonacci, After: afterFibonacci},
		timeline.Pair{Name: "func", Before: beforeFunc, After: afterFunc},
		timeline.Pair{Name: "duration", Before: beforeDuration, After: afterDuration, Skip: []string{"fails for good", "slow"}}, // see TestDifferences
	)
}

// Full jitter is the same in both: from 0 to the delay.
func TestFullJitter(t *testing.T) {
	for _, call := range []timeline.Call{beforeJitter, afterJitter} {
		var sum, most [3]time.Duration
		const runs = 2000
		for range runs {
			at := timeline.Of(t, call, 0, 0, slices.Repeat([]error{io.EOF}, 9)...).At
			for i := range sum {
				d := at[i+1] - at[i]
				sum[i] += d
				most[i] = max(most[i], d)
			}
		}
		for i := range sum {
			full := time.Second << i
			if mean := sum[i] / runs; mean < full*45/100 || mean > full*55/100 || most[i] > full || most[i] < full*95/100 {
				t.Errorf("delay %d is %v on average and at most %v", i+1, mean, most[i])
			}
		}
	}
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 99)

	// A Backoff goes on where the last call ended; a policy doesn't.
	shared := seth.WithMaxRetries(3, seth.NewConstant(time.Second))
	before := func(ctx context.Context, fetch func(context.Context) error) error {
		return seth.Do(ctx, shared, func(ctx context.Context) error { return seth.RetryableError(fetch(ctx)) })
	}
	first, second := timeline.Of(t, before, 0, 0, failures...), timeline.Of(t, before, 0, 0, failures...)
	if len(first.At) != 4 || len(second.At) != 1 {
		t.Errorf("a Backoff that is kept: %d attempts, then %d", len(first.At), len(second.At))
	}
	if a := timeline.Of(t, afterConstant, 0, 0, failures...); len(a.At) != 4 || !errors.Is(a.Err, retry.ErrExhausted) {
		t.Errorf("%d attempts, %v", len(a.At), a.Err)
	}

	// The last delay is cut short, for one more attempt at the limit.
	b, a := timeline.Of(t, beforeDuration, 0, 300*time.Millisecond, failures...), timeline.Of(t, afterDuration, 0, 300*time.Millisecond, failures...)
	if len(b.At) != 9 || b.At[8] != 10*time.Second || len(a.At) != 8 || a.Err == nil {
		t.Errorf("WithMaxDuration: attempts at %v before, %v after", b.At, a.At)
	}

	// What is wrapped around a mark is lost.
	wrapped := func(ctx context.Context, fetch func(context.Context) error) error {
		return seth.Do(ctx, seth.WithMaxRetries(1, seth.NewConstant(time.Second)), func(ctx context.Context) error {
			return fmt.Errorf("load user 42: %w", seth.RetryableError(fetch(ctx)))
		})
	}
	if b := timeline.Of(t, wrapped, 0, 0, failures...); b.Err != io.EOF {
		t.Errorf("a mark that is wrapped: %v before", b.Err)
	}
	if b, a := timeline.Of(t, beforeConstant, 1500*time.Millisecond, 0, failures...), timeline.Of(t, afterConstant, 1500*time.Millisecond, 0, failures...); errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) {
		t.Errorf("canceled in a delay: %v before, %v after", b.Err, a.Err)
	}
}
