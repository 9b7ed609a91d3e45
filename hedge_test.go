package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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

// lasts answers after what took says, unless its context ends before.
func lasts(made *atomic.Int64, took func(n int64) time.Duration) func(context.Context) (int, error) {
	var mu sync.Mutex
	return func(ctx context.Context) (int, error) {
		n := made.Add(1)
		mu.Lock()
		d := took(n)
		mu.Unlock()
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return int(n), nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func always(d time.Duration) func(int64) time.Duration { return func(int64) time.Duration { return d } }

func TestHedgeTakesTheFirstSuccess(t *testing.T) {
	ms := time.Millisecond
	for _, tt := range []struct {
		name     string
		settings retry.HedgeSettings
		took     []time.Duration // of each attempt
		value    int
		ends     time.Duration
		made     int
	}{
		{"fast_first", retry.HedgeSettings{Delay: 10 * ms}, []time.Duration{9 * ms, ms}, 1, 9 * ms, 1},
		{"slow_first", retry.HedgeSettings{Delay: 10 * ms}, []time.Duration{time.Hour, ms}, 2, 11 * ms, 2},
		{"first_still_wins", retry.HedgeSettings{Delay: 10 * ms}, []time.Duration{15 * ms, time.Hour}, 1, 15 * ms, 2},
		{"three", retry.HedgeSettings{Delay: 10 * ms, Attempts: 3}, []time.Duration{time.Hour, time.Hour, ms}, 3, 21 * ms, 3},
		{"at_once", retry.HedgeSettings{AtOnce: true, Attempts: 3}, []time.Duration{3 * ms, 2 * ms, ms}, 3, ms, 3},
		{"one_attempt", retry.HedgeSettings{Attempts: 1}, []time.Duration{time.Hour}, 1, time.Hour, 1},
		{"nothing_known_yet", retry.HedgeSettings{}, []time.Duration{time.Hour}, 1, time.Hour, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var made atomic.Int64
				var contexts []context.Context
				var mu sync.Mutex
				v, err := retry.Hedge(tt.settings, func(ctx context.Context) (int, error) {
					mu.Lock()
					contexts = append(contexts, ctx)
					mu.Unlock()
					made.Add(1)
					n := retry.Hedged(ctx) // apart from the number of the retry
					time.Sleep(tt.took[n-1])
					if retry.Attempt(ctx) != 1 {
						t.Errorf("Attempt is %d", retry.Attempt(ctx))
					}
					return n, nil
				})(t.Context())
				if v != tt.value || err != nil || time.Since(begun) != tt.ends || made.Load() != int64(tt.made) {
					t.Errorf("%d, %v after %v and %d attempts", v, err, time.Since(begun), made.Load())
				}
				for _, ctx := range contexts {
					if cause := context.Cause(ctx); cause == nil || errors.Is(cause, context.Canceled) || !strings.Contains(cause.Error(), "hedged") {
						t.Errorf("an attempt's context ended with the cause %v", cause)
					}
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

// A tie is not "longer than": with a constant latency nothing is hedged.
func TestConstantLatencyIsNotHedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		f := retry.Hedge(retry.HedgeSettings{}, lasts(&made, always(20*time.Millisecond)))
		for range 1000 {
			f(t.Context())
		}
		if n := made.Load(); n != 1000 {
			t.Errorf("1000 calls made %d attempts", n)
		}
	})
}

func TestStalledCallsAreHedgedAndFewOthers(t *testing.T) {
	for stalled, q := range map[float64]float64{0.01: 0.995, 0.05: 0.99, 0.1: 0.97} { // where a tenth stalls, so does a tenth of the hedges
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var made atomic.Int64
			f := retry.Hedge(retry.HedgeSettings{}, lasts(&made, func(int64) time.Duration {
				if r.Float64() < stalled {
					return time.Second
				}
				return 10*time.Millisecond + time.Duration(r.Int64N(int64(10*time.Millisecond)))
			}))
			var took []time.Duration
			for i := range 5000 {
				begun := time.Now()
				f(t.Context())
				if d := time.Since(begun); i > 500 {
					took = append(took, d)
				}
			}
			slices.Sort(took)
			if d := took[int(q*float64(len(took)))]; d > 100*time.Millisecond {
				t.Errorf("%v stalled: the quantile %v is %v", stalled, q, d)
			}
			if extra := float64(made.Load())/5000 - 1; extra > 0.12 {
				t.Errorf("%v stalled: %.3f more attempts", stalled, extra)
			}
		})
	}
}

// A server becomes slower than its callers' deadlines: that is remembered, however the attempts ended.
func TestHedgeLearnsFromTimeouts(t *testing.T) {
	for name, own := range map[string]bool{"callers_deadline": false, "own_timeout": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d, made atomic.Int64
				d.Store(int64(10 * time.Millisecond))
				inner := lasts(&made, func(int64) time.Duration { return time.Duration(d.Load()) })
				f := retry.Hedge(retry.HedgeSettings{Unlimited: true, MaxDelay: time.Hour}, func(ctx context.Context) (int, error) {
					if own {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
						defer cancel()
					}
					return inner(ctx)
				})
				call := func() {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					defer cancel()
					f(ctx)
				}
				for range 300 {
					call()
				}
				d.Store(int64(time.Second))
				for range 60 {
					call()
				}
				before := made.Load()
				for range 300 {
					call()
				}
				if n := made.Load() - before; n > 330 {
					t.Errorf("300 slow calls made %d attempts", n)
				}
			})
		})
	}
}

