package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Rule 2.

func TestTestSeesEveryFailureBeforeTheSchedule(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var order []string
		n := 0
		call(t.Context(), retry.Policy{
			Backoff: retry.Seq(func(yield func(time.Duration) bool) {
				for i := 1; i <= 3; i++ {
					order = append(order, fmt.Sprint("delay ", i))
					if !yield(0) {
						return
					}
				}
				order = append(order, "no more delays")
			}),
			Test: func() retry.Test {
				order = append(order, "new test")
				return func(err error) error { order = append(order, "test of "+err.Error()); return nil }
			},
		}, func(context.Context) error {
			n++
			order = append(order, fmt.Sprint("attempt ", n))
			return numberedError(n)
		})
		want := []string{
			"delay 1", "attempt 1", "new test", "test of failure 1",
			"delay 2", "attempt 2", "test of failure 2",
			"delay 3", "attempt 3", "test of failure 3",
			"no more delays",
		}
		if !slices.Equal(order, want) {
			t.Errorf("it went %q, want %q", order, want)
		}
	})
}

func TestTestIsNotMadeForACallThatSucceeds(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		p := retry.Policy{Test: func() retry.Test { t.Error("a test was made"); return nil }}
		if err := call(t.Context(), p, func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestTestMayReplaceTheFailure(t *testing.T) {
	better := errors.New("a better error")
	eachWay(t, func(t *testing.T, call caller) {
		attempts := 0
		err := call(t.Context(), retry.Policy{Test: func() retry.Test {
			return func(err error) error {
				if err == errFlaky {
					return nil
				}
				return better
			}
		}}, func(context.Context) error {
			if attempts++; attempts == 3 {
				return io.EOF
			}
			return errFlaky
		})
		if err != better || attempts != 3 {
			t.Errorf("%d attempts ended with %v, want 3 and the test's own error", attempts, err)
		}
	})
}

func TestStatefulTestIsFreshForEveryCall(t *testing.T) {
	notFound := errors.New("404")
	p := retry.Policy{Backoff: make(retry.List, 10), Test: retry.AtMost(1, func(err error) bool { return err == notFound })}
	eachWay(t, func(t *testing.T, call caller) {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				attempts := 0
				err := call(t.Context(), p, func(context.Context) error { attempts++; return notFound })
				if attempts != 2 || err != notFound {
					t.Errorf("%d attempts ended with %v, want exactly one 404 to be ignored", attempts, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWhichFailuresAreWorthAnotherAttempt(t *testing.T) {
	inner := &retry.Error{Reason: retry.ErrExhausted, Attempts: 3, Failures: []error{errFlaky}}
	wrapped := func(err error) error { return fmt.Errorf("user 7: %w", errors.Join(io.EOF, err)) }
	always := func(error) bool { return true }
	is := func(target error) func(error) bool {
		return func(err error) bool { return errors.Is(err, target) }
	}
	for _, tt := range []struct {
		name    string
		test    func() retry.Test
		failure error
		worth   bool
	}{
		{"transient_any", retry.Transient, errFlaky, true},
		{"transient_stop", retry.Transient, wrapped(retry.Stop(errFlaky)), false},
		{"transient_cancelled", retry.Transient, wrapped(context.Canceled), false},
		{"transient_cancelled_by_Is", retry.Transient, canceledByIs{}, false},
		{"transient_deadline_of_something_else", retry.Transient, context.DeadlineExceeded, true},
		{"transient_inner", retry.Transient, wrapped(inner), false},
		{"transient_inner_marked_after", retry.Transient, retry.After(wrapped(inner), 0), true},
		{"transient_inner_marked_fresh", retry.Transient, wrapped(retry.Fresh(inner)), true},
		{"transient_stop_is_stronger", retry.Transient, retry.After(retry.Stop(errFlaky), 0), false},
		{"if_true", retry.If(always), errFlaky, true},
		{"if_false", retry.If(is(io.EOF)), errFlaky, false},
		{"if_never_stop", retry.If(always), retry.Stop(errFlaky), false},
		{"on_wrapped", retry.On(io.ErrNoProgress, errFlaky), wrapped(errFlaky), true},
		{"on_other", retry.On(io.ErrNoProgress), errFlaky, false},
		{"on_nothing", retry.On(), errFlaky, false},
		{"on_inner", retry.On(errFlaky), inner, false},
		{"at_most_none", retry.AtMost(0, always), errFlaky, false},
		{"at_most_other", retry.AtMost(5, is(io.EOF)), errFlaky, false},
		{"any_second", retry.Any(retry.On(io.EOF), retry.On(errFlaky)), errFlaky, true},
		{"any_none", retry.Any(retry.On(io.EOF), retry.On(io.ErrNoProgress)), errFlaky, false},
		{"any_of_nothing", retry.Any(), errFlaky, false},
		{"own_test_can_insist", func() retry.Test { return func(error) error { return nil } }, inner, true},
		{"own_test_cannot_undo_stop", func() retry.Test { return func(error) error { return nil } }, wrapped(retry.Stop(errFlaky)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				attempts := 0
				err := call(t.Context(), retry.Policy{Test: tt.test, Backoff: retry.List{0, 0}}, func(context.Context) error {
					if attempts++; attempts == 2 {
						return nil
					}
					return tt.failure
				})
				if worth := attempts == 2; worth != tt.worth {
					t.Errorf("%d attempts were made", attempts)
				}
				if !tt.worth && err != tt.failure {
					t.Errorf("the call ended with %v, want the failure as it is", err)
				}
			})
		})
	}
}

type canceledByIs struct{}

func (canceledByIs) Error() string        { return "status: cancelled" }
func (canceledByIs) Is(target error) bool { return target == context.Canceled }

func TestEachOfAnySeesEveryFailure(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var seen [2]int
		count := func(i int, verdict error) func() retry.Test {
			return func() retry.Test { return func(error) error { seen[i]++; return verdict } }
		}
		call(t.Context(), retry.Policy{Backoff: retry.List{0, 0, 0}, Test: retry.Any(count(0, nil), count(1, errFlaky))}, func(context.Context) error { return io.EOF })
		if seen != [2]int{3, 3} {
			t.Errorf("they saw %v failures, want 3 each", seen)
		}
		err := call(t.Context(), retry.Policy{Test: retry.Any(count(0, errFlaky), count(1, io.EOF))}, func(context.Context) error { return io.EOF })
		if err != errFlaky {
			t.Errorf("the call ended with %v, want what the first test said", err)
		}
		err = call(t.Context(), retry.Policy{Test: retry.Any(count(0, nil), func() retry.Test { return nil })}, func(context.Context) error { return io.EOF })
		gaveUp(t, err, retry.ErrPolicy, 1)
	})
}
