package retry

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("connection refused")

func down(context.Context) error { return errDown }

// once is a policy of two attempts without a delay between them.
func once(b *Budget) Policy { return Policy{Backoff: List{0, 0}, Budget: b} }

func TestBudgetNeverGrantsMoreThanThereIs(t *testing.T) {
	for _, tc := range []struct {
		name   string
		every  time.Duration
		asleep time.Duration // before they all ask: what trickles in meanwhile is more than fits
	}{
		{"no_trickle", math.MaxInt64, 0},
		{"after_a_long_rest", time.Minute, 1000 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				b := NewBudget(BudgetSettings{Cap: 100, Every: tc.every})
				for range 100 {
					b.take(now()) // so that there is something to trickle
				}
				if tc.every == math.MaxInt64 {
					for range 2000 { // twice what fits
						b.earn()
					}
				}
				time.Sleep(tc.asleep)
				before := b.Granted()
				var granted, refused atomic.Int64
				var wg sync.WaitGroup
				for range n {
					wg.Go(func() {
						for range 10 {
							if b.take(now()) {
								granted.Add(1)
							} else {
								refused.Add(1)
							}
						}
					})
				}
				wg.Wait()
				if granted.Load() != 100 || refused.Load() != 10*n-100 {
					t.Errorf("granted %d and refused %d of %d; there were 100 tokens", granted.Load(), refused.Load(), 10*n)
				}
				if b.Granted() != before+100 || b.Refused() != 10*n-100 || b.Tokens() != 0 {
					t.Errorf("Granted %d, Refused %d, Tokens %v; want %d, %d, 0", b.Granted(), b.Refused(), b.Tokens(), before+100, 10*n-100)
				}
			})
		})
	}
}

// Many tokens, and nothing done between two takes, so that takes meet: a lost update would
// grant more than there are.
func TestBudgetTakesThatMeet(t *testing.T) {
	const goroutines, each, tokens = 1000, 500, 400_000
	b := NewBudget(BudgetSettings{Cap: tokens, Every: math.MaxInt64})
	var granted atomic.Int64
	var wg sync.WaitGroup
	start := make(chan bool)
	for range goroutines {
		wg.Go(func() {
			<-start
			n := int64(0)
			for range each {
				if b.take(0) {
					n++
				}
			}
			granted.Add(n)
		})
	}
	close(start)
	wg.Wait()
	if granted.Load() != tokens || b.Granted() != tokens || b.Refused() != goroutines*each-tokens {
		t.Errorf("granted %d: %v; there were %d", granted.Load(), b, tokens)
	}
}

// Without a trickle time stands still for the bucket, however long the program has run.
func TestBudgetEarnsWithoutTrickle(t *testing.T) {
	b := NewBudget(BudgetSettings{Ratio: 1, Cap: 3, Every: math.MaxInt64})
	later := now() + 1000*time.Hour
	for b.take(later) {
	}
	for range 2 {
		b.earn()
	}
	if got := b.level(later); got != 2 {
		t.Errorf("%v tokens after two successes, want 2", got)
	}
}

func TestBudgetIsExactWhileEarningTakingAndRefunding(t *testing.T) {
	b := NewBudget(BudgetSettings{Ratio: 0.5, Cap: 10, Every: math.MaxInt64})
	const n, each = 100, 300
	var earned, kept atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for j := range each {
				switch (i + j) % 3 {
				case 0:
					b.earn()
					earned.Add(1)
				case 1:
					if b.take(now()) {
						kept.Add(1)
					}
				case 2:
					if b.take(now()) {
						b.refund()
					}
				}
			}
		})
	}
	wg.Wait()
	if most := 10 + earned.Load()/2; kept.Load() > most {
		t.Errorf("kept %d tokens; there were never more than %d", kept.Load(), most)
	}
	if b.Granted() != kept.Load() {
		t.Errorf("Granted is %d; %d were kept", b.Granted(), kept.Load())
	}
	if got := b.Tokens(); got < 0 || got > 10 {
		t.Errorf("Tokens is %v, out of 0 to 10", got)
	}
}

