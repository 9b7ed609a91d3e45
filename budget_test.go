package retry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// closedForm is what the docs say of a budget, kept by a mutex and in float64: earned tokens fade over 30 s, successes count as if
// evenly spread since the last look, and a few tokens come back one by one.
type closedForm struct {
	ratio, level, spare float64
	size                int
	every               time.Duration
	at                  time.Duration
	n                   float64
}

func (c *closedForm) take(now time.Duration) bool {
	x := (now - c.at).Seconds() / 30
	if x > 0 {
		e := math.Exp(-x)
		c.level = c.level*e + c.ratio*c.n*(1-e)/x
	} else {
		c.level += c.ratio * c.n
	}
	c.spare = min(float64(c.size), c.spare+float64(now-c.at)/float64(c.every))
	c.n, c.at = 0, now
	switch {
	case c.level >= 1:
		c.level--
	case c.spare >= 1:
		c.spare--
	default:
		return false
	}
	return true
}

// Steady rates from one call an hour to a million a second, with bursts and outages, in virtual time.
func TestBudgetFollowsItsClosedForm(t *testing.T) {
	for _, rate := range []float64{1.0 / 3600, 0.1, 1, 10, 1000, 1e6} {
		t.Run(fmt.Sprint(rate, "_a_second"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := new(retry.Budget)
				c := closedForm{ratio: 0.1, spare: 3, size: 3, every: time.Minute, at: 0}
				begun := time.Now()
				var granted, expected int
				step := max(time.Duration(float64(time.Second)/rate), 100*time.Millisecond)
				batch := int(math.Round(rate * step.Seconds()))
				for i := range 2000 {
					time.Sleep(step)
					now := time.Since(begun)
					down := i%1000 >= 700 // an outage in each thousand
					if !down {
						for range min(batch, 10_000) { // a million a second are ten calls to Earn for each of ours
							b.Earn()
						}
						c.n += float64(min(batch, 10_000))
					}
					if i == 0 {
						c.at = now // a budget's time begins with its first success
					}
					asked := 1
					if down {
						asked = min(batch, 10_000) + 1
					}
					for range asked {
						if b.Take() {
							granted++
						}
						if c.take(now) {
							expected++
						}
					}
				}
				// Ticks of 17 ms and the rounding of a float32 cost a little.
				if diff := math.Abs(float64(granted - expected)); diff > 3+0.02*float64(expected) {
					t.Errorf("%d retries were granted, the closed form gives %d", granted, expected)
				}
				if b.Granted() != int64(granted) {
					t.Errorf("it counted %d", b.Granted())
				}
			})
		})
	}
}

func TestThreeRetriesAreAlwaysThereAndOneComesEachMinute(t *testing.T) {
	for _, b := range []*retry.Budget{{}, {Min: 5, Every: time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			size, every := 3, time.Minute
			if b.Min > 0 {
				size, every = b.Min, b.Every
			}
			drain := func(want int) {
				t.Helper()
				if b.Available() != want {
					t.Errorf("%d are available, want %d", b.Available(), want)
				}
				n := 0
				for b.Take() {
					n++
				}
				if n != want {
					t.Errorf("%d were granted, want %d", n, want)
				}
			}
			drain(size)
			time.Sleep(every - 1)
			drain(0)
			time.Sleep(1 * time.Nanosecond)
			drain(1)
			time.Sleep(every * 2)
			drain(2)
			time.Sleep(30 * 24 * time.Hour) // a month
			drain(size)
		})
	}
}

func TestABurstOfSuccessesIsNoLicenseForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(retry.Budget)
		for range 10_000 {
			b.Earn()
		}
		if n := b.Available(); n != 1003 {
			t.Errorf("%d are available at once, want 1003", n)
		}
		b.Take() // from now on they fade; until somebody asks, successes count as if evenly spread
		b.Return()
		time.Sleep(30 * time.Second)
		if n := b.Available(); math.Abs(float64(n)-3-1000/math.E) > 5 {
			t.Errorf("%d are available after half a minute, want about 371", n)
		}
		time.Sleep(10 * time.Minute)
		if n := b.Available(); n != 3 {
			t.Errorf("%d are available after ten minutes, want 3", n)
		}
	})
}

// What comes back to the Min retries doesn't fade, as earned ones do.
func TestAReturnedRetryIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &retry.Budget{Every: time.Hour}
		for range 3 {
			for range 3 {
				if !b.Take() {
					t.Fatal("one of Min is refused")
				}
			}
			b.Return()
			b.Return()
			time.Sleep(5 * time.Minute)
			if n := b.Available(); n != 2 || b.Granted() != 1 {
				t.Errorf("%d are available, %d granted; want 2, 1", n, b.Granted())
			}
			b.Return()
			time.Sleep(time.Second)
			if n := b.Available(); n != 3 || b.Granted() != 0 {
				t.Errorf("%d are available, %d granted; want 3, 0", n, b.Granted())
			}
		}
		// Where none of these is missing, it was an earned one.
		b = new(retry.Budget)
		for range 20 {
			b.Earn()
		}
		b.Take()
		b.Return()
		if n := b.Available(); n != 5 {
			t.Errorf("%d are available, want 5", n)
		}
	})
}

