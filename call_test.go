package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// Rule 1.

func TestDelayComesBeforeItsAttempt(t *testing.T) {
	for _, tt := range []struct {
		name    string
		backoff retry.Backoff
		limit   int
		at      []time.Duration
	}{
		{"list", retry.List{time.Second, 2 * time.Second, 0}, 0, []time.Duration{time.Second, 3 * time.Second, 3 * time.Second}},
		{"first_at_once", retry.List{0, time.Minute}, 5, []time.Duration{0, time.Minute}},
		{"seq", retry.Seq(retry.List{time.Second, time.Hour}.Delays()), 0, []time.Duration{time.Second, time.Second + time.Hour}},
		{"exponential", exact, 0, []time.Duration{0, 10 * time.Millisecond, 30 * time.Millisecond, 70 * time.Millisecond}},
		{"wait_first", retry.Exponential{Initial: 10 * time.Millisecond, Jitter: retry.NoJitter, WaitFirst: true}, 2, []time.Duration{10 * time.Millisecond, 30 * time.Millisecond}},
		{"pointer", &exact, 2, []time.Duration{0, 10 * time.Millisecond}},
		{"constant", retry.Constant(time.Second), 3, []time.Duration{0, time.Second, 2 * time.Second}},
		{"smaller_number_counts", retry.List{0, time.Second, time.Second}, 2, []time.Duration{0, time.Second}},
		{"embedded", lastTwice{}, 0, []time.Duration{time.Minute, 2 * time.Minute}},
		{"embedded_pointer", &lastTwice{}, 0, []time.Duration{time.Minute, 2 * time.Minute}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				l := begin()
				err := call(t.Context(), retry.Policy{Backoff: tt.backoff, Attempts: tt.limit}, func(context.Context) error {
					l.mark()
					return errFlaky
				})
				l.expect(t, tt.at...)
				gaveUp(t, err, retry.ErrExhausted, len(tt.at))
			})
		})
	}
}

// lastTwice is a backoff made the way Go makes one thing of another: by embedding.
type lastTwice struct{ retry.Exponential }

func (lastTwice) Delays() iter.Seq[time.Duration] {
	return retry.List{time.Minute, time.Minute}.Delays()
}

func TestZeroPolicyMakesFourAttemptsWithin700ms(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		l := begin()
		gaveUp(t, call(t.Context(), retry.Policy{}, func(context.Context) error { l.mark(); return errFlaky }), retry.ErrExhausted, 4)
		for i, most := range []time.Duration{0, 100, 200, 400} {
			last := time.Duration(0)
			if i > 0 {
				last = l.at[i-1]
			}
			if d := l.at[i] - last; d > most*time.Millisecond {
				t.Errorf("delay %d is %v, more than %dms", i, d, most)
			}
		}
	})
}

// The schedule of the note that this package grew out of, to the digit.
func TestTheNotesOwnScheduleIsOneLine(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		l := begin()
		err := call(t.Context(), retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: 10 * time.Millisecond, Jitter: retry.NoJitter}},
			func(context.Context) error { l.mark(); return errFlaky })
		gaveUp(t, err, retry.ErrExhausted, 10)
		var want []time.Duration
		at, d := time.Duration(0), 10*time.Millisecond
		for range 10 {
			want = append(want, at)
			at, d = at+d, 2*d
		}
		l.expect(t, want...)
		if want[9]-want[8] != 2560*time.Millisecond {
			t.Error("the test is wrong")
		}
	})
}

func TestScheduleThatEndsAtOnceMakesNoAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		none := retry.Seq(func(func(time.Duration) bool) {})
		err := call(t.Context(), retry.Policy{Backoff: none}, func(context.Context) error {
			t.Error("an attempt was made")
			return nil
		})
		gaveUp(t, err, retry.ErrExhausted, 0)
	})
}

// Rule 2 is in decide_test.go, rule 3 in mark_test.go.

// Rule 4.

