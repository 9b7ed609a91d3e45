package backoffv5

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/migrating/timeline"
)

func TestSame(t *testing.T) {
	timeline.Same(t,
		timeline.Pair{Name: "tries", Before: beforeTries, After: afterTries},
		timeline.Pair{Name: "elapsed", Before: beforeElapsed, After: afterElapsed},
		timeline.Pair{Name: "notify", Before: beforeNotify, After: afterNotify},
		timeline.Pair{Name: "permanent", Before: beforePermanent, After: afterPermanent},
		timeline.Pair{Name: "after", Before: beforeAfter, After: afterAfter},
		timeline.Pair{Name: "no value", Before: beforeNoValue, After: afterNoValue},
	)
}

// Rows of "What is different".
func TestDifferences(t *testing.T) {
	failures := slices.Repeat([]error{io.EOF}, 9)
	b, a := timeline.Of(t, beforeTries, 0, 0, failures...), timeline.Of(t, afterTries, 0, 0, failures...)
	if b.Err != io.EOF || a.Err == io.EOF || !errors.Is(a.Err, retry.ErrExhausted) {
		t.Errorf("a call that gives up: %v before, %v after", b.Err, a.Err)
	}
	b, a = timeline.Of(t, beforeAfter, 0, 0, failures...), timeline.Of(t, afterAfter, 0, 0, failures...)
	if errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) {
		t.Errorf("the reason of a RetryAfter: %v before, %v after", b.Err, a.Err)
	}
	over := func(call timeline.Call) timeline.Call {
		return func(ctx context.Context, fetch func(context.Context) error) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return call(ctx, fetch)
		}
	}
	if b, a := timeline.Of(t, over(beforeTries), 0, 0), timeline.Of(t, over(afterTries), 0, 0); len(b.At) != 1 || len(a.At) != 0 {
		t.Errorf("a context that is over: %d attempts before, %d after", len(b.At), len(a.At))
	}
	canceled := slices.Repeat([]error{context.Canceled}, 9)
	if b, a := timeline.Of(t, beforeTries, 0, 0, canceled...), timeline.Of(t, afterTries, 0, 0, canceled...); len(b.At) != 3 || len(a.At) != 1 {
		t.Errorf("context.Canceled from the operation: %d attempts before, %d after", len(b.At), len(a.At))
	}
	if b, a := timeline.Of(t, beforeTries, 1500*time.Millisecond, 0, failures...), timeline.Of(t, afterTries, 1500*time.Millisecond, 0, failures...); errors.Is(b.Err, io.EOF) || !errors.Is(a.Err, io.EOF) {
		t.Errorf("canceled in a delay: %v before, %v after", b.Err, a.Err)
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