// After latencies have fallen, the old ones are forgotten: in half a minute, or after some calls where there are few.
func TestOldLatenciesAreForgotten(t *testing.T) {
	for _, pause := range []time.Duration{time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var made atomic.Int64
			took := 10 * time.Second
			f := retry.Hedge(retry.HedgeSettings{Unlimited: true, MaxDelay: time.Hour}, func(ctx context.Context) (int, error) {
				return lasts(&made, always(took))(ctx)
			})
			for range 256 {
				f(t.Context())
			}
			took = 10 * time.Millisecond
			for range 40 {
				time.Sleep(pause)
				f(t.Context())
			}
			begun := time.Now()
			took = time.Second
			made.Store(0)
			f(t.Context())
			if made.Load() != 2 || time.Since(begun) != time.Second {
				t.Errorf("a slow call after 40 fast ones made %d attempts", made.Load())
			}
		})
	}
}

// A server that asks to be left alone is not sent another attempt, and of several hints the longest counts.
func TestHintHoldsBackHedges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		begun := time.Now()
		_, err := retry.Hedge(retry.HedgeSettings{Delay: time.Second, Attempts: 3, OnFailure: true}, func(ctx context.Context) (int, error) {
			mu.Lock()
			at = append(at, time.Since(begun))
			mu.Unlock()
			switch retry.Hedged(ctx) {
			case 1:
				time.Sleep(2 * time.Minute)
				return 0, errFlaky
			case 2:
				return 0, retry.After(errBusy, time.Minute)
			}
			return 0, retry.After(io.EOF, time.Second)
		})(t.Context())
		if want := []time.Duration{0, time.Second, 61 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("attempts at %v, want %v", at, want)
		}
		calls := 0
		begun = time.Now()
		retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { calls++; return err })
		if time.Since(begun) != time.Minute || calls != 2 {
			t.Errorf("the result %v was retried after %v", err, time.Since(begun))
		}
	})
}

func TestNextAttemptAtOnceWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, on := range []bool{false, true} {
			begun := time.Now()
			v, err := retry.Hedge(retry.HedgeSettings{Delay: time.Hour, OnFailure: on}, func(ctx context.Context) (int, error) {
				if retry.Hedged(ctx) == 1 {
					return 1, errFlaky
				}
				return 2, nil
			})(t.Context())
			if on && (v != 2 || err != nil) || !on && (v != 1 || err != errFlaky) || time.Since(begun) != 0 {
				t.Errorf("OnFailure %t: %d, %v after %v", on, v, err, time.Since(begun))
			}
		}
		_, err := retry.Hedge(retry.HedgeSettings{Delay: time.Hour, OnFailure: true}, func(ctx context.Context) (int, error) {
			if retry.Hedged(ctx) > 1 {
				t.Error("another attempt after Stop")
			}
			return 0, retry.Stop(errFlaky)
		})(t.Context())
		if !errors.Is(err, errFlaky) {
			t.Error(err)
		}
	})
}