func TestGivingUpKeepsTheFirstAndTheLatestFailures(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		n := 0
		err := call(t.Context(), retry.Policy{Backoff: make(retry.List, 100)}, func(context.Context) error {
			n++
			return numberedError(n)
		})
		e := gaveUp(t, err, retry.ErrExhausted, 100)
		want := []error{numberedError(1), numberedError(94), numberedError(95), numberedError(96), numberedError(97), numberedError(98), numberedError(99), numberedError(100)}
		if !slices.Equal(e.Failures, want) {
			t.Errorf("the failures are %v, want %v", e.Failures, want)
		}
		for _, is := range []error{numberedError(1), numberedError(100), retry.ErrExhausted} {
			if !errors.Is(err, is) {
				t.Errorf("the error isn't %v", is)
			}
		}
	})
}

func TestNoExitLosesAFailure(t *testing.T) {
	empty := new(retry.Budget)
	cause := errors.New("shutting down")
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		cancel time.Duration
		reason error
	}{
		{"exhausted", retry.Policy{Backoff: retry.List{0}}, 0, retry.ErrExhausted},
		{"canceled_in_a_delay", retry.Policy{Backoff: retry.List{0, time.Hour}}, time.Minute, cause},
		{"budget_refused", retry.Policy{Backoff: retry.List{0, time.Second}, Budget: empty}, 0, retry.ErrBudget},
		{"too_late", retry.Policy{Backoff: retry.List{0, time.Hour}, Within: time.Minute}, 0, retry.ErrTooLate},
		{"negative_delay", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) { _ = yield(0) && yield(-1) })}, 0, retry.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, func() { cancel(cause) })
				}
				empty.Pause(time.Hour) // by the clock of this bubble
				begun := time.Now()
				err := call(ctx, tt.policy, func(context.Context) error { return io.ErrUnexpectedEOF })
				e := gaveUp(t, err, tt.reason, 1)
				if len(e.Failures) != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the failures are %v, want the one there was", e.Failures)
				}
				if time.Since(begun) != tt.cancel {
					t.Errorf("it ended after %v, want %v", time.Since(begun), tt.cancel)
				}
			})
		})
	}
}

func TestEndlessAttemptsUseConstantMemory(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		// A failure holds a megabyte, so that a few hundred kept ones would show.
		type large struct {
			error
			_ [1 << 20]byte
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		var most uint64
		err := call(ctx, retry.Policy{Attempts: retry.Unlimited}, func(context.Context) error {
			if n++; n%50 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			if n == 300 {
				cancel()
			}
			return &large{error: errFlaky}
		})
		gaveUp(t, err, context.Canceled, 300)
		if most > 100<<20 {
			t.Errorf("the heap grew to %d MiB", most>>20)
		}
	})
}

func TestLastValueComesBackBesideTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		f := func(context.Context) (int, error) { n++; return n, errFlaky }
		p := retry.Policy{Backoff: retry.List{0, 1, 1}}
		if v, err := retry.Get(t.Context(), p, f); v != 3 || err == nil {
			t.Errorf("Get returned %d, %v; want 3 and an error", v, err)
		}
		if v, err := retry.Start(t.Context(), p, f).Result(); v != 6 || err == nil {
			t.Errorf("Start's result is %d, %v; want 6 and an error", v, err)
		}
	})
}

// Rule 5.

func TestDeadContextMakesNoAttempt(t *testing.T) {
	cause := errors.New("the user left")
	for _, p := range []retry.Policy{{}, {Timeout: time.Second}, {Backoff: exact}, {Backoff: retry.List{time.Hour}}} {
		eachWay(t, func(t *testing.T, call caller) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			err := call(ctx, p, func(context.Context) error { t.Error("an attempt was made"); return nil })
			gaveUp(t, err, cause, 0)
		})
	}
}

// An ending context is over from an instant on, whoever has been told of it by then. It has
// no deadline that could be asked for.
type ending struct {
	context.Context
	at   time.Time
	done chan struct{}
}

func endingAfter(ctx context.Context, d time.Duration) ending {
	e := ending{ctx, time.Now().Add(d), make(chan struct{})}
	time.AfterFunc(d, func() { close(e.done) })
	return e
}

