package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
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

// An answer is what an attempt does: after a while it fails, unless err is nil.
type answer struct {
	after time.Duration
	err   error
}

// attempts returns a function whose n-th attempt goes as the n-th answer says, with n as its value, and
// heeds its context; and what tells for each attempt the time when it began and the cause of its end.
func attempts(answers ...answer) (func(context.Context) (int, error), func() []string) {
	begun := time.Now()
	var mu sync.Mutex
	var seen []string
	f := func(ctx context.Context) (int, error) {
		mu.Lock()
		n := len(seen) + 1
		seen = append(seen, fmt.Sprintf("%v", time.Since(begun)))
		mu.Unlock()
		if n > len(answers) {
			return 0, retry.Stop(fmt.Errorf("attempt %d is one too many", n))
		}
		if got := retry.Attempt(ctx); got != n {
			return 0, retry.Stop(fmt.Errorf("attempt %d has the number %d", n, got))
		}
		o := answers[n-1]
		select {
		case <-time.After(o.after):
			return n, o.err
		case <-ctx.Done():
			mu.Lock()
			seen[n-1] += fmt.Sprintf(": %v", context.Cause(ctx))
			mu.Unlock()
			return n, ctx.Err()
		}
	}
	return f, func() []string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

// The end of a bubble proves that no goroutine and no timer of a hedge was left behind.
func TestHedge(t *testing.T) {
	const s = time.Second
	hint, slow, gone := retry.After(errBusy, s), fmt.Errorf("slow: %w", context.DeadlineExceeded), fmt.Errorf("gone: %w", context.Canceled)
	for _, tt := range []struct {
		name     string
		settings retry.HedgeSettings
		answers  []answer
		value    int
		err      error
		took     time.Duration
		seen     []string
	}{
		{"answers_in_time", retry.HedgeSettings{Delay: s}, []answer{{s - 1, nil}}, 1, nil, s - 1, []string{"0s"}},
		{"fails_in_time", retry.HedgeSettings{Delay: s}, []answer{{s - 1, errBusy}}, 1, errBusy, s - 1, []string{"0s"}},
		{"second_is_faster", retry.HedgeSettings{Delay: s}, []answer{{time.Hour, nil}, {s, nil}}, 2, nil, 2 * s,
			[]string{"0s: the hedged call has its answer", "1s"}},
		{"first_is_faster_after_all", retry.HedgeSettings{Delay: s}, []answer{{3 * s, nil}, {time.Hour, nil}}, 1, nil, 3 * s,
			[]string{"0s", "1s: the hedged call has its answer"}},
		{"no_third_by_default", retry.HedgeSettings{Delay: s}, []answer{{time.Hour, nil}, {time.Minute, nil}}, 2, nil, time.Minute + s,
			[]string{"0s: the hedged call has its answer", "1s"}},
		{"third", retry.HedgeSettings{Delay: s, Attempts: 3}, []answer{{time.Hour, nil}, {time.Hour, nil}, {s, nil}}, 3, nil, 3 * s,
			[]string{"0s: the hedged call has its answer", "1s: the hedged call has its answer", "2s"}},
		{"one_attempt_is_no_hedge", retry.HedgeSettings{Delay: s, Attempts: 1}, []answer{{time.Hour, nil}}, 1, nil, time.Hour, []string{"0s"}},
		{"a_failure_waits_for_the_others", retry.HedgeSettings{Delay: s}, []answer{{2 * s, errBusy}, {3 * s, nil}}, 2, nil, 4 * s, []string{"0s", "1s"}},
		{"a_failure_doesnt_stop_hedging", retry.HedgeSettings{Delay: s, Attempts: 3}, []answer{{time.Hour, nil}, {s / 2, errBusy}, {s, nil}}, 3, nil, 3 * s,
			[]string{"0s: the hedged call has its answer", "1s", "2s"}},
		{"stop_is_an_answer", retry.HedgeSettings{Delay: s}, []answer{{time.Hour, nil}, {s, retry.Stop(errNotFound)}}, 2, errNotFound, 2 * s,
			[]string{"0s: the hedged call has its answer", "1s"}},
		{"the_earliest_failure_is_best", retry.HedgeSettings{Delay: s}, []answer{{3 * s, errBusy}, {s, errDenied}}, 1, errBusy, 3 * s, []string{"0s", "1s"}},
		{"a_hint_is_better", retry.HedgeSettings{Delay: s}, []answer{{3 * s, errDenied}, {s, hint}}, 2, hint, 3 * s, []string{"0s", "1s"}},
		{"a_timeout_is_worse", retry.HedgeSettings{Delay: s}, []answer{{3 * s, slow}, {s, errDenied}}, 2, errDenied, 3 * s, []string{"0s", "1s"}},
		{"a_cancellation_is_worst", retry.HedgeSettings{Delay: s}, []answer{{3 * s, gone}, {s, slow}}, 2, slow, 3 * s, []string{"0s", "1s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, seen := attempts(tt.answers...)
				begun := time.Now()
				v, err := retry.Hedge(tt.settings, f)(t.Context())
				took := time.Since(begun)
				if v != tt.value || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Errorf("got %d, %v; want %d, %v", v, err, tt.value, tt.err)
				}
				if took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if got := seen(); !slices.Equal(got, tt.seen) {
					t.Errorf("attempts %q, want %q", got, tt.seen)
				}
			})
		})
	}
}

func TestHedgeWaitsForNoLoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stubborn := func(ctx context.Context) (int, error) {
			if retry.Attempt(ctx) == 1 {
				time.Sleep(time.Hour) // whatever its context says
			}
			return retry.Attempt(ctx), nil
		}
		begun := time.Now()
		v, err := retry.Hedge(retry.HedgeSettings{Delay: time.Second}, stubborn)(t.Context())
		if v != 2 || err != nil || time.Since(begun) != time.Second {
			t.Errorf("got %d, %v after %v", v, err, time.Since(begun))
		}
		time.Sleep(time.Hour) // until it has ended
	})
}

func TestHedgeEndsWithItsContext(t *testing.T) {
	cause := errors.New("the user left")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		f, seen := attempts(answer{2 * time.Second, errBusy}, answer{time.Hour, nil})
		time.AfterFunc(time.Minute, func() { cancel(cause) })
		v, err := retry.Hedge(retry.HedgeSettings{Delay: time.Second}, f)(ctx)
		e, ok := errors.AsType[*retry.Error](err)
		if !ok || e.Reason != cause || e.Attempts != 2 || e.Elapsed != time.Minute || len(e.Failures) != 1 || !errors.Is(err, errBusy) {
			t.Errorf("got %#v", err)
		}
		if v != 1 {
			t.Errorf("the value of the failed attempt is lost: %d", v)
		}
		if want := []string{"0s", "1s: the user left"}; !slices.Equal(seen(), want) {
			t.Errorf("attempts %q, want %q", seen(), want)
		}
		// Once it is over there is no attempt.
		_, err = retry.Hedge(retry.HedgeSettings{Delay: time.Second}, func(context.Context) (int, error) {
			t.Error("an attempt with a context that's over")
			return 0, nil
		})(ctx)
		if e, ok := errors.AsType[*retry.Error](err); !ok || e.Reason != cause || e.Attempts != 0 {
			t.Errorf("got %v", err)
		}
	})
	// The timer and the cancellation come at the same instant.
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			f, seen := attempts(answer{time.Hour, nil}, answer{0, nil})
			if _, err := retry.Hedge(retry.HedgeSettings{Delay: time.Second}, f)(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if len(seen()) != 1 {
				t.Errorf("another attempt at the instant of the deadline: %q", seen())
			}
		})
	}
}

func TestHedgePanicsReachTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n := 1; n <= 2; n++ { // the attempt that panics
			func() {
				ended := make(chan error, 2)
				defer func() {
					v := recover()
					err, ok := v.(error)
					if !ok || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "hedge_test.go") || !errors.Is(err, errBusy) {
						t.Errorf("attempt %d: recovered %v", n, v)
					}
					if n == 2 {
						if cause := <-ended; cause != retry.ErrHedged {
							t.Errorf("the other attempt ended with %v", cause)
						}
					}
				}()
				retry.Hedge(retry.HedgeSettings{Delay: time.Second}, func(ctx context.Context) (int, error) {
					if retry.Attempt(ctx) == n {
						panic(fmt.Errorf("boom: %w", errBusy))
					}
					<-ctx.Done()
					ended <- context.Cause(ctx)
					return 0, ctx.Err()
				})(t.Context())
				t.Errorf("attempt %d: Hedge returned", n)
			}()
		}
	})
}

func TestHedgeGoexitReachesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		returned, done := false, make(chan bool)
		go func() {
			defer close(done)
			retry.Hedge(retry.HedgeSettings{Delay: time.Second}, func(context.Context) (int, error) {
				runtime.Goexit()
				return 0, nil
			})(t.Context())
			returned = true
		}()
		<-done
		if returned {
			t.Error("Hedge returned")
		}
	})
}

// Whatever a loser does once nobody waits for it, the process goes on, and values are handed back.
func TestHedgeLateAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, late := range []func() (string, error){
			func() (string, error) { panic("too late") },
			func() (string, error) { runtime.Goexit(); return "", nil },
			func() (string, error) { return "", errBusy },
			func() (string, error) { return "late", nil },
			func() (string, error) { return "late and dropped badly", nil },
		} {
			var dropped []any
			v, err := retry.Hedge(retry.HedgeSettings{
				Delay: time.Second,
				Drop: func(v any) {
					dropped = append(dropped, v)
					if v != "late" {
						panic("badly dropped")
					}
				},
			}, func(ctx context.Context) (string, error) {
				if retry.Attempt(ctx) == 2 {
					return "in time", nil
				}
				<-ctx.Done()
				time.Sleep(time.Minute)
				return late()
			})(t.Context())
			if v != "in time" || err != nil {
				t.Errorf("got %q, %v", v, err)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if v, _ := late2(late); v != "" && !slices.Equal(dropped, []any{v}) || v == "" && dropped != nil {
				t.Errorf("dropped %v, want %q", dropped, v)
			}
		}
	})
}

// late2 is what late returns, if it returns.
func late2(late func() (string, error)) (v string, err error) {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() { recover() }()
		v, err = late()
	}()
	<-done
	return v, err
}

func TestHedgePaysFromTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(retry.BudgetSettings{Cap: 3, Every: math.MaxInt64})
		var made atomic.Int64
		slow := retry.Hedge(retry.HedgeSettings{Delay: time.Second, Attempts: 3, Budget: b}, func(ctx context.Context) (int, error) {
			made.Add(1)
			select {
			case <-time.After(time.Minute):
				return 0, errBusy
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		for i, want := range []int64{3, 2, 1, 1} { // 3 tokens: 2, 1, none
			made.Store(0)
			if _, err := slow(t.Context()); !errors.Is(err, errBusy) {
				t.Errorf("call %d got %v: that there is no hedging is no error", i+1, err)
			}
			if got := made.Load(); got != want {
				t.Errorf("call %d made %d attempts, want %d", i+1, got, want)
			}
		}
		if b.Granted() != 3 || b.Refused() != 3 {
			t.Errorf("%v; want 3 granted, 3 refused", b)
		}
		fast := retry.Hedge(retry.HedgeSettings{Delay: time.Second, Budget: b}, func(context.Context) (int, error) { return 1, nil })
		for range 10 {
			fast(t.Context())
		}
		if math.Abs(b.Tokens()-1) > 1e-6 {
			t.Errorf("ten successes earned %v tokens, want 1", b.Tokens())
		}
	})
}

