package retry_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Rule 2.

func TestDecideSeesEveryFailureTheLastOneToo(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var seen []string
		err := call(t.Context(), retry.Policy{
			Backoff: retry.List{0, time.Second, time.Minute},
			Decide: func(d *retry.Decision) {
				seen = append(seen, fmt.Sprintf("%d %v %v %v", d.Attempt, d.Err, d.Delay, d.Retry))
				if d.Left != math.MaxInt64 {
					t.Errorf("%v are left without a limit", d.Left)
				}
			},
		}, func(ctx context.Context) error { return numberedError(retry.Attempt(ctx)) })
		gaveUp(t, err, retry.ErrExhausted, 3)
		want := []string{"1 failure 1 1s true", "2 failure 2 1m0s true", "3 failure 3 0s true"}
		if !slices.Equal(seen, want) {
			t.Errorf("it saw %q, want %q", seen, want)
		}
	})
}

func TestFailureCannotBeRetriedAsNone(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		err := call(t.Context(), retry.Policy{Backoff: retry.List{0, 0}, Decide: func(d *retry.Decision) { d.Err = nil }}, func(context.Context) error { return errFlaky })
		if e := gaveUp(t, err, retry.ErrExhausted, 2); e.First() != errFlaky || e.Last() != errFlaky {
			t.Errorf("the failures are %v", e.Failures)
		}
		// Said not to be retried, it is ignored.
		err = call(t.Context(), retry.Policy{Decide: func(d *retry.Decision) { d.Err, d.Retry = nil, false }}, func(context.Context) error { return errFlaky })
		if err != nil {
			t.Errorf("the ignored failure is %v", err)
		}
	})
}

// A hint after the last attempt asks for nothing any more.
func TestNoDelayIsLeftWithoutAnAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var seen []time.Duration
		p := retry.Policy{Backoff: retry.List{0, 0}, Decide: func(d *retry.Decision) { seen = append(seen, d.Delay) }}
		err := call(t.Context(), p, func(context.Context) error { return retry.After(errFlaky, time.Second) })
		gaveUp(t, err, retry.ErrExhausted, 2)
		if !slices.Equal(seen, []time.Duration{time.Second, 0}) {
			t.Errorf("Decide saw the delays %v", seen)
		}
	})
}

func TestNobodyIsAskedWhenACallSucceeds(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		p := retry.Policy{
			RetryIf: func(error) bool { t.Error("RetryIf was asked"); return true },
			Decide:  func(*retry.Decision) { t.Error("Decide was asked") },
		}
		if err := call(t.Context(), p, func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestDecideMayTranslateTheFailure(t *testing.T) {
	better := errors.New("no such order")
	translate := func(d *retry.Decision) {
		if errors.Is(d.Err, sql.ErrNoRows) {
			d.Err, d.Retry = better, false
		}
	}
	eachWay(t, func(t *testing.T, call caller) {
		attempts := 0
		err := call(t.Context(), retry.Policy{Decide: translate}, func(context.Context) error {
			if attempts++; attempts == 3 {
				return fmt.Errorf("query: %w", sql.ErrNoRows)
			}
			return errFlaky
		})
		if err != better || attempts != 3 {
			t.Errorf("%d attempts ended with %v, want 3 and Decide's own error", attempts, err)
		}
		// What is translated and retried is kept translated.
		err = call(t.Context(), retry.Policy{Backoff: retry.List{0, 0}, Decide: func(d *retry.Decision) { d.Err = better }}, func(context.Context) error { return io.EOF })
		if e := gaveUp(t, err, retry.ErrExhausted, 2); e.First() != better || e.Last() != better || errors.Is(err, io.EOF) {
			t.Errorf("the failures are %v", e.Failures)
		}
	})
}

func TestDecideSetsTheDelay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		decide func(*retry.Decision)
		fail   error
		within time.Duration
		second time.Duration // when the second attempt is made; -1 if the call gives up as too late
	}{
		{"longer", func(d *retry.Decision) { d.Delay = 30 * time.Second }, errFlaky, 0, 30 * time.Second},
		{"none", func(d *retry.Decision) { d.Delay = 0 }, errFlaky, 0, 0},
		{"hours_of_its_own_without_limit", func(d *retry.Decision) { d.Delay = 5 * time.Hour }, errFlaky, 0, 5 * time.Hour},
		{"not_below_a_hint", func(d *retry.Decision) { d.Delay = 0 }, retry.After(errFlaky, time.Minute), 0, time.Minute},
		{"own_long_delay_equal_to_a_hint", func(d *retry.Decision) {}, retry.After(errFlaky, 10*time.Minute), 0, 10 * time.Minute},
		{"negative", func(d *retry.Decision) { d.Delay = -1 }, errFlaky, 0, -1},
		{"negative_with_a_hint", func(d *retry.Decision) { d.Delay = -1 }, retry.After(errFlaky, time.Second), 0, -1},
		{"as_long_as_left", func(d *retry.Decision) { d.Delay = d.Left }, errFlaky, time.Minute, -1},
		{"last_look", func(d *retry.Decision) { d.Delay = min(time.Hour, d.Left-time.Second) }, errFlaky, time.Minute, 59 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				l := begin()
				p := retry.Policy{Backoff: retry.Constant(10 * time.Second), Attempts: 2, Decide: tt.decide, Within: tt.within}
				if strings.HasPrefix(tt.name, "own_long") {
					p.Backoff = retry.Constant(10 * time.Minute) // not a stranger's wish
				}
				err := call(t.Context(), p, func(context.Context) error { l.mark(); return tt.fail })
				if tt.second < 0 {
					l.expect(t, 0)
					gaveUp(t, err, retry.ErrTooLate, 1)
					return
				}
				l.expect(t, 0, tt.second)
			})
		})
	}
}