func (e ending) Done() <-chan struct{} { return e.done }

func (e ending) Err() error {
	if time.Now().Before(e.at) {
		return nil
	}
	return context.Canceled
}

func TestTimerAndCancellationAtOneInstantMakeNoAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		for range 1000 {
			attempts := 0
			err := call(endingAfter(context.Background(), time.Second), retry.Policy{Backoff: retry.List{0, time.Second, time.Second}}, func(context.Context) error {
				attempts++
				return errFlaky
			})
			gaveUp(t, err, context.Canceled, 1)
			if attempts != 1 {
				t.Fatalf("%d attempts were made, want 1", attempts)
			}
		}
	})
}

func TestCanceledInAHookOrTestMakesNoAttempt(t *testing.T) {
	for _, where := range []string{"hook", "test", "seq", "f"} {
		t.Run(where, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				for range 100 {
					ctx, cancel := context.WithCancelCause(t.Context())
					cause := errors.New("canceled in the " + where)
					here := func(place string) {
						if place == where {
							cancel(cause)
						}
					}
					err := call(ctx, retry.Policy{
						Backoff: retry.Seq(func(yield func(time.Duration) bool) {
							for yield(0) {
								here("seq")
							}
						}),
						RetryIf: func(error) bool { here("test"); return true },
						Observe: func(context.Context, retry.Event) { here("hook") },
					}, func(context.Context) error { here("f"); return errFlaky })
					gaveUp(t, err, cause, 1)
				}
			})
		})
	}
}

// A cancel while attempts are running is not the failure's fault: the call keeps both.
func TestCancelDuringAnAttemptKeepsEarlierFailures(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		err := call(ctx, retry.Policy{Backoff: exact}, func(ctx context.Context) error {
			if n++; n == 1 {
				return io.ErrUnexpectedEOF
			}
			cancel()
			<-ctx.Done()
			return fmt.Errorf("fetching: %w", ctx.Err())
		})
		e := gaveUp(t, err, context.Canceled, 2)
		if len(e.Failures) != 2 || e.Failures[0] != io.ErrUnexpectedEOF {
			t.Errorf("the failures are %v", e.Failures)
		}
	})
}

// Rule 6.

func TestNoHopelessWaiting(t *testing.T) {
	for _, tt := range []struct {
		name     string
		deadline time.Duration
		within   time.Duration
		delays   retry.List
		attempts int
		ends     time.Duration
	}{
		{"deadline_before_the_delay_ends", 400 * time.Millisecond, 0, retry.List{0, 10 * time.Second}, 1, 0},
		{"deadline_when_the_delay_ends", time.Second, 0, retry.List{0, time.Second}, 1, 0},
		{"deadline_after_one_delay", 3 * time.Second, 0, retry.List{0, 2 * time.Second, 2 * time.Second}, 2, 2 * time.Second},
		{"within_before_the_delay_ends", 0, 400 * time.Millisecond, retry.List{0, 10 * time.Second}, 1, 0},
		{"within_when_the_delay_ends", 0, time.Second, retry.List{0, time.Second}, 1, 0},
		{"within_shorter_than_the_deadline", time.Hour, time.Second, retry.List{0, time.Minute}, 1, 0},
		{"first_delay", time.Second, 0, retry.List{time.Minute}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				begun := time.Now()
				err := call(ctx, retry.Policy{Backoff: tt.delays, Within: tt.within}, func(context.Context) error { return errFlaky })
				gaveUp(t, err, retry.ErrTooLate, tt.attempts)
				if took := time.Since(begun); took != tt.ends {
					t.Errorf("it gave up after %v, want %v", took, tt.ends)
				}
			})
		})
	}
}

func TestSlowObserverLeavesNoTimeForTheDelay(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		begun := time.Now()
		err := call(t.Context(), retry.Policy{
			Backoff: retry.List{0, 40 * time.Second},
			Within:  time.Minute,
			Observe: func(context.Context, retry.Event) { time.Sleep(30 * time.Second) },
		}, func(context.Context) error { return errFlaky })
		gaveUp(t, err, retry.ErrTooLate, 1)
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("it ended after %v", took) // two events were told
		}
	})
}