func TestBudgetNeverGrantsATokenTwiceNorLosesASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where time stands still: tokens fade
		b := &retry.Budget{Ratio: 1, Min: 1, Every: 1000 * time.Hour}
		const workers, each = 16, 20_000
		var granted atomic.Int64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for i := range each {
					b.Earn()
					if i%2 == 0 && b.Take() {
						if granted.Add(1); i%8 == 0 {
							b.Return()
							granted.Add(-1)
						}
					}
					if i%1000 == 0 {
						b.Available()
					}
				}
			})
		}
		wg.Wait()
		for b.Take() {
			granted.Add(1)
		}
		const earned = workers * each
		if n := granted.Load(); n != earned+1 {
			t.Errorf("%d retries were granted for %d successes and one", n, earned)
		}
		if b.Granted() != granted.Load() {
			t.Errorf("it counted %d, there were %d", b.Granted(), granted.Load())
		}
		fixed := &retry.Budget{Min: 1000, Every: 1000 * time.Hour}
		granted.Store(0)
		for range workers {
			wg.Go(func() {
				for range 200 {
					if fixed.Take() {
						granted.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if n := granted.Load(); n != 1000 || fixed.Refused() != workers*200-1000 {
			t.Errorf("%d of 1000 were granted, %d refused", n, fixed.Refused())
		}
	})
}

func TestBudgetPausesAndResumes(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		b := &retry.Budget{Name: "s3"}
		attempts := 0
		try := func(want int) {
			t.Helper()
			attempts = 0
			call(t.Context(), retry.Policy{Backoff: retry.List{0, 0}, Budget: b}, func(context.Context) error { attempts++; return errFlaky })
			if attempts != want {
				t.Errorf("%d attempts, want %d", attempts, want)
			}
		}
		b.Pause(time.Hour)
		try(1)
		if b.Paused() != time.Hour || b.String() != `budget "s3": 3 retries available, 0 granted, 1 refused, paused for 1h` {
			t.Error(b)
		}
		b.Resume()
		try(2)
		b.Pause(math.MaxInt64)
		try(1)
		b.Pause(time.Second)
		time.Sleep(time.Second)
		try(2)
		b.Pause(-1)
		if b.Paused() != 0 {
			t.Error(b)
		}
	})
}

func TestCanceledDelayGivesBackWhatItTook(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		for _, earned := range []int{0, 105} { // ten and a half: a tick of fading must not show
			b := new(retry.Budget)
			for range earned {
				b.Earn()
			}
			before := b.Available()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			err := call(ctx, retry.Policy{Backoff: retry.List{0, time.Hour}, Budget: b}, func(context.Context) error { return errFlaky })
			gaveUp(t, err, context.Canceled, 1)
			if b.Available() != before || b.Granted() != 0 {
				t.Errorf("%v, there were %d", b, before)
			}
		}
	})
}

// Also if the schedule's own clean-up panics or exits; and only once.
func TestTokenIsGivenBackWhateverTheScheduleDoes(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("clean-up") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				b := new(retry.Budget)
				seq := retry.Seq(func(yield func(time.Duration) bool) {
					defer end()
					_ = yield(0) && yield(time.Hour)
				})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, cancel)
				outcome(func() {
					call(ctx, retry.Policy{Backoff: seq, Budget: b}, func(context.Context) error { return errFlaky })
				})
				if b.Granted() != 0 || b.Available() != 3 {
					t.Errorf("%v, for a retry that was never made", b)
				}
			})
		})
	}
}

func TestOnlyARetryIsPaidFor(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		b := new(retry.Budget)
		p := retry.Policy{Budget: b}
		call(t.Context(), p, func(context.Context) error { return nil })
		call(t.Context(), p, func(context.Context) error { return retry.Stop(errFlaky) })
		p.Backoff = retry.List{0}
		call(t.Context(), p, func(context.Context) error { return errFlaky })
		p.Backoff, p.Within = retry.List{0, time.Hour}, time.Minute
		call(t.Context(), p, func(context.Context) error { return errFlaky })
		p.Backoff = retry.List{time.Second, time.Second}
		call(t.Context(), p, func(context.Context) error { return nil })
		if b.Granted() != 0 || b.Refused() != 0 {
			t.Error(b)
		}
		p = retry.Policy{Budget: b, Backoff: retry.List{0, time.Second}}
		call(t.Context(), p, failing(errFlaky))
		if b.Granted() != 1 || b.Available() != 2 {
			t.Errorf("after a retry: %v", b)
		}
	})
}

func TestBudgetIsStoredAndRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := new(retry.Budget)
		for range 1000 {
			a.Earn()
		}
		a.Take()
		a.Pause(time.Hour)
		for range 105 {
			a.Take()
		}
		stored, err := json.Marshal(a.State(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		var state retry.BudgetState
		if err := json.Unmarshal(stored, &state); err != nil {
			t.Fatal(err)
		}
		b := new(retry.Budget)
		b.Restore(state)
		if a.Available() != b.Available() || b.Paused() != a.Paused() || b.Paused() != time.Hour-30*time.Second {
			t.Errorf("stored: %v; restored: %v", a, b)
		}
		// What can't be is brought into range.
		for _, bad := range []retry.BudgetState{{Earned: math.NaN(), Spare: math.NaN()}, {At: time.Now(), Earned: math.Inf(1), Spare: 1e300}, {At: time.Now().Add(1000 * time.Hour), Earned: -5, Spare: -5}} {
			b.Restore(bad)
			if n := b.Available(); n < 0 || n > 1<<24 {
				t.Errorf("%+v: %d", bad, n)
			}
		}
	})
}

// Calls go by the monotonic clock, and a queue by the wall's, which may be set.
func TestBudgetStandsAClockThatIsSet(t *testing.T) {
	b := &retry.Budget{}
	p := retry.Policy{Budget: b, Attempts: retry.Unlimited}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	granted := func(d time.Duration, asked int) (n int) {
		now = now.Add(d)
		for range asked {
			if _, _, end := p.Next(retry.Position{Attempts: 1, Delays: 1}, now, errFlaky); end == nil {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		step time.Duration
		want int
	}{{0, 3}, {time.Minute, 1}, {-time.Hour, 0}, {time.Minute, 1}, {time.Minute, 1}, {100 * 24 * time.Hour, 3}, {-100 * 24 * time.Hour, 0}, {time.Minute, 1}, {10 * 365 * 24 * time.Hour, 3}} {
		if n := granted(tt.step, 10); n != tt.want {
			t.Errorf("after a step of %v %d were granted, want %d", tt.step, n, tt.want)
		}
	}
}

func TestOutageGetsATenthMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(retry.Budget)
		var down atomic.Bool
		var attempts, calls atomic.Int64
		p := retry.Policy{Budget: b}
		second := func() {
			for range 100 {
				calls.Add(1)
				go retry.Do(t.Context(), p, func(context.Context) error {
					if attempts.Add(1); down.Load() {
						return errFlaky
					}
					return nil
				})
				time.Sleep(10 * time.Millisecond)
			}
		}
		for range 60 {
			second()
		}
		down.Store(true)
		attempts.Store(0)
		calls.Store(0)
		for range 600 {
			second()
		}
		// The successes of the last half minute earned about 260 retries; ten minutes have ten more.
		if n := attempts.Load() - calls.Load(); n < 150 || n > 350 {
			t.Errorf("an outage of 10 minutes got %d retries beside %d calls", n, calls.Load())
		}
	})
}

func FuzzBudgetStaysInBounds(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, 0.0, 0, int64(0))
	f.Add([]byte{9, 200, 13}, 1.0, 1, int64(1))
	f.Fuzz(func(t *testing.T, ops []byte, ratio float64, size int, every int64) {
		b := &retry.Budget{Ratio: ratio, Min: size, Every: time.Duration(every)}
		p := retry.Policy{Budget: b, Attempts: retry.Unlimited}
		if _, _, err := p.Next(retry.Position{}, epoch, nil); err != nil {
			return
		}
		if size == 0 {
			size = 3
		}
		if size > 1000 {
			return
		}
		now, earned, granted := epoch, 0.0, 0.0
		refills := 0.0
		step := time.Minute
		if every > 0 {
			step = time.Duration(every)
		}
		b.Restore(retry.BudgetState{At: now, Spare: float64(size)})
		for _, op := range ops {
			switch op % 5 {
			case 4: // one that isn't made after all
				if granted > 0 {
					b.Return()
					granted--
				}
			case 0:
				b.Earn()
				earned += max(ratio, 0)
				if ratio == 0 {
					earned += 0.1
				}
			case 1:
				d := time.Duration(op) * time.Second
				now = now.Add(d)
				refills += float64(d) / float64(step)
			default:
				if _, _, end := p.Next(retry.Position{Attempts: 1, Delays: 1}, now, errFlaky); end == nil {
					granted++
				}
			}
			if most := earned + float64(size) + refills; granted > most+1e-3 {
				t.Fatalf("%v granted, at most %v could be", granted, most)
			}
		}
	})
}
