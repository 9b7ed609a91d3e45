package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Rule 3.

func TestMarkingNilIsNil(t *testing.T) {
	for name, err := range map[string]error{"Stop": retry.Stop(nil), "After": retry.After(nil, time.Second), "Progress": retry.Progress(nil)} {
		if err != nil {
			t.Errorf("%s(nil) is %v", name, err)
		}
	}
}

func TestMarksDontShow(t *testing.T) {
	err := retry.Progress(retry.After(retry.Stop(io.EOF), time.Second))
	if err.Error() != "EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("the marked error is %v", err)
	}
}

func TestLongestOfSeveralHintsCounts(t *testing.T) {
	for _, failure := range []error{
		retry.After(retry.After(io.EOF, time.Minute), time.Second),
		retry.After(retry.After(io.EOF, time.Second), time.Minute),
		errors.Join(retry.After(io.EOF, time.Second), retry.After(io.EOF, time.Minute), io.EOF),
	} {
		eachWay(t, func(t *testing.T, call caller) {
			l := begin()
			call(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { l.mark(); return failure })
			l.expect(t, 0, time.Minute)
		})
	}
}

// The peers give back the error inside the mark, without what was wrapped around it.
func TestStopKeepsTheCallersWrapping(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		attempts := 0
		failure := fmt.Errorf("load user 42: %w", fmt.Errorf("query: %w", retry.Stop(io.EOF)))
		err := call(t.Context(), retry.Policy{}, func(context.Context) error { attempts++; return failure })
		if err != failure || attempts != 1 {
			t.Errorf("%d attempts ended with %v", attempts, err)
		}
	})
}

// The peers' outer call tries again after what an inner one found permanent.
func TestStopIsSeenByOuterCalls(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		attempts := 0
		call(t.Context(), retry.Policy{}, func(ctx context.Context) error {
			return call(ctx, retry.Policy{}, func(context.Context) error { attempts++; return retry.Stop(io.EOF) })
		})
		if attempts != 1 {
			t.Errorf("%d attempts were made, want 1", attempts)
		}
	})
}

func TestProgressStartsOverAsAfterAFirstFailure(t *testing.T) {
	for _, b := range []retry.Backoff{retry.List{0, time.Second, time.Minute, time.Hour}, retry.Seq(retry.List{0, time.Second, time.Minute, time.Hour}.Delays())} {
		eachWay(t, func(t *testing.T, call caller) {
			l := begin()
			var numbers []int
			n := 0
			err := call(t.Context(), retry.Policy{
				Backoff: b,
				Decide:  func(d *retry.Decision) { d.Retry = d.Count("any") <= 3 },
			}, func(ctx context.Context) error {
				l.mark()
				numbers = append(numbers, retry.Attempt(ctx))
				if n++; n == 3 || n == 4 {
					return fmt.Errorf("connection lost: %w", retry.Progress(numberedError(n)))
				}
				return numberedError(n)
			})
			// A minute after the second; then each time as after a first attempt, so never at once.
			s, m := time.Second, time.Minute
			l.expect(t, 0, s, m+s, m+2*s, m+3*s, 2*m+3*s, 62*m+3*s)
			if got, want := fmt.Sprint(numbers), "[1 2 3 2 2 3 4]"; got != want {
				t.Errorf("the attempts had the numbers %v, want %v", got, want)
			}
			if err != numberedError(7) {
				t.Errorf("it ended with %v, want the fourth failure since, which Decide stops at", err)
			}
		})
	}
}

func TestProgressForgetsEarlierFailures(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		n := 0
		err := call(t.Context(), retry.Policy{Backoff: retry.List{0, time.Hour, time.Second}}, func(context.Context) error {
			if n++; n == 2 {
				return retry.Progress(numberedError(n))
			}
			return numberedError(n)
		})
		e := gaveUp(t, err, retry.ErrExhausted, 3)
		if len(e.Failures) != 3 || e.Failures[0].Error() != "failure 2" || e.Elapsed != time.Hour+time.Second {
			t.Errorf("failures %v in %v, want those since the progress", e.Failures, e.Elapsed)
		}
	})
}

// A peer that accepts every connection and drops it at once must not be hammered.
func TestFlappingPeerIsNoHotLoop(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		attempts := 0
		call(ctx, retry.Policy{Backoff: exact}, func(context.Context) error { attempts++; return retry.Progress(io.EOF) })
		if attempts != 100 {
			t.Errorf("%d attempts in a second, want one each 10ms", attempts)
		}
	})
}

// Progress after progress makes the attempts unlimited, whatever the schedule says.
func TestProgressWithoutDelaysIsNoHotLoop(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		attempts := 0
		call(ctx, retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { attempts++; return retry.Progress(io.EOF) })
		if attempts != 1000 {
			t.Errorf("%d attempts in a second, want one each millisecond", attempts)
		}
	})
}

func TestProgressDoesNotProlongWithin(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		begun := time.Now()
		err := call(t.Context(), retry.Policy{Backoff: exact, Within: time.Minute}, func(context.Context) error { return retry.Progress(io.EOF) })
		if !errors.Is(err, retry.ErrTooLate) || time.Since(begun) > time.Minute {
			t.Errorf("it ended after %v with %v", time.Since(begun), err)
		}
	})
}