// Rule 7.

func TestAttemptsOwnTimeoutIsWorthAnother(t *testing.T) {
	for _, fail := range []func(context.Context) error{
		func(ctx context.Context) error { return ctx.Err() },
		context.Cause,
		func(context.Context) error { return errors.New("code = DeadlineExceeded") },
		func(context.Context) error { return context.Canceled }, // some clients say so
	} {
		eachWay(t, func(t *testing.T, call caller) {
			l := begin()
			err := call(t.Context(), retry.Policy{Backoff: retry.List{0, time.Second, 0}, Timeout: time.Minute}, func(ctx context.Context) error {
				l.mark()
				if d, ok := ctx.Deadline(); !ok || time.Until(d) != time.Minute {
					t.Errorf("the attempt's deadline is in %v", time.Until(d))
				}
				<-ctx.Done()
				if !errors.Is(context.Cause(ctx), retry.ErrTimeout) {
					t.Errorf("the cause is %v", context.Cause(ctx))
				}
				return fail(ctx)
			})
			e := gaveUp(t, err, retry.ErrExhausted, 3)
			l.expect(t, 0, time.Minute+time.Second, 2*time.Minute+time.Second)
			if !errors.Is(e.Failures[0], retry.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the failure %v isn't a timeout", e.Failures[0])
			}
		})
	}
}

func TestCallersDeadlineIsNoAttemptsTimeout(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := call(ctx, retry.Policy{Backoff: exact, Timeout: time.Minute}, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		gaveUp(t, err, context.DeadlineExceeded, 1)
		if errors.Is(err, retry.ErrTimeout) {
			t.Errorf("%v counts as the attempt's timeout", err)
		}
	})
}

func TestWithinEndsARunningAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		begun := time.Now()
		err := call(t.Context(), retry.Policy{Backoff: exact, Within: time.Minute, Timeout: time.Hour}, func(ctx context.Context) error {
			<-ctx.Done()
			if cause := context.Cause(ctx); !errors.Is(cause, retry.ErrTooLate) || errors.Is(cause, retry.ErrTimeout) {
				t.Errorf("the cause is %v", cause)
			}
			return ctx.Err()
		})
		gaveUp(t, err, retry.ErrTooLate, 1)
		if time.Since(begun) != time.Minute {
			t.Errorf("it took %v", time.Since(begun))
		}
	})
}

func TestAttemptsContextEndsWithTheAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var kept []context.Context
		err := call(t.Context(), retry.Policy{Backoff: retry.List{0, 1}, Timeout: time.Minute}, func(ctx context.Context) error {
			kept = append(kept, ctx)
			return errFlaky
		})
		gaveUp(t, err, retry.ErrExhausted, 2)
		for i, ctx := range kept {
			if ctx.Err() == nil {
				t.Errorf("the context of attempt %d goes on", i+1)
			}
		}
	})
}

// Rule 8.

func TestHintIsALeastDelay(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		l := begin()
		hints := []time.Duration{time.Second, time.Second, -time.Hour, 0}
		call(t.Context(), retry.Policy{Backoff: retry.List{0, time.Millisecond, time.Minute, time.Minute}}, func(ctx context.Context) error {
			l.mark()
			return fmt.Errorf("busy: %w", retry.After(errFlaky, hints[retry.Attempt(ctx)-1]))
		})
		// Longer than the schedule's delay, shorter, negative. The schedule goes on.
		l.expect(t, 0, time.Second, time.Second+time.Minute, time.Second+2*time.Minute)
	})
}

