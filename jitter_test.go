package retry_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// The spread of a uniform distribution is its width over the root of twelve. With a hundred
// thousand draws the mean is within 1 % and so is the spread, ten times what chance moves them.
func TestJitterIsUniformAtTheCapToo(t *testing.T) {
	const draws = 100_000
	for _, tt := range []struct {
		jitter    retry.Jitter
		low, high float64 // of the delay
	}{
		{retry.Full, 0, 1},
		{retry.Equal, 0.5, 1},
		{retry.None, 1, 1},
	} {
		for _, at := range []struct {
			name  string
			delay time.Duration
			max   time.Duration
		}{
			{"below_the_cap", time.Second, time.Minute},
			{"at_the_cap", time.Minute, time.Second},
		} {
			t.Run(fmt.Sprint(tt.jitter, "_", at.name), func(t *testing.T) {
				same := func(d time.Duration) time.Duration { return d }
				b := retry.Exponential{Initial: at.delay, Max: at.max, Attempts: draws, WaitFirst: true, Grow: same, Jitter: tt.jitter, Rand: newRand(42)}
				d := float64(min(at.delay, at.max))
				expect(t, take(b, draws), tt.low*d, tt.high*d)
			})
		}
	}
}

func expect(t *testing.T, delays []time.Duration, low, high float64) {
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

// One call in each of very many processes: the same draw, but from the global source.
func TestJitterWithoutRandIsUniform(t *testing.T) {
	delays := make([]time.Duration, 100_000)
	for i := range delays {
		delays[i] = take(retry.Exponential{Initial: time.Second, WaitFirst: true}, 1)[0]
	}
	expect(t, delays, 0, float64(time.Second))
}

// In the article's own form two draws of three are the cap itself, once it is reached.
func TestDecorrelatedKeepsSpreadingAtTheCap(t *testing.T) {
	for _, tt := range []struct {
		name      string
		b         retry.Decorrelated
		low, high time.Duration
	}{
		{"initial_above_the_cap", retry.Decorrelated{Initial: time.Hour, Max: 3 * time.Second}, time.Second, 3 * time.Second},
		{"initial_just_below", retry.Decorrelated{Initial: 2 * time.Second, Max: 3 * time.Second}, time.Second, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.b.Attempts, tt.b.WaitFirst, tt.b.Rand = 100_000, true, newRand(3)
			expect(t, take(tt.b, 100_000), float64(tt.low), float64(tt.high))
		})
	}
	b := retry.Decorrelated{Initial: time.Millisecond, Max: time.Second, Attempts: 100_000, Rand: newRand(3)}
	capped := 0
	for i, d := range take(b, 100_000) {
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
	for seed := range uint64(1000) {
		last := 10 * time.Millisecond
		for i, d := range take(retry.Decorrelated{WaitFirst: true, Rand: newRand(seed)}, 10) {
			if d < 10*time.Millisecond || d > 3*last {
				t.Fatalf("seed %d: delay %d is %v after %v", seed, i, d, last)
			}
			last = d
		}
	}
}