func TestStateAndCountsAreFreshForEveryCall(t *testing.T) {
	notFound := errors.New("404")
	p := retry.Policy{Backoff: make(retry.List, 10), Decide: func(d *retry.Decision) {
		n, _ := d.State.(int)
		d.State = n + 1
		if count := d.Count("404"); count != n+1 || d.Count("other") != count {
			d.Err = fmt.Errorf("state %d, count %d", n, count)
		}
		d.Retry = d.Retry && n < 1
	}}
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

func TestProgressForgetsStateAndCounts(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		n := 0
		var seen []string
		call(t.Context(), retry.Policy{Backoff: retry.List{0, 0, 0}, Decide: func(d *retry.Decision) {
			seen = append(seen, fmt.Sprintf("%v %d", d.State, d.Count("x")))
			d.State = "set"
		}}, func(context.Context) error {
			if n++; n == 2 {
				return retry.Progress(errFlaky)
			}
			return errFlaky
		})
		if got := strings.Join(seen, "; "); got != "<nil> 1; <nil> 1; set 2; set 3" {
			t.Errorf("Decide saw %s", got)
		}
	})
}

func TestWhichFailuresAreRetried(t *testing.T) {
	inner := &retry.Error{Reason: retry.ErrExhausted, Attempts: 3, Failures: []error{errFlaky}}
	wrapped := func(err error) error { return fmt.Errorf("user 7: %w", errors.Join(io.EOF, err)) }
	always := retry.Policy{RetryIf: func(error) bool { return true }}
	insists := retry.Policy{Decide: func(d *retry.Decision) { d.Retry = true }}
	on := func(errs ...error) retry.Policy { return retry.Policy{RetryIf: retry.On(errs...)} }
	for _, tt := range []struct {
		name    string
		policy  retry.Policy
		failure error
		retried bool
	}{
		{"any", retry.Policy{}, errFlaky, true},
		{"stop", retry.Policy{}, wrapped(retry.Stop(errFlaky)), false},
		{"canceled", retry.Policy{}, wrapped(context.Canceled), false},
		{"canceled_by_Is", retry.Policy{}, canceledByIs{}, false},
		{"deadline_of_something_else", retry.Policy{}, context.DeadlineExceeded, true},
		{"inner", retry.Policy{}, wrapped(inner), false},
		{"inner_marked_after", retry.Policy{}, retry.After(wrapped(inner), 0), true},
		{"inner_marked_progress", retry.Policy{}, wrapped(retry.Progress(inner)), true},
		{"stop_is_stronger", retry.Policy{}, retry.After(retry.Stop(errFlaky), 0), false},
		{"predicate_never_asked_about_stop", always, retry.Stop(errFlaky), false},
		{"predicate_never_asked_about_inner", always, inner, false},
		{"predicate_never_asked_about_cancel", always, context.Canceled, false},
		{"predicate_asked_about_marked_cancel", always, retry.After(context.Canceled, 0), true},
		{"predicate_says_no", on(io.EOF), errFlaky, false},
		{"predicate_says_no_to_a_hint", on(io.ErrNoProgress), retry.After(errFlaky, time.Second), false},
		{"on_wrapped", on(io.ErrNoProgress, errFlaky), wrapped(errFlaky), true},
		{"on_nothing", on(), errFlaky, false},
		{"on_inner", on(errFlaky), inner, false},
		{"decide_insists_on_inner", insists, inner, true},
		{"decide_insists_on_cancel", insists, context.Canceled, true},
		{"decide_cannot_undo_stop", insists, wrapped(retry.Stop(errFlaky)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				attempts := 0
				p := tt.policy
				p.Backoff = retry.List{0, 0}
				err := call(t.Context(), p, func(context.Context) error {
					if attempts++; attempts == 2 {
						return nil
					}
					return tt.failure
				})
				if retried := attempts == 2; retried != tt.retried {
					t.Errorf("%d attempts were made", attempts)
				}
				if !tt.retried && err != tt.failure {
					t.Errorf("the call ended with %v, want the failure as it is", err)
				}
			})
		})
	}
}

type canceledByIs struct{}

func (canceledByIs) Error() string        { return "status: canceled" }
func (canceledByIs) Is(target error) bool { return target == context.Canceled }

// An error may wrap itself, or very many.
type cyclic struct{ next error }

func (c *cyclic) Error() string { return "cyclic" }
func (c *cyclic) Unwrap() error { return c.next }

type cyclicJoin struct{ next []error }

func (c *cyclicJoin) Error() string   { return "cyclic" }
func (c *cyclicJoin) Unwrap() []error { return c.next }

func TestAnyShapeOfErrorIsReadInTime(t *testing.T) {
	loop := &cyclic{}
	loop.next = loop
	join := &cyclicJoin{}
	join.next = []error{join, join}
	var many error
	for range 20_000 {
		many = errors.Join(many, errFlaky)
	}
	for _, failure := range []error{loop, join, many} {
		n := 0
		retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { n++; return failure })
		if n != 2 {
			t.Errorf("%d attempts for %T", n, failure)
		}
	}
}