func TestHintThatCannotBeHeldEndsTheCall(t *testing.T) {
	for _, tt := range []struct {
		name   string
		within time.Duration
		hint   time.Duration
		ok     bool
	}{
		{"a_day_without_a_limit", 0, 24 * time.Hour, false},
		{"five_minutes_without_a_limit", 0, 5 * time.Minute, true},
		{"just_above_five_minutes", 0, 5*time.Minute + 1, false},
		{"the_longest_duration", 0, 1<<63 - 1, false},
		{"a_day_within_two", 48 * time.Hour, 24 * time.Hour, true},
		{"an_hour_within_a_minute", time.Minute, time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				begun, n := time.Now(), 0
				err := call(t.Context(), retry.Policy{Within: tt.within}, func(context.Context) error {
					if n++; n == 2 {
						return nil
					}
					return retry.After(errFlaky, tt.hint)
				})
				if tt.ok {
					if err != nil || time.Since(begun) < tt.hint {
						t.Errorf("it ended after %v with %v", time.Since(begun), err)
					}
					return
				}
				e := gaveUp(t, err, retry.ErrTooLate, 1)
				if time.Since(begun) != 0 || !strings.Contains(e.Reason.Error(), says(tt.hint)) {
					t.Errorf("it ended after %v because %q", time.Since(begun), e.Reason)
				}
			})
		})
	}
}

// Rule 9 is in budget_test.go, but for this.

func TestBudgetIsAskedBeforeTheDelay(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		b := &retry.Budget{Min: 1, Every: 1000 * time.Hour}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		p := retry.Policy{Backoff: retry.List{0, time.Hour, time.Hour}, Budget: b}
		err := call(ctx, p, func(context.Context) error { return errFlaky })
		gaveUp(t, err, context.Canceled, 1)
		if b.Granted() != 0 || b.Available() != 1 {
			t.Errorf("the canceled delay kept its token: %d available, %d granted", b.Available(), b.Granted())
		}
		begun := time.Now()
		err = call(t.Context(), p, func(context.Context) error { return errFlaky })
		gaveUp(t, err, retry.ErrBudget, 2)
		if time.Since(begun) != time.Hour {
			t.Errorf("the refusal came after %v, want it when the second delay would begin", time.Since(begun))
		}
	})
}

// Rule 10.

func TestNestedRetriesDontMultiply(t *testing.T) {
	p := retry.Policy{Backoff: retry.List{0, 0, 0}}
	for _, outer := range []func(error) bool{nil, func(error) bool { return true }, retry.On(errFlaky)} {
		eachWay(t, func(t *testing.T, call caller) {
			attempts := 0
			err := call(t.Context(), retry.Policy{Backoff: p.Backoff, RetryIf: outer}, func(ctx context.Context) error {
				return fmt.Errorf("outer: %w", call(ctx, p, func(context.Context) error { attempts++; return errFlaky }))
			})
			if attempts != 3 {
				t.Errorf("3×3 made %d attempts, want 3", attempts)
			}
			if !strings.HasPrefix(err.Error(), "outer: ") {
				t.Errorf("the wrapping is lost: %v", err)
			}
		})
	}
}

// Rule 11.

func TestOnePolicyServesManyGoroutines(t *testing.T) {
	notFound := errors.New("404")
	p := retry.Policy{
		Attempts: 4,
		Decide: func(d *retry.Decision) {
			if d.Err == notFound {
				d.Retry = d.Count("not found") <= 1
			}
		},
		Budget: &retry.Budget{Min: 1 << 20},
	}
	eachWay(t, func(t *testing.T, call caller) {
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				n := 0
				err := call(t.Context(), p, func(context.Context) error {
					if n++; n == 2 {
						return notFound
					}
					return errFlaky
				})
				gaveUp(t, err, retry.ErrExhausted, 4)
			})
		}
		wg.Wait()
	})
}

// Rule 12 is in start_test.go, rule 13 in panic_test.go, rules 14 and 15 in event_test.go.

// Rule 16.