// Hedges of a slow time must not take what would make a failed call good.
func TestHedgesLeaveHalfOfTheBudgetToRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(retry.Budget)
		hangs := false
		f := retry.Hedge(retry.HedgeSettings{Delay: 1500 * time.Microsecond, Budget: b}, func(ctx context.Context) (int, error) {
			switch {
			case !hangs:
				time.Sleep(time.Millisecond)
			case retry.Hedged(ctx) == 1:
				<-ctx.Done()
			}
			return 0, ctx.Err()
		})
		for range 1000 {
			f(t.Context())
		}
		before := b.Available()
		hangs = true
		for range 1000 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
			f(ctx)
			cancel()
		}
		if left := b.Available(); left < before/2-5 || left > before/2+10 {
			t.Errorf("hedges left %d of %d", left, before)
		}
		none := new(retry.Budget)
		g := retry.Hedge(retry.HedgeSettings{Delay: time.Millisecond, Budget: none}, lasts(new(atomic.Int64), always(time.Second)))
		g(t.Context())
		if none.Available() != 3 {
			t.Errorf("a hedge took from the reserve: %v", none)
		}
	})
}

func TestHedgesInFlightAreLimitedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := new(retry.HedgeState)
		var running, most atomic.Int64
		call := func() {
			retry.Hedge(retry.HedgeSettings{Delay: time.Second, MaxInFlight: 5, Unlimited: true, State: state}, func(ctx context.Context) (int, error) {
				if retry.Hedged(ctx) > 1 {
					most.Store(max(most.Load(), running.Add(1)))
					defer running.Add(-1)
				}
				time.Sleep(time.Minute)
				return 0, nil
			})(t.Context())
		}
		var wg sync.WaitGroup
		for range 2 {
			for range 50 {
				wg.Go(call)
			}
			wg.Wait()
			time.Sleep(time.Hour)
		}
		if most.Load() != 5 {
			t.Errorf("%d hedges ran at the same time", most.Load())
		}
	})
}

// Every call would be hedged. Where all hedges win, they are a fifth of the calls; where none does, a twentieth.
func TestHedgesArePaidForByWhatTheyAreWorth(t *testing.T) {
	for wins, want := range map[bool]int64{true: 200, false: 50} {
		synctest.Test(t, func(t *testing.T) {
			var hedges atomic.Int64
			s := retry.HedgeSettings{Delay: 10 * time.Millisecond, State: new(retry.HedgeState)}
			f := retry.Hedge(s, func(ctx context.Context) (int, error) {
				if retry.Hedged(ctx) > 1 {
					if hedges.Add(1); wins {
						return 2, nil
					}
					<-ctx.Done()
					return 2, ctx.Err()
				}
				time.Sleep(100 * time.Millisecond)
				return 1, nil
			})
			var group sync.WaitGroup
			for range 1000 {
				time.Sleep(10 * time.Millisecond)
				group.Go(func() { f(t.Context()) })
			}
			group.Wait()
			time.Sleep(time.Second)
			if n := hedges.Load(); n < want*9/10 || n > want*11/10 {
				t.Errorf("1000 calls had %d hedges, want about %d; %v", n, want, s.State.Budget())
			}
		})
	}
}

