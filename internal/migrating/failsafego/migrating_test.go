package failsafego

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func TestSame(t *testing.T) {
	timeline.Same(t,
		timeline.Pair{Name: "delay", Before: beforeDelay, After: afterDelay},
		timeline.Pair{Name: "backoff", Before: beforeBackoff, After: afterBackoff},
		timeline.Pair{Name: "factor", Before: beforeFactor, After: afterFactor},
		timeline.Pair{Name: "get", Before: beforeGet, After: afterGet},
		timeline.Pair{Name: "handle", Before: beforeHandle, After: afterHandle},
		timeline.Pair{Name: "abort", Before: beforeAbort, After: afterAbort},
		timeline.Pair{Name: "listener", Before: beforeListener, After: afterListener},
		timeline.Pair{Name: "delay func", Before: beforeDelayFunc, After: afterDelayFunc},
		timeline.Pair{Name: "result", Before: beforeResult, After: afterResult},
		timeline.Pair{Name: "timeout", Before: beforeTimeout, After: afterTimeout},
		timeline.Pair{Name: "breaker", Before: beforeBreaker, After: afterBreaker},
		timeline.Pair{Name: "fallback", Before: beforeFallback, After: afterFallback},
	)
}

// A hedge begins at the same time, and the first success wins.
func TestHedge(t *testing.T) {
	for name, call := range map[string]timeline.Call{"before": beforeHedge, "after": afterHedge} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var mu sync.Mutex
			var at []time.Duration
			err := call(t.Context(), func(ctx context.Context) error {
				mu.Lock()
				at = append(at, time.Since(began))
				n := len(at)
				mu.Unlock()
				wait := time.Second
				if n > 1 {
					wait = 100 * time.Millisecond
				}
				select {
				case <-time.After(wait):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			if took := time.Since(began); err != nil || took != 300*time.Millisecond || !slices.Equal(at, []time.Duration{0, 200 * time.Millisecond}) {
				t.Errorf("%s: %v after %v, attempts at %v", name, err, took, at)
			}
			synctest.Wait()
		})
	}
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 99)
	canceled := slices.Repeat([]error{context.Canceled}, 99)
	if b, a := timeline.Of(t, beforeDelay, 0, 0, canceled...), timeline.Of(t, afterDelay, 0, 0, canceled...); len(b.At) != 4 || len(a.At) != 1 {
		t.Errorf("context.Canceled from the function: %d attempts before, %d after", len(b.At), len(a.At))
	}
	if b, a := timeline.Of(t, beforeDelay, 1500*time.Millisecond, 0, failures...), timeline.Of(t, afterDelay, 1500*time.Millisecond, 0, failures...); errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) {
		t.Errorf("canceled in a delay: %v before, %v after", b.Err, a.Err)
	}
	nested := func(call timeline.Call) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			return call(ctx, func(ctx context.Context) error { return call(ctx, fetch) })
		}
	}
	if b, a := timeline.Of(t, nested(beforeDelay), 0, 0, failures...), timeline.Of(t, nested(afterDelay), 0, 0, failures...); len(b.At) != 16 || len(a.At) != 4 {
		t.Errorf("nested: %d attempts before, %d after", len(b.At), len(a.At))
	}
	deadline := func(call timeline.Call, end *time.Duration) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			began := time.Now()
			ctx, cancel := context.WithTimeout(ctx, 900*time.Millisecond)
			defer cancel()
			err := call(ctx, fetch)
			*end = time.Since(began)
			return err
		}
	}
	var before, after time.Duration
	timeline.Of(t, deadline(beforeDelay, &before), 0, 0, io.EOF)
	timeline.Of(t, deadline(afterDelay, &after), 0, 0, io.EOF)
	if before != 900*time.Millisecond || after != 0 {
		t.Errorf("a delay longer than the time left: %v before, %v after", before, after)
	}
}

// Their budget counts what runs now: one call after another never exceeds it. Ours counts over time.
func TestBudgetsAreNotAlike(t *testing.T) {
	afterShared = &retry.Budget{Ratio: afterShared.Ratio, Min: afterShared.Min} // that of an earlier run is used up
	attempts := func(call timeline.Call) (n int) {
		for range 20 {
			r := timeline.Of(t, call, 0, 0, slices.Repeat([]error{io.EOF}, 9)...)
			n += len(r.At)
			if !errors.Is(r.Err, io.EOF) {
				t.Errorf("the failure is lost: %v", r.Err)
			}
		}
		return n
	}
	if b, a := attempts(beforeBudget), attempts(afterBudget); b != 80 || a != 23 {
		t.Errorf("20 calls in an outage made %d attempts before and %d after", b, a)
	}
	if afterShared.Refused() != 19 {
		t.Errorf("%d retries were refused; all calls but the first should have been", afterShared.Refused())
	}
}
