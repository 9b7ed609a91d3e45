package retry_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func take(b retry.Backoff, n int) []time.Duration {
	var all []time.Duration
	for d := range b.Delays() {
		if all = append(all, d); len(all) == n {
			break
		}
	}
	return all
}

// planned returns the delays that a Position is stepped through.
func planned(t *testing.T, p retry.Policy, seed uint64, n int) []time.Duration {
	t.Helper()
	at := retry.Position{Seed: seed}
	var all []time.Duration
	var failure error
	for range n {
		next, d, end := p.Next(at, epoch, failure)
		if end != nil {
			break
		}
		all = append(all, d)
		at, failure = next, errFlaky
	}
	return all
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestExponentialFields(t *testing.T) {
	ms, s, m := time.Millisecond, time.Second, time.Minute
	for _, tt := range []struct {
		name  string
		e     retry.Exponential
		want  []time.Duration
		limit int
	}{
		{"zero", retry.Exponential{}, []time.Duration{0, 100 * ms, 200 * ms, 400 * ms}, 0},
		{"wait_first", retry.Exponential{WaitFirst: true}, []time.Duration{100 * ms, 200 * ms, 400 * ms}, 3},
		{"max", retry.Exponential{Initial: s, Max: 3 * s}, []time.Duration{0, s, 2 * s, 3 * s, 3 * s}, 5},
		{"initial_above_max", retry.Exponential{Initial: 5 * m}, []time.Duration{0, 2 * m, 2 * m}, 3},
		{"growth_goes_on_under_the_cap", retry.Exponential{Initial: s, Max: 5 * s, Grow: sawtooth}, []time.Duration{0, s, 4 * s, 5 * s, 5 * s, s}, 6},
		{"saturated", retry.Exponential{Initial: math.MaxInt64/2 + 1, Max: math.MaxInt64}, []time.Duration{0, math.MaxInt64/2 + 1, math.MaxInt64, math.MaxInt64}, 4},
		{"grow_overflows", retry.Exponential{Grow: func(d time.Duration) time.Duration { return -d }}, []time.Duration{0, 100 * ms, 2 * m}, 3},
		{"linear", retry.Exponential{Initial: s, Grow: func(d time.Duration) time.Duration { return d + s }}, []time.Duration{0, s, 2 * s, 3 * s}, 4},
		{"unlimited_has_a_floor", retry.Exponential{Initial: 1}, []time.Duration{0, ms, ms}, retry.Unlimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.e.Jitter = retry.NoJitter
			got := planned(t, retry.Policy{Backoff: tt.e, Attempts: tt.limit}, 1, 100)
			if tt.limit == retry.Unlimited {
				got = got[:len(tt.want)]
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("the delays are %v, want %v", got, tt.want)
			}
			if got := take(tt.e, len(tt.want)); tt.limit != retry.Unlimited && !slices.Equal(got, tt.want) {
				t.Errorf("Delays gives %v, want %v", got, tt.want)
			}
		})
	}
}

// sawtooth goes 1s, 4s, 16s, 64s and back: had the cap been applied to its argument it never would.
func sawtooth(d time.Duration) time.Duration {
	if d >= time.Minute {
		return time.Second
	}
	return 4 * d
}

func TestOneSeedGivesOneSchedule(t *testing.T) {
	for _, j := range []retry.Jitter{retry.FullJitter, retry.EqualJitter, retry.DecorrelatedJitter} {
		p := retry.Policy{Attempts: 10, Backoff: retry.Exponential{Jitter: j}}
		if a, b := planned(t, p, 7, 10), planned(t, p, 7, 10); !slices.Equal(a, b) || len(a) != 10 {
			t.Errorf("one seed gave %v and %v", a, b)
		}
		if a, b := planned(t, p, 7, 10), planned(t, p, 8, 10); slices.Equal(a, b) {
			t.Errorf("two seeds gave %v", a)
		}
		if a, b := planned(t, p, 0, 10), planned(t, p, 0, 10); slices.Equal(a, b) {
			t.Errorf("without a seed twice %v", a)
		}
	}
}

// The spread of a uniform distribution is its width over the root of twelve. With a hundred thousand draws the mean is within 1 % and
// so is the spread, ten times what chance moves them.
func TestJitterIsUniformAtTheCapToo(t *testing.T) {
	same := func(d time.Duration) time.Duration { return d }
	for _, tt := range []struct {
		jitter    retry.Jitter
		low, high float64 // of the delay
	}{
		{retry.FullJitter, 0, 1},
		{retry.EqualJitter, 0.5, 1},
		{retry.NoJitter, 1, 1},
	} {
		for _, at := range []struct {
			name       string
			delay, max time.Duration
		}{
			{"below_the_cap", time.Second, time.Minute},
			{"at_the_cap", time.Minute, time.Second},
		} {
			t.Run(fmt.Sprint(tt.jitter, "_", at.name), func(t *testing.T) {
				b := retry.Exponential{Initial: at.delay, Max: at.max, WaitFirst: true, Grow: same, Jitter: tt.jitter}
				d := float64(min(at.delay, at.max))
				uniform(t, take(b, 100_000), tt.low*d, tt.high*d)
				// And over many calls with seeds one after the other, as a simulation has them.
				var first []time.Duration
				for seed := range uint64(20_000) {
					first = append(first, planned(t, retry.Policy{Backoff: b}, seed+1, 1)...)
				}
				uniform(t, first, tt.low*d, tt.high*d)
			})
		}
	}
}