func TestBudgetEarns(t *testing.T) {
	for _, tc := range []struct {
		name      string
		settings  BudgetSettings
		take      int
		successes int
		want      float64
	}{
		{"a_tenth_each", BudgetSettings{}, 20, 10, 1},
		{"ten_successes_are_a_retry", BudgetSettings{Every: math.MaxInt64}, 1, 10, 20},
		{"never_above_the_cap", BudgetSettings{}, 2, 1000, 20},
		{"whole_tokens", BudgetSettings{Ratio: 1, Cap: 3}, 3, 2, 2},
		{"small_ratio", BudgetSettings{Ratio: 0.001, Cap: 2}, 2, 1500, 1.5},
		{"large_cap", BudgetSettings{Cap: 1_000_000}, 1_000_000, 10, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget(tc.settings)
				for range tc.take {
					if !b.take(now()) {
						t.Fatal("refused although there are tokens")
					}
				}
				if b.settings.Cap == tc.take && b.take(now()) {
					t.Error("granted one more than there are")
				}
				for range tc.successes {
					if err := Do(t.Context(), Policy{Budget: b}, func(context.Context) error { return nil }); err != nil {
						t.Fatal(err)
					}
				}
				if got := b.Tokens(); math.Abs(got-tc.want) > 1e-6 {
					t.Errorf("%v tokens, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestBudgetTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Cap: 2})
		for _, step := range []struct {
			after time.Duration
			want  string // what taking until refused gives: y for each that is granted
		}{
			{0, "yy"},
			{29 * time.Second, ""},
			{time.Second, "y"},
			{45 * time.Second, "y"}, // and half a one stays
			{15 * time.Second, "y"},
			{1000 * time.Hour, "yy"}, // no more than fit
			{30*time.Second - 1, ""},
			{1, "y"},
		} {
			time.Sleep(step.after)
			got := ""
			for b.take(now()) {
				got += "y"
			}
			if got != step.want {
				t.Errorf("at %v: got %q, want %q", time.Now().Format(time.TimeOnly), got, step.want)
			}
		}
	})
}

func TestBudgetIsAskedBeforeTheDelayAndRefundedIfThatIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Every: math.MaxInt64})
		cause := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		var calls []*Call[int]
		for range 5 {
			calls = append(calls, Start(ctx, Policy{Backoff: List{0, time.Hour}, Budget: b}, func(context.Context) (int, error) { return 0, errDown }))
		}
		done := make(chan error)
		go func() {
			done <- Do(ctx, Policy{Backoff: List{0, time.Hour}, Budget: b}, down)
		}()
		synctest.Wait()
		if b.Tokens() != 14 || b.Granted() != 6 {
			t.Errorf("in the delays: %v; want 14 tokens, 6 granted", b)
		}
		cancel(cause)
		for _, c := range calls {
			if _, err := c.Result(); !errors.Is(err, cause) || !errors.Is(err, errDown) {
				t.Errorf("Start got %v", err)
			}
		}
		if err := <-done; !errors.Is(err, cause) || !errors.Is(err, errDown) {
			t.Errorf("Do got %v", err)
		}
		if b.Tokens() != 20 || b.Granted() != 0 || b.Refused() != 0 {
			t.Errorf("after cancelling: %v; want all 20 tokens back and none granted", b)
		}
	})
}

func TestBudgetRefusalEndsAtOnceAndKeepsEveryFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Cap: 2, Every: math.MaxInt64})
		failures := []error{errors.New("one"), errors.New("two"), errors.New("three")}
		made := 0
		begun := time.Now()
		v, err := Get(t.Context(), Policy{Name: "db", Backoff: List{0, time.Second, time.Second, time.Hour}, Budget: b}, func(context.Context) (int, error) {
			made++
			return made, failures[made-1]
		})
		if e, ok := errors.AsType[*Error](err); !ok || e.Reason != ErrBudget || e.Attempts != 3 || len(e.Failures) != 3 {
			t.Fatalf("got %#v", err)
		}
		for _, want := range append(failures, ErrBudget) {
			if !errors.Is(err, want) {
				t.Errorf("%v isn't in %v", want, err)
			}
		}
		if v != 3 {
			t.Errorf("the last value is %d, want 3", v)
		}
		if waited := time.Since(begun); waited != 2*time.Second {
			t.Errorf("took %v: a refused retry isn't waited for", waited)
		}
		if want := `one (retry "db": gave up after 3 attempts in 2s: retry budget used up; last: three)`; err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	})
}

func TestBudgetIsNotAskedForAnAttemptThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{})
		for _, p := range []Policy{
			{Backoff: List{0}, Budget: b},                                                        // exhausted
			{Backoff: List{0, time.Minute}, Within: time.Second, Budget: b},                      // too late
			{Budget: b, Test: func() Test { return func(err error) error { return Stop(err) } }}, // not worth it
		} {
			if err := Do(t.Context(), p, down); err == nil || errors.Is(err, ErrBudget) {
				t.Errorf("got %v", err)
			}
		}
		if b.Tokens() != 20 || b.Granted() != 0 || b.Refused() != 0 {
			t.Errorf("%v; want nothing asked for", b)
		}
	})
}