// All attempts become slow, perhaps because there are too many. What may be hedged then at once is what the calls of 0.3 seconds have earned,
// not those of half a minute; or ten, if the budget has them.
func TestFewHedgesAreSavedUp(t *testing.T) {
	for _, tt := range []struct {
		gap  time.Duration // between two calls
		most int64
	}{{200 * time.Microsecond, 151}, {time.Millisecond, 31}, {10 * time.Millisecond, 11}, {time.Second, 6}, {time.Minute, 3}} {
		synctest.Test(t, func(t *testing.T) {
			slow := false
			var hedges atomic.Int64
			f := retry.Hedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}, func(ctx context.Context) (int, error) {
				if retry.Hedged(ctx) > 1 {
					hedges.Add(1)
				}
				if slow {
					time.Sleep(100 * time.Millisecond)
				}
				return 0, nil
			})
			for range 2000 {
				time.Sleep(tt.gap)
				f(t.Context())
			}
			slow = true
			var group sync.WaitGroup
			for range 1000 {
				group.Go(func() { f(t.Context()) })
			}
			group.Wait()
			if n := hedges.Load(); n > tt.most || n < tt.most*3/4 {
				t.Errorf("a call each %v: %d hedges at once, want up to %d", tt.gap, n, tt.most)
			}
			time.Sleep(time.Second)
		})
	}
}

// Many calls ask for the last place at the same time.
func TestHedgesInFlightAreNeverMore(t *testing.T) {
	s := retry.HedgeSettings{AtOnce: true, MaxInFlight: 1, Unlimited: true, State: new(retry.HedgeState)}
	var running, most atomic.Int64
	f := retry.Hedge(s, func(ctx context.Context) (int, error) {
		if retry.Hedged(ctx) > 1 {
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			runtime.Gosched()
			running.Add(-1)
		}
		return 0, nil
	})
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 2000 {
				f(t.Context())
			}
		})
	}
	group.Wait()
	if most.Load() != 1 {
		t.Errorf("%d hedges ran at the same time", most.Load())
	}
}

func TestHedgesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s := retry.HedgeSettings{Name: "search", Delay: time.Second, Attempts: 3, Observe: func(_ context.Context, e retry.Event) {
			if e.Name != "search" || e.Call == 0 {
				t.Errorf("told %+v", e)
			}
			told = append(told, fmt.Sprintf("%s %d %v %v", e.Outcome(), e.Hedge, e.Elapsed, e.Level()))
		}}
		call := func(took ...time.Duration) {
			told = nil
			retry.Hedge(s, func(ctx context.Context) (int, error) {
				time.Sleep(took[retry.Hedged(ctx)-1])
				return 0, nil
			})(t.Context())
			time.Sleep(time.Hour)
		}
		for _, tt := range []struct {
			took []time.Duration
			want string
		}{
			{[]time.Duration{0}, "succeeded 1 0s DEBUG"},
			{[]time.Duration{time.Minute, 0}, "hedging 2 1s DEBUG; succeeded 2 1s INFO"},
			{[]time.Duration{2 * time.Second, time.Hour, time.Hour}, "hedging 2 1s DEBUG; hedging 3 2s DEBUG; succeeded 1 2s INFO"},
		} {
			if call(tt.took...); len(tt.took) < 3 && strings.Join(told, "; ") != tt.want {
				t.Errorf("told %q, want %q", told, tt.want)
			}
		}
		s.Budget = &retry.Budget{}
		call(5 * time.Second)
		if want := "refused 2 1s DEBUG; succeeded 1 5s DEBUG"; strings.Join(told, "; ") != want {
			t.Errorf("told %q, want %q", told, want)
		}
		told = nil
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		retry.Hedge(retry.HedgeSettings{Name: "search", Observe: s.Observe}, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })(ctx)
		if len(told) != 1 || !strings.HasPrefix(told[0], "late") {
			t.Errorf("told %q", told)
		}
	})
}

// late returns a context that ends after a second, and settings whose Observe is busy from the start of the hedge, at 1 ms, until after that:
// then all answers, and the end of the context, are there at once.
func late(t *testing.T, cause error) (context.Context, retry.HedgeSettings) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
	t.Cleanup(cancel)
	return ctx, retry.HedgeSettings{Delay: time.Millisecond, Unlimited: true, Observe: func(_ context.Context, e retry.Event) {
		if e.Outcome() == "hedging" {
			time.Sleep(time.Minute)
		}
	}}
}

func TestSuccessThatIsThereAtTheDeadlineIsTheResult(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			ctx, s := late(t, nil)
			v, err := retry.Hedge(s, func(ctx context.Context) (int, error) {
				if retry.Hedged(ctx) == 1 {
					time.Sleep(time.Second)
					return 0, errFlaky
				}
				time.Sleep(time.Second)
				return 42, nil
			})(ctx)
			if v != 42 || err != nil {
				t.Fatalf("%d, %v", v, err)
			}
		})
	}
}

