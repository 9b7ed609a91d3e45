package avastv5

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry/internal/migrating/timeline"
)

func TestSame(t *testing.T) {
	timeline.Same(t,
		timeline.Pair{Name: "fixed", Before: beforeFixed, After: afterFixed},
		timeline.Pair{Name: "backoff", Before: beforeBackOff, After: afterBackOff},
		timeline.Pair{Name: "data", Before: beforeData, After: afterData},
		timeline.Pair{Name: "retry if", Before: beforeRetryIf, After: afterRetryIf},
		timeline.Pair{Name: "unrecoverable", Before: beforeUnrecoverable, After: afterUnrecoverable},
		timeline.Pair{Name: "until", Before: beforeUntil, After: afterUntil},
		timeline.Pair{Name: "delay type", Before: beforeDelayType, After: afterDelayType},
		timeline.Pair{Name: "for error", Before: beforeForError, After: afterForError},
		timeline.Pair{Name: "on retry", Before: beforeOnRetry, After: afterOnRetry},
		timeline.Pair{Name: "last", Before: beforeLast, After: afterLast},
	)
}

// Both errors tell how many attempts failed.
func TestFailures(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 99)
	b, a := timeline.Of(t, beforeFixed, 0, 0, failures...), timeline.Of(t, afterFixed, 0, 0, failures...)
	if beforeFailures(b.Err) != 5 || afterFailures(a.Err) != 5 {
		t.Errorf("%d attempts failed before, %d after", beforeFailures(b.Err), afterFailures(a.Err))
	}
}

// The delays of both defaults have about the same mean: theirs is the exponential one, and up to 100ms more.
func TestDefaultsAreAlikeOnAverage(t *testing.T) {
	mean := func(call timeline.Call) (all [9]float64) {
		const runs = 5000 // so that 5 % is six times the standard error
		for range runs {
			at := timeline.Of(t, call, 0, 0, slices.Repeat([]error{io.EOF}, 9)...).At
			if len(at) != 10 {
				t.Fatalf("%d attempts", len(at))
			}
			for i := range all {
				all[i] += (at[i+1] - at[i]).Seconds() / runs
			}
		}
		return all
	}
	before, after := mean(beforeDefault), mean(afterDefault)
	for i := range before {
		if d := before[i] - after[i]; d < -.05*before[i] || d > .06+.05*before[i] {
			t.Errorf("delay %d is %.2fs on average before, and %.2fs after", i+1, before[i], after[i])
		}
	}
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 9)
	canceled := slices.Repeat([]error{context.Canceled}, 9)
	if b, a := timeline.Of(t, beforeFixed, 0, 0, canceled...), timeline.Of(t, afterFixed, 0, 0, canceled...); len(b.At) != 5 || len(a.At) != 1 {
		t.Errorf("context.Canceled from the function: %d attempts before, %d after", len(b.At), len(a.At))
	}
	if b, a := timeline.Of(t, beforeLast, 1500*time.Millisecond, 0, failures...), timeline.Of(t, afterLast, 1500*time.Millisecond, 0, failures...); errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) {
		t.Errorf("canceled in a delay: %v before, %v after", b.Err, a.Err)
	}
	nested := func(call timeline.Call) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			return call(ctx, func(ctx context.Context) error { return call(ctx, fetch) })
		}
	}
	many := slices.Repeat([]error{io.EOF}, 99)
	if b, a := timeline.Of(t, nested(beforeFixed), 0, 0, many...), timeline.Of(t, nested(afterFixed), 0, 0, many...); len(b.At) != 25 || len(a.At) != 5 {
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
	timeline.Of(t, deadline(beforeFixed, &before), 0, 0, io.EOF)
	timeline.Of(t, deadline(afterFixed, &after), 0, 0, io.EOF)
	if before != 900*time.Millisecond || after != 0 {
		t.Errorf("a delay longer than the time left: %v before, %v after", before, after)
	}
}
