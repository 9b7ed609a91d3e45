package retrytest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

var errDown = errors.New("connection refused")

type caller = func(context.Context, retry.Policy, func(context.Context) error) error

// ways are all the ways to make a call.
var ways = map[string]caller{
	"Do": retry.Do,
	"Get": func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		_, err := retry.Get(ctx, p, func(ctx context.Context) (int, error) { return 0, f(ctx) })
		return err
	},
	"Loop": func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, p) {
			loop.Done(f(ctx))
		}
		return loop.Err()
	},
	"Start": func(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
		_, err := retry.Start(ctx, p, func(ctx context.Context) (int, error) { return 0, f(ctx) }).Result()
		return err
	},
}

func eachWay(t *testing.T, test func(t *testing.T, call caller)) {
	for name, call := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, call)
		})
	}
}

const ms = time.Millisecond

func TestWaitsAreSkippedAndRecordedAsAsked(t *testing.T) {
	hour := func(d time.Duration) time.Duration { return time.Hour }
	for _, tt := range []struct {
		name    string
		policy  retry.Policy
		failure error
		want    []time.Duration
	}{
		{"zero_policy", retry.Policy{}, errDown, []time.Duration{100 * ms, 200 * ms, 400 * ms}},
		{"pointer", retry.Policy{Attempts: 3, Backoff: &retry.Exponential{}}, errDown, []time.Duration{100 * ms, 200 * ms}},
		{"equal_jitter", retry.Policy{Attempts: 3, Backoff: retry.Exponential{Jitter: retry.EqualJitter}}, errDown, []time.Duration{100 * ms, 200 * ms}},
		{"grown", retry.Policy{Attempts: 4, Backoff: retry.Exponential{Grow: hour}}, errDown, []time.Duration{100 * ms, 2 * time.Minute, 2 * time.Minute}},
		{"wait_first", retry.Policy{Attempts: 2, Backoff: retry.Exponential{WaitFirst: true}}, errDown, []time.Duration{100 * ms, 200 * ms}},
		{"constant", retry.Policy{Attempts: 3, Backoff: retry.Constant(time.Minute)}, errDown, []time.Duration{time.Minute, time.Minute}},
		{"list", retry.Policy{Backoff: retry.List{0, time.Hour, 0}}, errDown, []time.Duration{time.Hour, 0}},
		{"seq", retry.Policy{Backoff: retry.Seq(retry.List{time.Second, time.Hour}.Delays())}, errDown, []time.Duration{time.Second, time.Hour}},
		{"hint", retry.Policy{Backoff: retry.List{0, time.Second, time.Hour}}, retry.After(errDown, time.Minute), []time.Duration{time.Minute, time.Hour}},
		{"observed", retry.Policy{Backoff: retry.List{0, time.Second}, Observe: func(context.Context, retry.Event) {}}, errDown, []time.Duration{time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				synctest.Test(t, func(t *testing.T) {
					ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
					begun, made := time.Now(), 0
					err := call(ctx, tt.policy, func(context.Context) error {
						made++
						return tt.failure
					})
					if !errors.Is(err, retry.ErrExhausted) {
						t.Errorf("got %v", err)
					}
					if waited := time.Since(begun); waited != 0 {
						t.Errorf("waited for %v", waited)
					}
					if got := record.Delays(); !slices.Equal(got, tt.want) {
						t.Errorf("recorded %v, want %v", got, tt.want)
					}
					var sum time.Duration
					for _, d := range tt.want {
						sum += d
					}
					if record.Total() != sum {
						t.Errorf("the total is %v, want %v", record.Total(), sum)
					}
				})
			})
		})
	}
}

func TestWaitsAreCapped(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{time.Second: 2*time.Second + ms, math.MaxInt64: time.Hour + time.Minute + ms} {
		eachWay(t, func(t *testing.T, call caller) {
			synctest.Test(t, func(t *testing.T) {
				ctx, record := retrytest.Context(t.Context(), retrytest.Settings{MaxDelay: limit})
				begun := time.Now()
				call(ctx, retry.Policy{Backoff: retry.List{0, time.Hour, ms, time.Minute}}, func(context.Context) error { return errDown })
				if waited := time.Since(begun); waited != want {
					t.Errorf("waited for %v, want %v", waited, want)
				}
				if want := []time.Duration{time.Hour, ms, time.Minute}; !slices.Equal(record.Delays(), want) {
					t.Errorf("recorded %v, want %v", record.Delays(), want)
				}
			})
		})
	}
}