// A hedge around a call, and a call around a hedge, with one budget.
func TestHedgeComposesWithGet(t *testing.T) {
	const s = time.Second
	t.Run("hedge_around_get", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := retry.NewBudget(retry.BudgetSettings{Every: math.MaxInt64})
			var mu sync.Mutex
			var log []string
			begun := time.Now()
			note := func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				log = append(log, fmt.Sprintf("%v: ", time.Since(begun))+fmt.Sprintf(format, args...))
			}
			hedged := retry.Hedge(retry.HedgeSettings{Delay: 5 * s, Budget: b}, func(ctx context.Context) (string, error) {
				call := retry.Attempt(ctx)
				p := retry.Policy{Backoff: retry.List{0, 3 * s, 3 * s}, Budget: b, Observe: func(_ context.Context, e retry.Event) {
					if e.Kind == retry.GaveUp {
						note("call %d: %v", call, e.Err)
					}
				}}
				return retry.Get(ctx, p, func(ctx context.Context) (string, error) {
					note("call %d, attempt %d", call, retry.Attempt(ctx))
					if call == 2 && retry.Attempt(ctx) == 2 {
						return "hello", nil
					}
					return "", errBusy
				})
			})
			begun = time.Now()
			// Call 1 fails at 0s, 3s and 6s, and gives up then; call 2 fails at 5s, and answers at 8s.
			v, err := hedged(t.Context())
			if v != "hello" || err != nil || time.Since(begun) != 8*s {
				t.Errorf("got %q, %v after %v", v, err, time.Since(begun))
			}
			synctest.Wait()
			want := []string{
				"0s: call 1, attempt 1",
				"3s: call 1, attempt 2",
				"5s: call 2, attempt 1",
				"6s: call 1, attempt 3",
				`6s: call 1: 503 Service Unavailable (retry: gave up after 3 attempts in 6s: attempts used up)`,
				"8s: call 2, attempt 2",
			}
			if !slices.Equal(log, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want, "\n"))
			}
			if b.Granted() != 4 { // three retries and a hedge
				t.Errorf("%v; want 4 granted", b)
			}
		})
	})
	t.Run("loser_in_a_delay_gives_its_token_back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := retry.NewBudget(retry.BudgetSettings{Every: math.MaxInt64})
			var reasons []error
			hedged := retry.Hedge(retry.HedgeSettings{Delay: s, Budget: b}, func(ctx context.Context) (int, error) {
				p := retry.Policy{Backoff: retry.List{0, time.Hour}, Budget: b, Observe: func(_ context.Context, e retry.Event) {
					if e.Kind == retry.GaveUp {
						reasons = append(reasons, e.Err)
					}
				}}
				return retry.Get(ctx, p, func(context.Context) (int, error) {
					if retry.Attempt(ctx) == 1 {
						return 0, errBusy
					}
					return 2, nil
				})
			})
			if v, err := hedged(t.Context()); v != 2 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
			synctest.Wait()
			if len(reasons) != 1 || !errors.Is(reasons[0], retry.ErrHedged) || !errors.Is(reasons[0], errBusy) {
				t.Errorf("the loser gave up with %v", reasons)
			}
			if b.Granted() != 1 { // the hedge alone
				t.Errorf("%v; want 1 granted", b)
			}
		})
	})
	t.Run("get_around_hedge", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := retry.NewBudget(retry.BudgetSettings{Every: math.MaxInt64})
			var mu sync.Mutex
			made, numbers := 0, []int{}
			hedged := retry.Hedge(retry.HedgeSettings{Delay: s, Budget: b}, func(ctx context.Context) (int, error) {
				mu.Lock()
				made++
				n := made
				numbers = append(numbers, retry.Attempt(ctx))
				mu.Unlock()
				switch n {
				case 1, 2:
					time.Sleep(3 * s) // both are slow, and fail
					return 0, errBusy
				case 3:
					<-ctx.Done()
					return 0, ctx.Err()
				}
				return n, nil
			})
			begun := time.Now()
			v, err := retry.Get(t.Context(), retry.Policy{Backoff: retry.List{0, s}, Budget: b}, hedged)
			// The hedge fails at 4s, is made again at 5s, and its second attempt at 6s succeeds.
			if v != 4 || err != nil || time.Since(begun) != 6*s {
				t.Errorf("got %d, %v after %v", v, err, time.Since(begun))
			}
			synctest.Wait()
			if want := []int{1, 2, 1, 2}; !slices.Equal(numbers, want) {
				t.Errorf("the attempts had the numbers %v, want %v", numbers, want)
			}
			if b.Granted() != 3 { // two hedges and a retry
				t.Errorf("%v; want 3 granted", b)
			}
		})
	})
	t.Run("timeout_around_hedge", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, seen := attempts(answer{time.Hour, nil}, answer{time.Hour, nil})
			hedged := retry.Hedge(retry.HedgeSettings{Delay: s}, f)
			_, err := retry.Get(t.Context(), retry.Policy{Backoff: retry.List{0}, Timeout: time.Minute}, hedged)
			if !errors.Is(err, retry.ErrTimeout) || !errors.Is(err, retry.ErrExhausted) {
				t.Errorf("got %v", err)
			}
			if want := []string{"0s: attempt timed out after 1m0s", "1s: attempt timed out after 1m0s"}; !slices.Equal(seen(), want) {
				t.Errorf("attempts %q, want %q", seen(), want)
			}
		})
	})
	t.Run("alone_in_an_attempt", func(t *testing.T) {
		var numbers []int
		alone := retry.Hedge(retry.HedgeSettings{Delay: s, Attempts: 1}, func(ctx context.Context) (int, error) {
			numbers = append(numbers, retry.Attempt(ctx))
			return 0, errBusy
		})
		retry.Get(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, alone)
		if want := []int{1, 1}; !slices.Equal(numbers, want) {
			t.Errorf("the attempts had the numbers %v, want %v", numbers, want)
		}
	})
}

func TestHedgeTakesItsDelayFromRecentLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		var takes time.Duration
		f := retry.Hedge(retry.HedgeSettings{}, func(ctx context.Context) (int, error) {
			made.Add(1)
			if retry.Attempt(ctx) > 1 {
				return 0, nil
			}
			select {
			case <-time.After(takes):
				return 0, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		call := func(d time.Duration) (int64, time.Duration) {
			begun, before := time.Now(), made.Load()
			takes = d
			f(t.Context())
			return made.Load() - before, time.Since(begun)
		}
		// Nothing is known, so nothing is hedged.
		for i := range 20 {
			if n, took := call(time.Duration(i+1) * time.Second); n != 1 || took != time.Duration(i+1)*time.Second {
				t.Errorf("call %d: %d attempts in %v", i+1, n, took)
			}
		}
		// Now 95 of 100 were done within 19s.
		if n, took := call(time.Minute); n != 2 || took != 19*time.Second {
			t.Errorf("%d attempts in %v, want 2 in 19s", n, took)
		}
		// All of them slower than that: the delay follows within the 256 that are remembered,
		// although the hedge has cut every one of them short.
		for range 40 {
			call(time.Minute)
		}
		if n, took := call(30 * time.Second); took < 19*time.Second || n != 2 {
			t.Errorf("%d attempts in %v", n, took)
		}
		// And back again, but never below a millisecond.
		for range 300 {
			call(0)
		}
		if n, took := call(time.Minute); n != 2 || took != time.Millisecond {
			t.Errorf("%d attempts in %v, want 2 in 1ms", n, took)
		}
	})
}

// Hedged attempts that are cut short must not pull the quantile down, or everything is hedged at last.
func TestHedgeQuantileIsStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 5000
		var made atomic.Int64
		f := retry.Hedge(retry.HedgeSettings{Quantile: 0.9}, func(ctx context.Context) (int, error) {
			// Of a hundred, one takes 1ms, one 2ms and so on, in some order; all independent.
			d := time.Duration(made.Add(1)*37%100+1) * time.Millisecond
			select {
			case <-time.After(d):
				return 0, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		for range calls {
			f(t.Context())
		}
		if extra := float64(made.Load()-calls) / calls; extra < 0.05 || extra > 0.15 {
			t.Errorf("%.1f%% of the calls were hedged, want about 10%%", 100*extra)
		}
	})
}

func TestHedgeDelayUntilEnoughIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l retry.Latencies
		hedge := func(answers ...answer) time.Duration {
			f, _ := attempts(answers...)
			begun := time.Now()
			if _, err := retry.Hedge(retry.HedgeSettings{Delay: time.Minute, Quantile: 0.5, Latencies: &l}, f)(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(begun)
		}
		if took := hedge(answer{time.Hour, nil}, answer{0, nil}); took != time.Minute {
			t.Errorf("took %v, want 1m", took)
		}
		hedge(answer{time.Second, nil})
		hedge(answer{time.Second / 2, nil})
		if took := hedge(answer{time.Hour, nil}, answer{0, nil}); took != time.Second {
			t.Errorf("took %v, want 1s: the latencies are shared", took)
		}
		// A first attempt that failed says nothing of how long it takes.
		before, _ := l.Quantile(0.99)
		hedge(answer{5 * time.Second, errBusy}, answer{10 * time.Second, nil})
		if after, _ := l.Quantile(0.99); after != before {
			t.Errorf("a failure changed the latencies from %v to %v", before, after)
		}
	})
}