func uniform(t *testing.T, delays []time.Duration, low, high float64) {
	t.Helper()
	var sum, squares, least, most float64
	least = math.Inf(1)
	for _, d := range delays {
		x := float64(d)
		sum += x
		squares += x * x
		least, most = min(least, x), max(most, x)
	}
	n := float64(len(delays))
	mean := sum / n
	spread := math.Sqrt(max(0, squares/n-mean*mean))
	wantMean, wantSpread := (low+high)/2, (high-low)/math.Sqrt(12)
	if math.Abs(mean-wantMean) > high/100 || math.Abs(spread-wantSpread) > high/100 {
		t.Errorf("mean %v and spread %v, want %v and %v", time.Duration(mean), time.Duration(spread), time.Duration(wantMean), time.Duration(wantSpread))
	}
	if least < low-1 || most > high {
		t.Errorf("from %v to %v, want from %v to %v", time.Duration(least), time.Duration(most), time.Duration(low), time.Duration(high))
	}
}

// In the article's own form two draws of three are the cap itself, once it is reached.
func TestDecorrelatedKeepsSpreadingAtTheCap(t *testing.T) {
	for name, initial := range map[string]time.Duration{"initial_above_the_cap": time.Hour, "initial_just_below": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			b := retry.Exponential{Initial: initial, Max: 3 * time.Second, WaitFirst: true, Jitter: retry.DecorrelatedJitter}
			uniform(t, take(b, 100_000), float64(time.Second), float64(3*time.Second))
		})
	}
	capped := 0
	for i, d := range take(retry.Exponential{Initial: time.Millisecond, Max: time.Second, Jitter: retry.DecorrelatedJitter}, 100_000) {
		if i > 0 && d < time.Millisecond {
			t.Fatalf("delay %d is %v, less than Initial", i, d)
		}
		if d == time.Second {
			capped++
		}
	}
	if capped > 100 {
		t.Errorf("%d of 100000 delays are the cap itself", capped)
	}
}

func TestDecorrelatedGrowsFromTheLastDelay(t *testing.T) {
	for range 1000 {
		last := 10 * time.Millisecond
		for i, d := range take(retry.Exponential{Initial: last, WaitFirst: true, Jitter: retry.DecorrelatedJitter}, 10) {
			if d < 10*time.Millisecond || d > 3*last {
				t.Fatalf("delay %d is %v after %v", i, d, last)
			}
			last = d
		}
	}
}

func TestNamesOfJitterAndConstant(t *testing.T) {
	got := fmt.Sprint(retry.FullJitter, " ", retry.EqualJitter, " ", retry.DecorrelatedJitter, " ", retry.NoJitter, " ", retry.Jitter(9), " ", retry.Constant(5*time.Second))
	if got != "full equal decorrelated none Jitter(9) constant 5s" {
		t.Errorf("got %q", got)
	}
}

func FuzzSchedulesStayInBounds(f *testing.F) {
	f.Add(int64(0), int64(0), 0, false, 0, int64(2), uint64(1))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), -1, true, 1, int64(-3), uint64(2))
	f.Add(int64(1), int64(time.Millisecond), -1, false, 2, int64(0), uint64(3))
	f.Add(int64(-1), int64(5), 3, false, 9, int64(1), uint64(3))
	f.Fuzz(func(t *testing.T, initial, most int64, attempts int, first bool, jitter int, factor int64, seed uint64) {
		const steps = 1000
		var grow func(time.Duration) time.Duration
		if factor != 2 {
			grow = func(d time.Duration) time.Duration { return d * time.Duration(factor) } // overflows freely
		}
		limit := time.Duration(most)
		if limit == 0 {
			limit = 2 * time.Minute
		}
		if attempts == retry.Unlimited {
			limit = max(limit, time.Millisecond)
		}
		e := retry.Exponential{Initial: time.Duration(initial), Max: time.Duration(most), WaitFirst: first, Grow: grow, Jitter: retry.Jitter(jitter)}
		p := retry.Policy{Attempts: attempts, Backoff: e}
		valid := initial >= 0 && most >= 0 && attempts >= retry.Unlimited && jitter >= 0 && jitter <= int(retry.NoJitter)
		want := attempts
		switch {
		case !valid:
			want = 0
		case attempts == 0:
			want = 4
		case attempts == retry.Unlimited:
			want = steps
		}
		delays := planned(t, p, seed, steps)
		if len(delays) != min(want, steps) {
			t.Fatalf("%+v gave %d delays, want %d", p, len(delays), want)
		}
		for i, d := range delays {
			if d < 0 || d > limit {
				t.Fatalf("%+v gave delay %d of %v, limit %v", p, i, d, limit)
			}
		}
		if plan, err := p.Plan(); valid {
			if err != nil {
				t.Fatalf("%+v: %v", p, err)
			}
			for i := range min(len(delays), len(plan.Delays)) {
				if delays[i] > plan.Delays[i] {
					t.Fatalf("%+v: delay %d is %v, planned %v", p, i, delays[i], plan.Delays[i])
				}
			}
		}
	})
}