// Attempts fail because the caller's context is over; that they say so first makes no difference.
func TestFailuresAtTheDeadlineAreItsConsequence(t *testing.T) {
	cause := errors.New("no more time")
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			ctx, s := late(t, cause)
			_, err := retry.Hedge(s, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })(ctx)
			gaveUp(t, err, cause, 2)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
}

func TestHedgeEndsWithItsContext(t *testing.T) {
	cause := errors.New("the user left")
	for name, s := range map[string]retry.HedgeSettings{"unknown": {}, "one": {Attempts: 1}, "fixed": {Delay: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(cause) })
				saw := make(chan error, 1)
				_, err := retry.Hedge(s, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					saw <- context.Cause(ctx)
					time.Sleep(time.Hour) // isn't waited for
					return 0, nil
				})(ctx)
				gaveUp(t, err, cause, 1)
				if seen := <-saw; !errors.Is(err, context.Canceled) || seen != cause {
					t.Errorf("%v; the attempt saw %v", err, seen)
				}
				_, err = retry.Hedge(s, func(context.Context) (int, error) { t.Error("an attempt was made"); return 0, nil })(ctx)
				gaveUp(t, err, cause, 0)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func TestDropGetsWhatIsNotReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var dropped []any
		s := retry.HedgeSettings{Delay: time.Second, Attempts: 4, Unlimited: true, Drop: func(v any) {
			mu.Lock()
			defer mu.Unlock()
			dropped = append(dropped, v)
		}}
		v, err := retry.Hedge(s, func(ctx context.Context) (string, error) {
			switch retry.Hedged(ctx) {
			case 1:
				time.Sleep(time.Minute)
				return "late", nil
			case 2:
				return "with an error", errFlaky
			case 3:
				return "", errFlaky // nothing to drop
			}
			return "winner", nil
		})(t.Context())
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if v != "winner" || err != nil || fmt.Sprint(dropped) != "[with an error late]" {
			t.Errorf("%q, %v; dropped %v", v, err, dropped)
		}
		// Of several failures one is returned, with its value.
		dropped = nil
		mu.Unlock()
		v, err = retry.Hedge(s, func(ctx context.Context) (string, error) {
			time.Sleep(10 * time.Second)
			return fmt.Sprint(retry.Hedged(ctx)), errFlaky
		})(t.Context())
		time.Sleep(time.Hour)
		mu.Lock()
		slices.SortFunc(dropped, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		if v != "1" || err != errFlaky || fmt.Sprint(dropped) != "[2 3 4]" {
			t.Errorf("%q, %v; dropped %v", v, err, dropped)
		}
	})
}

func TestPanicOfALateAttemptIsLogged(t *testing.T) {
	log := logged(func() {
		synctest.Test(t, func(t *testing.T) {
			s := retry.HedgeSettings{Delay: time.Second, Attempts: 3, Unlimited: true, Drop: func(any) { panic("in Drop") }}
			v, err := retry.Hedge(s, func(ctx context.Context) (int, error) {
				switch retry.Hedged(ctx) {
				case 1:
					time.Sleep(time.Minute)
					panic("a late one")
				case 2:
					time.Sleep(time.Minute)
				}
				return retry.Hedged(ctx), nil
			})(t.Context())
			if v != 3 || err != nil {
				t.Error(v, err)
			}
			time.Sleep(time.Hour)
		})
	})
	if !strings.Contains(log, "a late one") || !strings.Contains(log, "in Drop") || !strings.Contains(log, "hedge_test.go") {
		t.Errorf("the log is %q", log)
	}
}

