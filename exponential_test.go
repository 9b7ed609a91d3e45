package retry_test

import (
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

func TestExponentialIsTheOldIteratorToTheDigit(t *testing.T) {
	want := []time.Duration{0}
	for _, ms := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 2560} {
		want = append(want, ms*time.Millisecond)
	}
	for range 2 { // each range starts afresh
		if got := take(exact, 100); !slices.Equal(got, want) {
			t.Errorf("the delays are %v, want %v", got, want)
		}
	}
}

func TestExponentialFields(t *testing.T) {
	ms, s, m := time.Millisecond, time.Second, time.Minute
	for _, tt := range []struct {
		name string
		e    retry.Exponential
		want []time.Duration
	}{
		{"wait_first", retry.Exponential{Attempts: 3, WaitFirst: true}, []time.Duration{10 * ms, 20 * ms, 40 * ms}},
		{"max", retry.Exponential{Attempts: 5, Initial: s, Max: 3 * s}, []time.Duration{0, s, 2 * s, 3 * s, 3 * s}},
		{"initial_above_max", retry.Exponential{Attempts: 3, Initial: 5 * m}, []time.Duration{0, 2 * m, 2 * m}},
		{"growth_goes_on_under_the_cap", retry.Exponential{Attempts: 6, Initial: s, Max: 5 * s, Grow: sawtooth}, []time.Duration{0, s, 4 * s, 5 * s, 5 * s, s}},
		{"saturated", retry.Exponential{Attempts: 4, Initial: math.MaxInt64/2 + 1, Max: math.MaxInt64}, []time.Duration{0, math.MaxInt64/2 + 1, math.MaxInt64, math.MaxInt64}},
		{"grow_overflows", retry.Exponential{Attempts: 3, Grow: func(d time.Duration) time.Duration { return -d }}, []time.Duration{0, 10 * ms, 2 * m}},
		{"linear", retry.Exponential{Attempts: 4, Initial: s, Grow: func(d time.Duration) time.Duration { return d + s }}, []time.Duration{0, s, 2 * s, 3 * s}},
		{"unlimited_has_a_floor", retry.Exponential{Attempts: retry.Unlimited, Initial: 1}, []time.Duration{0, ms, ms}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.e.Jitter = retry.None
			if got := take(tt.e, len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("the delays are %v, want %v", got, tt.want)
			}
			if more := take(tt.e, 1000); tt.e.Attempts != retry.Unlimited && len(more) != len(tt.want) {
				t.Errorf("there are %d delays, want %d", len(more), len(tt.want))
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

func TestReproducibleRuns(t *testing.T) {
	for _, b := range []func() retry.Backoff{
		func() retry.Backoff { return retry.Exponential{Rand: newRand(7)} },
		func() retry.Backoff { return retry.Decorrelated{Rand: newRand(7)} },
	} {
		first, second := take(b(), 10), take(b(), 10)
		if !slices.Equal(first, second) {
			t.Errorf("one seed gave %v and %v", first, second)
		}
	}
}

func FuzzSchedulesStayInBounds(f *testing.F) {
	f.Add(int64(0), int64(0), 0, false, 0, int64(2), uint64(1))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), -1, true, 1, int64(-3), uint64(2))
	f.Add(int64(1), int64(time.Millisecond), -1, false, 2, int64(0), uint64(3))
	f.Add(int64(-1), int64(5), 3, false, 9, int64(1), uint64(3))
	f.Fuzz(func(t *testing.T, initial, most int64, attempts int, first bool, jitter int, factor int64, seed uint64) {
		const steps = 10_000
		var grow func(time.Duration) time.Duration
		if factor != 2 {
			grow = func(d time.Duration) time.Duration { return d * time.Duration(factor) } // overflows freely
		}
		limit := time.Duration(most)
		if limit == 0 {
			limit = 2 * time.Minute
		}
		for _, b := range []retry.Backoff{
			retry.Exponential{Initial: time.Duration(initial), Max: time.Duration(most), Attempts: attempts, WaitFirst: first, Grow: grow, Jitter: retry.Jitter(jitter), Rand: newRand(seed)},
			retry.Decorrelated{Initial: time.Duration(initial), Max: time.Duration(most), Attempts: attempts, WaitFirst: first, Rand: newRand(seed)},
		} {
			delays := take(b, steps)
			valid := initial >= 0 && most >= 0 && attempts >= retry.Unlimited
			if e, ok := b.(retry.Exponential); ok {
				valid = valid && e.Jitter >= retry.Full && e.Jitter <= retry.None
			}
			if attempts == retry.Unlimited && most > 0 && most < int64(time.Millisecond) {
				valid = false
			}
			want := attempts
			switch {
			case !valid:
				want = 0
			case attempts == 0:
				want = 10
			case attempts == retry.Unlimited:
				want = steps
			}
			if len(delays) != min(want, steps) {
				t.Fatalf("%+v gave %d delays, want %d", b, len(delays), want)
			}
			for i, d := range delays {
				if d < 0 || d > limit {
					t.Fatalf("%+v gave delay %d of %v, limit %v", b, i, d, limit)
				}
			}
		}
	})
}