// stamina's test mode once raised the attempts of a policy that had fewer.
func TestAttemptsAreCappedAndNeverRaised(t *testing.T) {
	for _, tt := range []struct {
		policy, limit, want int
	}{
		{10, 3, 3}, {10, 1, 1}, {2, 3, 2}, {1, 100, 1}, {retry.Unlimited, 4, 4}, {5, 0, 5},
	} {
		eachWay(t, func(t *testing.T, call caller) {
			ctx, _ := retrytest.Context(t.Context(), retrytest.Settings{Attempts: tt.limit})
			made := 0
			err := call(ctx, retry.Policy{Attempts: tt.policy, Backoff: retry.Exponential{}}, func(context.Context) error {
				made++
				return errDown
			})
			e, ok := errors.AsType[*retry.Error](err)
			if made != tt.want || !ok || e.Attempts != tt.want || !errors.Is(e.Reason, retry.ErrExhausted) || !errors.Is(err, errDown) {
				t.Errorf("%d attempts of a policy with %d, limited to %d, and %v; want %d", made, tt.policy, tt.limit, err, tt.want)
			}
		})
	}
}

func TestSeedMakesRunsTheSame(t *testing.T) {
	run := func(b retry.Backoff, seed uint64) []time.Duration {
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{Seed: seed})
		retry.Do(ctx, retry.Policy{Backoff: b}, func(context.Context) error { return errDown })
		return record.Delays()
	}
	for _, b := range []retry.Backoff{nil, retry.Exponential{Jitter: retry.EqualJitter}, retry.Exponential{Jitter: retry.DecorrelatedJitter}, &retry.Exponential{}} {
		one, same, other, none := run(b, 1), run(b, 1), run(b, 2), run(b, 0)
		if !slices.Equal(one, same) {
			t.Errorf("%T: one seed gave %v and %v", b, one, same)
		}
		if slices.Equal(one, other) || slices.Equal(one, none) {
			t.Errorf("%T: two seeds gave the same %v", b, one)
		}
		if again := run(b, 0); !slices.Equal(none, again) {
			t.Errorf("%T: without a seed got %v and %v", b, none, again)
		}
	}
}

func TestOnlyWhatWasScheduledIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
		ok := func(context.Context) error { return nil }
		fail := func(context.Context) error { return errDown }
		b := &retry.Budget{Min: 1, Every: math.MaxInt64}
		retry.Do(ctx, retry.Policy{Name: "fine"}, ok)
		retry.Do(ctx, retry.Policy{Name: "stopped"}, func(context.Context) error { return retry.Stop(errDown) })
		retry.Do(ctx, retry.Policy{Name: "refused", Backoff: retry.List{0, time.Second, time.Minute}, Budget: b}, fail)
		retry.Do(ctx, retry.Policy{Name: "long hint"}, func(context.Context) error { return retry.After(errDown, time.Hour) })
		canceled, cancel := context.WithCancel(ctx)
		retry.Do(canceled, retry.Policy{Name: "canceled"}, func(context.Context) error {
			cancel()
			return errDown
		})
		retry.Do(ctx, retry.Policy{Name: "unusable", Within: -1}, fail)
		if got, want := record.All(), []retrytest.Delay{{Name: "refused", Attempt: 2, Delay: time.Second}}; !slices.Equal(got, want) {
			t.Errorf("recorded %v, want %v", got, want)
		}
	})
}

func TestTotalDoesNotOverflow(t *testing.T) {
	ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
	for range 2 {
		retry.Do(ctx, retry.Policy{Backoff: retry.List{0, math.MaxInt64, math.MaxInt64}}, func(context.Context) error { return errDown })
	}
	if total := record.Total(); total != math.MaxInt64 || len(record.Delays()) != 4 {
		t.Errorf("the total of %v is %v", record.Delays(), total)
	}
}

func TestHintOfAnHourStillEndsTheCall(t *testing.T) {
	ctx, _ := retrytest.Context(t.Context(), retrytest.Settings{})
	err := retry.Do(ctx, retry.Policy{}, func(context.Context) error { return retry.After(errDown, time.Hour) })
	if !errors.Is(err, retry.ErrTooLate) || !errors.Is(err, errDown) || !strings.Contains(err.Error(), "asks to wait 1h,") {
		t.Errorf("got %v", err)
	}
}

// What could never be waited for in production ends a call in a test as well.
func TestDelayThatDoesNotFitEndsTheCall(t *testing.T) {
	for _, tt := range []struct {
		delays retry.List
		made   int
		reason error
	}{
		{retry.List{0, time.Hour}, 1, retry.ErrTooLate},
		{retry.List{0, 40 * time.Second, 40 * time.Second}, 3, retry.ErrExhausted}, // skipped delays take no time
	} {
		ctx, _ := retrytest.Context(t.Context(), retrytest.Settings{})
		made := 0
		err := retry.Do(ctx, retry.Policy{Backoff: tt.delays, Within: time.Minute}, func(context.Context) error {
			made++
			return errDown
		})
		if made != tt.made || !errors.Is(err, tt.reason) {
			t.Errorf("%v: %d attempts and %v", tt.delays, made, err)
		}
	}
}