func TestNonsenseIsAnErrorAtOnce(t *testing.T) {
	for _, tt := range []struct {
		policy retry.Policy
		says   string
	}{
		{retry.Policy{Timeout: -1}, "Timeout is -1ns"},
		{retry.Policy{Within: -1}, "Within is -1ns"},
		{retry.Policy{Attempts: -2}, "Attempts is -2"},
		{retry.Policy{Backoff: retry.Exponential{Initial: -1}}, "Exponential.Initial is -1ns"},
		{retry.Policy{Backoff: retry.Exponential{Max: -1}}, "Exponential.Max is -1ns"},
		{retry.Policy{Backoff: retry.Exponential{Jitter: 7}}, "Exponential.Jitter is Jitter(7)"},
		{retry.Policy{Backoff: &retry.Exponential{Max: -1}}, "Exponential.Max is -1ns"},
		{retry.Policy{Backoff: retry.List{0, 1, -time.Second}}, "delay 2 is -1s"},
		{retry.Policy{Backoff: retry.List{}}, "an empty List"},
		{retry.Policy{Backoff: retry.List(nil)}, "an empty List"},
		{retry.Policy{Backoff: &retry.List{}}, "an empty List"},
		{retry.Policy{Backoff: retry.Constant(-1)}, "Constant(-1ns)"},
		{retry.Policy{Backoff: (*retry.Exponential)(nil)}, "a nil *retry.Exponential"},
		{retry.Policy{Backoff: (*retry.Constant)(nil)}, "a nil *retry.Constant"},
		{retry.Policy{Backoff: (*retry.List)(nil)}, "a nil *retry.List"},
		{retry.Policy{Backoff: (*lastTwice)(nil)}, "a nil *retry_test.lastTwice"},
		{retry.Policy{Backoff: retry.Seq(nil)}, "a nil retry.Seq"},
		{retry.Policy{Backoff: nilDelays{}}, "a delay of -1ns before attempt 1"},
		{retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) { yield(-1) })}, "a delay of -1ns before attempt 1"},
		{retry.Policy{Budget: &retry.Budget{Ratio: -0.1}}, "Budget.Ratio is -0.1"},
		{retry.Policy{Budget: &retry.Budget{Ratio: 1.1}}, "Budget.Ratio is 1.1"},
		{retry.Policy{Budget: &retry.Budget{Ratio: math.NaN()}}, "Budget.Ratio is NaN"},
		{retry.Policy{Budget: &retry.Budget{Min: -1}}, "Budget.Min is -1"},
		{retry.Policy{Budget: &retry.Budget{Every: -1}}, "Budget.Every is -1ns"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				err := call(t.Context(), tt.policy, func(context.Context) error { t.Error("an attempt was made"); return nil })
				e := gaveUp(t, err, retry.ErrInvalid, 0)
				if !strings.Contains(e.Error(), tt.says) {
					t.Errorf("the error is %q, want it to say %q", e, tt.says)
				}
			})
		})
	}
}

// nilDelays is a backoff whose iterator is nil.
type nilDelays struct{}

func (nilDelays) Delays() iter.Seq[time.Duration] { return nil }

func TestUnlimitedIsNoHotLoop(t *testing.T) {
	nothing := func(time.Duration) time.Duration { return 0 }
	for _, b := range []retry.Backoff{
		retry.Constant(0),
		retry.Exponential{Grow: nothing, Initial: 1, Jitter: retry.NoJitter},
		retry.Exponential{Initial: 1, Max: time.Millisecond, Grow: nothing},
		retry.Exponential{Initial: 1, Max: 1},
		retry.Exponential{Initial: 1, Max: time.Millisecond, Jitter: retry.DecorrelatedJitter},
	} {
		eachWay(t, func(t *testing.T, call caller) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			attempts := 0
			call(ctx, retry.Policy{Backoff: b, Attempts: retry.Unlimited}, func(context.Context) error { attempts++; return errFlaky })
			if attempts > 3500 || attempts < 10 {
				t.Errorf("%d attempts in a second with %v", attempts, b)
			}
		})
	}
}

