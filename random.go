package retry

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// newSeed returns a seed for the jitter of one call; never 0, which is that of a call which hasn't drawn one.
func newSeed() uint64 { return rand.Uint64() | 1 }

// draw returns a duration from 0 to d, both included, that depends only on the seed and n: so a call can be stored and continued,
// and a simulation repeated, without a generator's state. The mixing function is that of SplitMix64 (Steele, Lea and
// Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
func draw(seed uint64, n int, d time.Duration) time.Duration {
	x := seed + uint64(n)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	r, _ := bits.Mul64(x, uint64(d)+1)
	return time.Duration(r)
}