func TestLatencies(t *testing.T) {
	var l retry.Latencies
	for i := range 1000 {
		for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
			d, ok := l.Quantile(q)
			known := min(i, 256)
			if want := float64(known)*(1-q) >= 1-1e-9; ok != want {
				t.Fatalf("quantile %v of %d: known is %v, want %v", q, i, ok, want)
			}
			if !ok {
				continue
			}
			// The latest are i-known+1 to i milliseconds; it may be a sixteenth of them behind.
			exact := float64(i-known) + math.Ceil(q*float64(known))
			if got := d.Seconds() * 1000; got > exact+1e-6 || got < exact-float64(known)/16-1 {
				t.Fatalf("quantile %v of %d is %v ms, want %v or a little less", q, i, got, exact)
			}
		}
		l.Add(time.Duration(i+1) * time.Millisecond)
	}
	for _, q := range []float64{0, -1, 1, 0.991, math.NaN()} {
		if d, ok := l.Quantile(q); ok {
			t.Errorf("quantile %v is %v", q, d)
		}
	}
}

func TestHedgeAnyNumberOfGoroutines(t *testing.T) {
	b := retry.NewBudget(retry.BudgetSettings{Cap: 1000})
	var n atomic.Int64
	f := retry.Hedge(retry.HedgeSettings{Quantile: 0.5, Attempts: 3, Budget: b}, func(ctx context.Context) (int64, error) {
		i := n.Add(1)
		if i%5 == 0 {
			return i, errBusy
		}
		if i%3 == 0 {
			select {
			case <-ctx.Done():
				return i, context.Cause(ctx)
			case <-time.After(5 * time.Millisecond):
			}
		}
		return i, nil
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				if _, err := f(t.Context()); err != nil && !errors.Is(err, errBusy) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// A loser's connection is cut, and its handler told, as soon as there is an answer.
func TestHedgeOverHTTP(t *testing.T) {
	page := strings.Repeat("all of it ", 10_000)
	var requests atomic.Int64
	aborted := make(chan bool, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if requests.Add(1) == 1 {
			<-req.Context().Done()
			aborted <- true
			return
		}
		io.WriteString(w, page)
	}))
	defer server.Close()
	get := retry.Hedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}, func(ctx context.Context) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		if err != nil {
			return nil, err
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	})
	body, err := get(t.Context())
	if err != nil || string(body) != page {
		t.Errorf("read %d of %d bytes: %v", len(body), len(page), err)
	}
	<-aborted
}

// A counted is a context that knows how many others end with it.
type counted struct {
	context.Context
	n *atomic.Int64
}

func (c counted) Done() <-chan struct{} { return make(chan struct{}) }

func (c counted) AfterFunc(func()) func() bool {
	c.n.Add(1)
	return func() bool {
		c.n.Add(-1)
		return true
	}
}

// A service's context lives as long as the service: hedges under it must not pile up in it.
func TestHedgeLeavesNothingInItsContext(t *testing.T) {
	ctx := counted{context.Background(), new(atomic.Int64)}
	seen := false
	f := retry.Hedge(retry.HedgeSettings{Delay: time.Hour}, func(context.Context) (int, error) {
		seen = seen || ctx.n.Load() > 0
		return 0, nil
	})
	for range 10 {
		f(ctx)
	}
	if n := ctx.n.Load(); n != 0 || !seen {
		t.Errorf("%d contexts are still in the caller's, and while it ran there were some: %v", n, seen)
	}
}

func TestHedgeNonsensePanics(t *testing.T) {
	f := func(context.Context) (int, error) { return 0, nil }
	for _, tt := range []struct {
		settings retry.HedgeSettings
		f        func(context.Context) (int, error)
		want     string
	}{
		{retry.HedgeSettings{}, nil, "Hedge of a nil function"},
		{retry.HedgeSettings{Delay: -1}, f, "Delay is -1ns"},
		{retry.HedgeSettings{Quantile: 0.999}, f, "Quantile is 0.999; it goes from 0 (the default) to 0.99"},
		{retry.HedgeSettings{Quantile: math.NaN()}, f, "Quantile is NaN"},
		{retry.HedgeSettings{Attempts: -1}, f, "Attempts is -1"},
		{retry.HedgeSettings{Attempts: 17}, f, "Attempts is 17"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}()
			retry.Hedge(tt.settings, tt.f)
		}()
	}
}

func BenchmarkHedge(b *testing.B) {
	f := func(context.Context) (int, error) { return 1, nil }
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for name, s := range map[string]retry.HedgeSettings{
		"delay":    {Delay: time.Hour},
		"quantile": {},
		"off":      {Delay: time.Hour, Attempts: 1},
	} {
		hedged := retry.Hedge(s, f)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				hedged(ctx)
			}
		})
	}
}