func TestBudgetIsSharedByPoliciesAndWaysToCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Cap: 4, Every: math.MaxInt64})
		ways := []func(Policy) error{
			func(p Policy) error { return Do(t.Context(), p, down) },
			func(p Policy) error {
				_, err := Get(t.Context(), p, func(context.Context) (int, error) { return 0, errDown })
				return err
			},
			func(p Policy) (err error) {
				for range Loop(t.Context(), p, &err) {
					err = errDown
				}
				return err
			},
			func(p Policy) error {
				_, err := Start(t.Context(), p, func(context.Context) (int, error) { return 0, errDown }).Result()
				return err
			},
		}
		for i, way := range ways {
			if err := way(once(b)); !errors.Is(err, ErrExhausted) {
				t.Errorf("way %d got %v", i, err)
			}
			if want := float64(3 - i); b.Tokens() != want {
				t.Errorf("after way %d: %v tokens, want %v", i, b.Tokens(), want)
			}
		}
		for i, way := range ways {
			if err := way(Policy{Name: "another", Budget: b}); !errors.Is(err, ErrBudget) {
				t.Errorf("way %d got %v", i, err)
			}
		}
	})
}

func TestBudgetShutsAndOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Cap: 3})
		b.Shut(10 * time.Minute)
		if err := Do(t.Context(), once(b), down); !errors.Is(err, ErrBudget) || !errors.Is(err, errDown) {
			t.Errorf("shut: got %v", err)
		}
		if b.Tokens() != 3 || b.ShutFor() != 10*time.Minute {
			t.Errorf("shut: %v; want all tokens, and 10 minutes to go", b)
		}
		time.Sleep(10*time.Minute - 1)
		if b.take(now()) {
			t.Error("granted a nanosecond before it opens")
		}
		time.Sleep(time.Nanosecond)
		if err := Do(t.Context(), once(b), down); !errors.Is(err, ErrExhausted) {
			t.Errorf("expired: got %v", err)
		}
		if b.ShutFor() != 0 {
			t.Errorf("expired, but shut for %v", b.ShutFor())
		}
		b.Shut(math.MaxInt64)
		time.Sleep(1000 * time.Hour)
		if b.take(now()) || b.ShutFor() < 1000*time.Hour {
			t.Errorf("shut for ever: %v", b)
		}
		b.Open()
		if !b.take(now()) {
			t.Error("opened, but refused")
		}
		b.Shut(time.Hour)
		b.Shut(-1)
		if !b.take(now()) {
			t.Error("shut for a negative time, which opens, but refused")
		}
		if b.Refused() != 3 {
			t.Errorf("%d refused, want 3", b.Refused())
		}
	})
}

func TestBudgetShutKeepsWhatIsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{})
		made := 0
		c := Start(t.Context(), Policy{Backoff: List{0, time.Minute, time.Minute}, Budget: b}, func(context.Context) (int, error) {
			made++
			return 0, errDown
		})
		synctest.Wait()
		b.Shut(time.Hour)
		if _, err := c.Result(); !errors.Is(err, ErrBudget) || made != 2 {
			t.Errorf("%d attempts and %v; want the scheduled attempt made, and no further one", made, err)
		}
	})
}

// A package-level budget is used by every test of a program, each in a bubble with a clock of its
// own, which starts before the last one's end. The level stays, and goes on from there.
func TestBudgetAcrossClocks(t *testing.T) {
	b := NewBudget(BudgetSettings{Cap: 10})
	near := func(t *testing.T, when string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.01 {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1000 * time.Hour)
		for range 7 {
			b.take(now())
		}
		near(t, "tokens after taking seven", b.Tokens(), 3)
	})
	for want := 3.0; want < 6; want++ {
		synctest.Test(t, func(t *testing.T) {
			near(t, "tokens at first", b.Tokens(), want)
			time.Sleep(30 * time.Second)
			near(t, "tokens after 30s", b.Tokens(), want+1)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		near(t, "tokens at first", b.Tokens(), 6)
		time.Sleep(time.Hour)
		b.Shut(10 * time.Minute)
	})
	synctest.Test(t, func(t *testing.T) {
		near(t, "minutes that it's shut for", b.ShutFor().Minutes(), 10)
		time.Sleep(10 * time.Minute)
		near(t, "tokens at last", b.Tokens(), 10)
	})
	if !b.take(now()) {
		t.Error("refused by the real clock")
	}
}

// A goroutine may ask with a time that it read before others did.
func TestBudgetWithLateTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(BudgetSettings{Cap: 5})
		start := now()
		late := rand.New(rand.NewPCG(1, 2))
		granted := 0
		for range 1000 {
			time.Sleep(300 * time.Millisecond)
			if b.take(now() - time.Duration(late.Int64N(int64(otherClock)))) {
				granted++
			}
		}
		if most := 5 + int((now()-start)/(30*time.Second)); granted > most || granted < most-1 {
			t.Errorf("granted %d in %v, want %d", granted, now()-start, most)
		}
	})
}

