package retry

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The delay is the quantile, of whatever distribution there is in practice; but where more than it leaves out are much slower than the others, it
// comes before those.
func TestDelayIsTheQuantileOrComesBeforeAGap(t *testing.T) {
	const n = 256
	ms := func(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }
	gap := func(share float64, times float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			x := 10 + 10*r.Float64()
			if r.Float64() < share {
				x *= times
			}
			return x
		}
	}
	for name, tt := range map[string]struct {
		draw     func(*rand.Rand) float64
		min, max float64 // of the mean
	}{
		"constant":        {func(*rand.Rand) float64 { return 10 }, 9.9, 10.1},
		"uniform":         {gap(0, 1), 19.3, 19.7},
		"exponential":     {func(r *rand.Rand) float64 { return 10 * r.ExpFloat64() }, 28, 32},
		"log-normal":      {func(r *rand.Rand) float64 { return 10 * math.Exp(r.NormFloat64()) }, 48, 56},
		"log-normal, 2":   {func(r *rand.Rand) float64 { return 10 * math.Exp(2*r.NormFloat64()) }, 230, 320},
		"Pareto, 1":       {func(r *rand.Rand) float64 { return 10 / (1 - r.Float64()) }, 170, 240},
		"1 % stalled":     {gap(0.01, 50), 19, 20},
		"5 % stalled":     {gap(0.05, 50), 19, 20},
		"10 % stalled":    {gap(0.1, 50), 19, 20},
		"15 % stalled":    {gap(0.15, 50), 19, 60},
		"half are slow":   {gap(0.5, 50), 900, 1000},
		"10 %, but a bit": {gap(0.1, 1.5), 20, 30},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		sum := 0.0
		for range 200 {
			took := make([]time.Duration, n)
			for i := range took {
				took[i] = ms(tt.draw(r))
			}
			slices.Sort(took)
			sum += float64(slow(took, n, 0.95)) / 1e6 / 200
		}
		if !(sum >= tt.min && sum <= tt.max) {
			t.Errorf("%s: %.1f ms, want %v to %v", name, sum, tt.min, tt.max)
		}
	}
}

// Attempts that were beaten by a hedge would have taken longer than that: if they counted as they are, each delay would make the next one longer.
func TestBeatenAttemptsDoNotMakeTheDelayLonger(t *testing.T) {
	var l latencies
	for i := range 256 {
		if i%10 == 0 {
			l.add(now(), 25*time.Millisecond, true, true)
		} else {
			l.add(now(), time.Duration(10+i%10)*time.Millisecond, false, true)
		}
	}
	if d, median, ok := l.delay(now(), 0.95); d != 19*time.Millisecond || median > 16*time.Millisecond || !ok {
		t.Errorf("%v, %v, %t", d, median, ok)
	}
}
