package retry_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// The four ways of making a call, as one shape: what holds for one holds for all.
var ways = []struct {
	name string
	call func(ctx context.Context, p retry.Policy, f func(context.Context) error) error
}{
	{"Do", retry.Do},
	{"Get", func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		_, err := retry.Get(ctx, p, valued(f))
		return err
	}},
	{"Loop", func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, p) {
			loop.Done(f(ctx))
		}
		return loop.Err()
	}},
	{"Start", func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		_, err := retry.Start(ctx, p, valued(f)).Result()
		return err
	}},
}

func valued(f func(context.Context) error) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return retry.Attempt(ctx), f(ctx) }
}

// eachWay runs test for the four ways, each in a bubble of virtual time.
func eachWay(t *testing.T, test func(t *testing.T, call caller)) {
	t.Helper()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, w.call) })
		})
	}
}

// a timeline is when attempts were made, since it was begun.
type timeline struct {
	begun time.Time
	at    []time.Duration
}

func begin() *timeline { return &timeline{begun: time.Now()} }

func (l *timeline) mark() { l.at = append(l.at, time.Since(l.begun)) }

func (l *timeline) expect(t *testing.T, at ...time.Duration) {
	t.Helper()
	if !slices.Equal(l.at, at) {
		t.Errorf("attempts were made at %v, want %v", l.at, at)
	}
}

// A numberedError tells failures apart.
type numberedError int

func (n numberedError) Error() string { return "failure " + string(rune('0'+n%10)) }

// gaveUp returns err's Error, after checking its reason and its attempts.
func gaveUp(t *testing.T, err error, reason error, attempts int) *retry.Error {
	t.Helper()
	e, ok := errors.AsType[*retry.Error](err)
	if !ok {
		t.Fatalf("the call ended with %v, want an Error", err)
	}
	if !errors.Is(e.Reason, reason) {
		t.Errorf("the reason is %q, want %q", e.Reason, reason)
	}
	if e.Attempts != attempts {
		t.Errorf("%d attempts were made, want %d", e.Attempts, attempts)
	}
	return e
}

// exact is the schedule of the note that this package grew out of: 0, 10ms, 20ms and so on, without jitter.
var exact = retry.Exponential{Initial: 10 * time.Millisecond, Jitter: retry.NoJitter}

var errFlaky = errors.New("connection refused")

type caller = func(context.Context, retry.Policy, func(context.Context) error) error
