package backoffv4

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func TestSame(t *testing.T) {
	timeline.Same(t,
		timeline.Pair{Name: "retries", Before: beforeRetries, After: afterRetries},
		timeline.Pair{Name: "exponential", Before: beforeExponential, After: afterExponential},
		timeline.Pair{Name: "grow", Before: beforeGrow, After: afterGrow, Skip: []string{"fails for good", "slow"}}, // endless
		timeline.Pair{Name: "notify", Before: beforeNotify, After: afterNotify},
		timeline.Pair{Name: "data", Before: beforeData, After: afterData},
		timeline.Pair{Name: "permanent", Before: beforePermanent, After: afterPermanent},
		timeline.Pair{Name: "zero", Before: beforeZero, After: afterZero},
		timeline.Pair{Name: "stop", Before: beforeStop, After: afterStop},
		timeline.Pair{Name: "ticker", Before: beforeTicker, After: afterTicker, Skip: []string{"slow"}}, // see TestTickerCountsFromTheTick
		timeline.Pair{Name: "next", Before: beforeNext, After: afterNext},
	)
	// Endless ones, as far as the delays grow.
	many := slices.Repeat([]error{io.EOF}, 20)
	before, after := timeline.Of(t, beforeGrow, 0, 0, many...), timeline.Of(t, afterGrow, 0, 0, many...)
	if len(before.At) != 21 || len(after.At) != 21 {
		t.Fatalf("%d and %d attempts, want 21", len(before.At), len(after.At))
	}
	for i := range before.At { // theirs is made by multiplying floating-point numbers
		if d := before.At[i] - after.At[i]; d.Abs() > time.Microsecond {
			t.Errorf("attempt %d was at %v before and is at %v after", i+1, before.At[i], after.At[i])
		}
	}
}

// The delays of both defaults have the same mean.
func TestDefaultsAreAlikeOnAverage(t *testing.T) {
	mean := func(call timeline.Call) (all [6]float64) {
		const runs = 2000
		for range runs {
			at := timeline.Of(t, call, 0, 0, slices.Repeat([]error{io.EOF}, 6)...).At
			for i := range all {
				all[i] += (at[i+1] - at[i]).Seconds() / runs
			}
		}
		return all
	}
	before, after := mean(beforeDefault), mean(afterDefault)
	for _, call := range []timeline.Call{beforeDefault, afterDefault} {
		n := 0
		for range 100 {
			n += len(timeline.Of(t, call, 0, 0, slices.Repeat([]error{io.EOF}, 200)...).At)
		}
		if n /= 100; n < 22 || n > 28 {
			t.Errorf("a call for which nothing works makes %d attempts on average", n)
		}
	}
	for i := range before {
		if r := after[i] / before[i]; r < .9 || r > 1.1 {
			t.Errorf("delay %d is %.2fs on average before, and %.2fs after", i+1, before[i], after[i])
		}
	}
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	over := func(call timeline.Call) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return call(ctx, fetch)
		}
	}
	if b, a := timeline.Of(t, over(beforeRetries), 0, 0), timeline.Of(t, over(afterRetries), 0, 0); len(b.At) != 1 || len(a.At) != 0 {
		t.Errorf("a context that is over: %d attempts before, %d after", len(b.At), len(a.At))
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
	timeline.Of(t, deadline(beforeRetries, &before), 0, 0, io.EOF)
	r := timeline.Of(t, deadline(afterRetries, &after), 0, 0, io.EOF)
	if before != 900*time.Millisecond || after != 0 || !errors.Is(r.Err, retry.ErrTooLate) || !errors.Is(r.Err, io.EOF) {
		t.Errorf("a delay longer than the time left: %v before, %v after, with %v", before, after, r.Err)
	}
	canceled := slices.Repeat([]error{context.Canceled}, 9)
	if b, a := timeline.Of(t, beforeRetries, 0, 0, canceled...), timeline.Of(t, afterRetries, 0, 0, canceled...); len(b.At) != 4 || len(a.At) != 1 {
		t.Errorf("context.Canceled from the operation: %d attempts before, %d after", len(b.At), len(a.At))
	}
	nested := func(call timeline.Call) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			return call(ctx, func(ctx context.Context) error { return call(ctx, fetch) })
		}
	}
	failures := slices.Repeat([]error{io.EOF}, 99)
	if b, a := timeline.Of(t, nested(beforeRetries), 0, 0, failures...), timeline.Of(t, nested(afterRetries), 0, 0, failures...); len(b.At) != 16 || len(a.At) != 4 {
		t.Errorf("nested: %d attempts before, %d after", len(b.At), len(a.At))
	}
	if b, a := timeline.Of(t, beforeRetries, 1500*time.Millisecond, 0, failures...), timeline.Of(t, afterRetries, 1500*time.Millisecond, 0, failures...); errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("canceled in a delay: %v before, %v after", b.Err, a.Err)
	}
	longest := time.Duration(0)
	b := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0))
	for range 1000 {
		longest = max(longest, b.NextBackOff())
	}
	if longest <= b.MaxInterval {
		t.Errorf("the longest delay before is %v", longest)
	}
}

// Ticks are planned from tick to tick, delays from failure to attempt.
func TestTickerCountsFromTheTick(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 9)
	before := timeline.Of(t, beforeTicker, 0, 300*time.Millisecond, failures...).At
	after := timeline.Of(t, afterTicker, 0, 300*time.Millisecond, failures...).At
	if slices.Equal(before, after) || after[1] != 1300*time.Millisecond {
		t.Errorf("attempts at %v before, %v after", before, after)
	}
}

// What Stop marks comes back with its mark, which errors.Is sees through.
func TestStopped(t *testing.T) {
	b, a := timeline.Of(t, beforePermanent, 0, 0, errGone), timeline.Of(t, afterPermanent, 0, 0, errGone)
	if b.Err != errGone {
		t.Errorf("before, the error is %v", b.Err)
	}
	if _, gaveUp := errors.AsType[*retry.Error](a.Err); a.Err == errGone || !errors.Is(a.Err, errGone) || gaveUp || a.Err.Error() != errGone.Error() {
		t.Errorf("after, the error is %#v", a.Err)
	}
}