func TestNilsPanicAtTheCallSite(t *testing.T) {
	ctx := t.Context()
	var none context.Context
	ok := func(context.Context) (int, error) { return 0, nil }
	for name, f := range map[string]func(){
		"Do_f":    func() { retry.Do(ctx, retry.Policy{}, nil) },
		"Do_ctx":  func() { retry.Do(none, retry.Policy{}, func(context.Context) error { return nil }) },
		"Get_f":   func() { retry.Get[int](ctx, retry.Policy{}, nil) },
		"Get_ctx": func() { retry.Get(none, retry.Policy{}, ok) },
		"Loop_ctx": func() {
			for range new(retry.Loop).Attempts(none, retry.Policy{}) {
			}
		},
		"Start_f":    func() { retry.Start[int](ctx, retry.Policy{}, nil) },
		"Start_ctx":  func() { retry.Start(none, retry.Policy{}, ok) },
		"Start_Then": func() { retry.Start(ctx, retry.Policy{}, ok).Then(nil) },
		"Log":        func() { retry.Log(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "retry: ") {
					t.Errorf("it panicked with %q", s)
				}
			}()
			f()
		})
	}
	// With a delay first it is no later.
	defer func() {
		if recover() == nil {
			t.Error("Do of a nil f with a first delay did not panic")
		}
	}()
	retry.Do(ctx, retry.Policy{Backoff: retry.List{time.Hour}}, nil)
}

type someKey struct{}

func TestAttemptNumbersNestAndLast(t *testing.T) {
	if n := retry.Attempt(context.Background()); n != 1 {
		t.Errorf("outside any call the attempt is %d, want 1", n)
	}
	eachWay(t, func(t *testing.T, call caller) {
		var kept []context.Context
		call(t.Context(), retry.Policy{Backoff: make(retry.List, 12)}, func(ctx context.Context) error {
			kept = append(kept, ctx)
			inner := 0
			call(context.WithValue(ctx, someKey{}, "value"), retry.Policy{Backoff: retry.List{0, 0}}, func(ctx context.Context) error {
				if inner++; retry.Attempt(ctx) != inner {
					t.Errorf("the inner attempt %d has number %d", inner, retry.Attempt(ctx))
				}
				return errFlaky
			})
			return errFlaky
		})
		for i, ctx := range kept {
			if retry.Attempt(ctx) != i+1 {
				t.Errorf("the context of attempt %d says %d when the call is over", i+1, retry.Attempt(ctx))
			}
		}
	})
}

// Contexts of a type that can't be compared must do no harm.
type uncomparable struct {
	context.Context
	_ []int
}

func TestAnyContextWillDo(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		for range 3 {
			err := call(uncomparable{Context: t.Context()}, retry.Policy{Backoff: retry.List{0, 1, 0}}, func(context.Context) error { return errFlaky })
			gaveUp(t, err, retry.ErrExhausted, 3)
		}
	})
}

func TestElapsedIsTheCallsTime(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		slow := func(context.Context) error { time.Sleep(time.Minute); return errFlaky }
		p := retry.Policy{Backoff: retry.List{0, time.Second}}
		if e := gaveUp(t, call(t.Context(), p, slow), retry.ErrExhausted, 2); e.Elapsed != time.Minute+time.Second {
			t.Errorf("%v since the first failure, want 1m1s", e.Elapsed)
		}
		p.Within = time.Hour
		if e := gaveUp(t, call(t.Context(), p, slow), retry.ErrExhausted, 2); e.Elapsed != 2*time.Minute+time.Second {
			t.Errorf("%v since the call began, want 2m1s", e.Elapsed)
		}
	})
}

func TestAThousandHoursOfBackoff(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
		defer cancel()
		var attempts atomic.Int64
		err := call(ctx, retry.Policy{Attempts: retry.Unlimited, Backoff: exact}, func(context.Context) error {
			attempts.Add(1)
			return errFlaky
		})
		gaveUp(t, err, retry.ErrTooLate, int(attempts.Load()))
		if n := attempts.Load(); n < 30000 || n > 30100 {
			t.Errorf("%d attempts in 1000h, with two minutes between most of them", n)
		}
	})
}

// says is d as messages have it.
func says(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.Round(time.Second).String(), "0s"), "0m")
}