func TestPanicAndGoexitOfAHedgeReachTheCaller(t *testing.T) {
	for _, how := range []string{"panic", "Goexit"} {
		synctest.Test(t, func(t *testing.T) {
			ends := 0
			f := retry.Hedge(retry.HedgeSettings{Observe: func(_ context.Context, e retry.Event) {
				if ends++; e.Outcome() != "panicked" {
					t.Errorf("told %v", e.Outcome())
				}
			}}, func(context.Context) (int, error) {
				if how == "Goexit" {
					runtime.Goexit()
				}
				panic(io.EOF)
			})
			check(t, how, io.EOF, func() { f(t.Context()) })
			if ends != 1 {
				t.Errorf("%d ends were told", ends)
			}
		})
	}
}

func TestHedgeRetriedByDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []string
		f := retry.Hedge(retry.HedgeSettings{Delay: time.Second, Unlimited: true}, func(ctx context.Context) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprintf("%d.%d", retry.Attempt(ctx), retry.Hedged(ctx)))
			return 0, sleepUnlocked(&mu, 1500*time.Millisecond)
		})
		retry.Get(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, f)
		if got := strings.Join(seen, " "); got != "1.1 1.2 2.1 2.2" {
			t.Errorf("attempts %s", got)
		}
	})
}

// sleepUnlocked fails after d, without the lock that its caller holds.
func sleepUnlocked(mu *sync.Mutex, d time.Duration) error {
	mu.Unlock()
	defer mu.Lock()
	time.Sleep(d)
	return errFlaky
}

// Ten servers' worth of work at 80 % of what they can do: hedges must not make the queue longer, which makes hedges.
func TestZeroHedgeIsNoMetastableFailure(t *testing.T) {
	for _, load := range []float64{0.7, 0.8, 0.9} {
		for seed := range uint64(3) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				r := rand.New(rand.NewPCG(seed, 7))
				draw := func() float64 { mu.Lock(); defer mu.Unlock(); return r.ExpFloat64() }
				workers := make(chan bool, 10)
				serve := func(ctx context.Context) (int, error) {
					workers <- true // the queue doesn't drop abandoned work
					defer func() { <-workers }()
					time.Sleep(time.Duration(draw() * float64(10*time.Millisecond)))
					return 0, ctx.Err()
				}
				f := retry.Hedge(retry.HedgeSettings{}, serve)
				var failed, calls atomic.Int64
				var wg sync.WaitGroup
				for range 20_000 {
					time.Sleep(time.Duration(draw() * float64(time.Second) / (1000 * load)))
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
						defer cancel()
						calls.Add(1)
						if _, err := f(ctx); err != nil {
							failed.Add(1)
						}
					})
				}
				wg.Wait()
				if share := float64(failed.Load()) / float64(calls.Load()); share > 0.01 {
					t.Errorf("at %v %.3f of the calls failed", load, share)
				}
				time.Sleep(time.Hour)
			})
		}
	}
}

func TestHedgeSettingsThatMakeNoSense(t *testing.T) {
	f := func(context.Context) (int, error) { return 0, nil }
	for field, s := range map[string]retry.HedgeSettings{
		"Delay":        {Delay: -1},
		"MaxDelay":     {MaxDelay: -1},
		"Quantile":     {Quantile: 0.999},
		"Attempts":     {Attempts: 17},
		"MaxInFlight":  {MaxInFlight: -1},
		"Unlimited":    {Unlimited: true, Budget: new(retry.Budget)},
		"AtOnce":       {AtOnce: true, Delay: 1},
		"Budget.Ratio": {Budget: &retry.Budget{Ratio: 2}},
	} {
		func() {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "retry: Hedge: ") || !strings.Contains(s, field) {
					t.Errorf("%s: it panicked with %q", field, s)
				}
			}()
			retry.Hedge(s, f)
		}()
	}
	func() {
		defer func() {
			if s, _ := recover().(string); s != "retry: Hedge with a nil function" {
				t.Errorf("it panicked with %q", s)
			}
		}()
		retry.Hedge[int](retry.HedgeSettings{}, nil)
	}()
}

func BenchmarkHedge(b *testing.B) {
	f := retry.Hedge(retry.HedgeSettings{}, func(context.Context) (int, error) { return 1, nil })
	b.Run("not_hedged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f(context.Background())
		}
	})
	b.Run("16_goroutines", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				f(context.Background())
			}
		})
	})
}