func TestInvalidPolicyStillEndsTheCall(t *testing.T) {
	ctx, _ := retrytest.Context(t.Context(), retrytest.Settings{})
	for _, p := range []retry.Policy{{Backoff: retry.Exponential{Jitter: 99}}, {Attempts: -2}, {Backoff: retry.Exponential{Max: -1}}} {
		if err := retry.Do(ctx, p, func(context.Context) error { return errDown }); !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("%+v: got %v", p, err)
		}
	}
}

// Overrides are seen by what runs under their context, and by nothing else, however much runs beside.
func TestParallelTestsDontSeeEachOther(t *testing.T) {
	policy := retry.Policy{Attempts: 6}
	for i := range 20 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, record := t.Context(), (*retrytest.Record)(nil)
				limit, wait := 6, time.Duration(-1)
				if i%4 != 0 { // every fourth has none
					limit, wait = i%4+1, time.Duration(i)*ms
					ctx, record = retrytest.Context(ctx, retrytest.Settings{MaxDelay: wait, Attempts: limit})
				}
				for range 50 {
					begun, made := time.Now(), 0
					retry.Do(ctx, policy, func(context.Context) error {
						made++
						return errDown
					})
					if made != limit {
						t.Fatalf("%d attempts, want %d", made, limit)
					}
					if waited := time.Since(begun); wait >= 0 && waited > time.Duration(limit-1)*wait {
						t.Fatalf("waited for %v, with waits of at most %v", waited, wait)
					}
				}
				if record != nil && len(record.Delays()) != 50*(limit-1) {
					t.Errorf("recorded %d delays, want %d", len(record.Delays()), 50*(limit-1))
				}
			})
		})
	}
}

func TestInnermostContextHolds(t *testing.T) {
	outer, outside := retrytest.Context(t.Context(), retrytest.Settings{Attempts: 2})
	inner, inside := retrytest.Context(outer, retrytest.Settings{Attempts: 3})
	for range 2 {
		made := 0
		retry.Do(inner, retry.Policy{}, func(context.Context) error {
			made++
			return errDown
		})
		if made != 3 {
			t.Errorf("%d attempts, want 3", made)
		}
	}
	if len(outside.Delays()) != 0 || len(inside.Delays()) != 4 {
		t.Errorf("recorded %v outside and %v inside", outside.Delays(), inside.Delays())
	}
	// What is made without the context is as ever, even if it ran under it before.
	made := 0
	retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0, 0, 0}}, func(context.Context) error {
		made++
		return errDown
	})
	if made != 4 {
		t.Errorf("%d attempts without a context, want 4", made)
	}
}

func TestNegativeSettingsPanic(t *testing.T) {
	for _, s := range []retrytest.Settings{{MaxDelay: -1}, {Attempts: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", s)
				}
			}()
			retrytest.Context(t.Context(), s)
		}()
	}
}

// A success has nothing to override, and pays nothing for there being overrides.
func TestSuccessAllocatesNothingUnderAnOverride(t *testing.T) {
	ctx, _ := retrytest.Context(t.Context(), retrytest.Settings{})
	p := retry.Policy{Budget: new(retry.Budget)}
	ok := func(context.Context) error { return nil }
	if n := testing.AllocsPerRun(100, func() { retry.Do(ctx, p, ok) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a call is told is what it does, which is not to wait; the Record has what it would have waited.
func TestSkippedDelaysAreZeroToTheCall(t *testing.T) {
	for most, want := range map[time.Duration]time.Duration{0: 0, time.Second: time.Second, math.MaxInt64: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, record := retrytest.Context(t.Context(), retrytest.Settings{MaxDelay: most})
			var told, seen, waited time.Duration
			p := retry.Policy{Backoff: retry.List{0, time.Minute}, Observe: func(_ context.Context, e retry.Event) {
				if told += e.Delay; !e.Retry {
					waited = e.Waited
				}
			}}
			retry.Do(ctx, p, func(ctx context.Context) error { seen += retry.Delay(ctx); return errDown })
			if told != want || seen != want || waited != want || record.Total() != time.Minute {
				t.Errorf("MaxDelay %v: the events have %v and %v, the context has %v, want %v; the record has %v", most, told, waited, seen, want, record.Total())
			}
		})
	}
}

// The delay of a hedge is skipped and recorded as that of a retry is.
func TestDelayOfHedgeIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
		fetch := retry.Hedge(retry.HedgeSettings{Name: "fetch", Delay: time.Hour, Unlimited: true}, func(ctx context.Context) (int, error) {
			if n := retry.Hedged(ctx); n > 1 {
				return n, nil
			}
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		begun := time.Now()
		v, err := fetch(ctx)
		if v != 2 || err != nil || time.Since(begun) != 0 {
			t.Errorf("got %v, %v after %v", v, err, time.Since(begun))
		}
		if want := []retrytest.Delay{{Name: "fetch", Attempt: 2, Delay: time.Hour}}; !slices.Equal(record.All(), want) {
			t.Errorf("recorded %v, want %v", record.All(), want)
		}
	})
}