func TestBudgetSettingsThatMakeNoSense(t *testing.T) {
	for _, tc := range []struct {
		settings BudgetSettings
		want     string
	}{
		{BudgetSettings{Ratio: -0.1}, "Ratio is -0.1"},
		{BudgetSettings{Ratio: 1.1}, "Ratio is 1.1"},
		{BudgetSettings{Ratio: math.NaN()}, "Ratio is NaN"},
		{BudgetSettings{Cap: -1}, "Cap is -1"},
		{BudgetSettings{Cap: math.MaxInt}, "Cap is 9223372036854775807"},
		{BudgetSettings{Every: -time.Second}, "Every is -1s"},
		{BudgetSettings{Every: time.Microsecond}, "Every is 1µs"},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, tc.want) {
					t.Errorf("NewBudget(%+v) panicked with %q; want %q in it", tc.settings, got, tc.want)
				}
			}()
			NewBudget(tc.settings)
		}()
	}
}

func TestZeroBudgetGrantsNothing(t *testing.T) {
	b := new(Budget)
	if err := Do(t.Context(), once(b), down); !errors.Is(err, ErrBudget) {
		t.Errorf("got %v", err)
	}
	b.earn()
	if b.Tokens() != 0 || b.Refused() != 1 {
		t.Errorf("%v", b)
	}
}

func FuzzBudget(f *testing.F) {
	f.Add(0.1, 20, int64(30*time.Second), int64(time.Hour), []byte("tttesrtte"))
	f.Add(1., 1_000_000, int64(math.MaxInt64), int64(math.MaxInt64), []byte("teteteete"))
	f.Add(0., 1, int64(time.Millisecond), int64(-time.Hour), []byte("tttsttsst"))
	f.Fuzz(func(t *testing.T, ratio float64, most int, every, step int64, ops []byte) {
		if !(ratio >= 0 && ratio <= 1) || most < 0 || most > 1_000_000 || every != 0 && every < int64(time.Millisecond) {
			t.Skip()
		}
		b := NewBudget(BudgetSettings{ratio, most, time.Duration(every)})
		at := now()
		var taken []bool
		for _, op := range ops {
			switch op {
			case 't':
				before := b.level(at)
				ok := b.take(at)
				if ok != (before >= 1) {
					t.Fatalf("take is %v with %v tokens", ok, before)
				}
				if ok {
					taken = append(taken, true)
				}
			case 'r':
				if len(taken) > 0 {
					b.refund()
					taken = taken[1:]
				}
			case 'e':
				before := b.level(at)
				b.earn()
				if got := b.level(at); got < before {
					t.Fatalf("earning took %v to %v", before, got)
				}
			case 's':
				if at+time.Duration(step/100) > 0 && at < math.MaxInt64/100 {
					at += time.Duration(step / 100)
				}
			}
			if got := b.level(at); got < 0 || got > float64(b.settings.Cap) {
				t.Fatalf("%v of %d tokens", got, b.settings.Cap)
			}
		}
	})
}

func BenchmarkBudget(b *testing.B) {
	for _, bc := range []struct {
		name string
		op   func(*Budget, time.Duration)
	}{
		{"earn/full", func(b *Budget, _ time.Duration) { b.earn() }},
		{"take/granted", func(b *Budget, t time.Duration) {
			if !b.take(t) {
				b.full.Store(b.clock(t)) // full again, once in a million times
			}
		}},
		{"take/refused", func(b *Budget, t time.Duration) { b.take(t) }},
		{"take_and_refund", func(b *Budget, t time.Duration) { b.take(t); b.refund() }},
		{"take_and_earn", func(b *Budget, t time.Duration) { b.take(t); b.earn() }},
	} {
		setup := func() *Budget {
			budget := NewBudget(BudgetSettings{Ratio: 1, Cap: 1_000_000, Every: time.Hour})
			for bc.name == "take/refused" && budget.take(now()) {
			}
			return budget
		}
		b.Run(bc.name, func(b *testing.B) {
			budget, t := setup(), now()
			b.ReportAllocs()
			for b.Loop() {
				bc.op(budget, t)
				t += time.Microsecond // as time does
			}
		})
		b.Run(bc.name+"/parallel", func(b *testing.B) {
			budget := setup()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for t := now(); pb.Next(); t += time.Microsecond {
					bc.op(budget, t)
				}
			})
		})
	}
}
