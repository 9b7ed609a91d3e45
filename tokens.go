package retry

import (
	"math"
	"sync/atomic"
	"time"
)

// fading holds tokens that fade. Its word is the time of its last change, in ticks, and the tokens then, as a
// float32: so both change together, without a lock. 0 is a word that hasn't begun.
type fading struct{ word atomic.Uint64 }

// A tick is 16.8ms: fine for tokens that fade over half a minute, and 32 bits of them are more than two years.
const tickBits = 24

func ticks(t time.Duration) uint32 { return uint32(t >> tickBits) }

func pack(tick uint32, level float64) uint64 {
	return uint64(tick)<<32 | uint64(math.Float32bits(float32(clampLevel(level))))
}

func unpack(word uint64) (tick uint32, level float64) {
	return uint32(word >> 32), float64(math.Float32frombits(uint32(word)))
}

// begin sets the time from which on successes count, at the first of them.
func (f *fading) begin() {
	if f.word.Load() == 0 {
		f.word.CompareAndSwap(0, pack(ticks(now()), 0))
	}
}

func (f *fading) set(now time.Duration, level float64) { f.word.Store(pack(ticks(now), level)) }

// moved returns a word's level at the time now, with what was earned since its own time added. A clock that went back by more than a
// second has been set: the word takes its time. A little back is another goroutine that was faster.
func moved(word uint64, now time.Duration, earned float64) (tick uint32, level float64) {
	tick, level = unpack(word)
	at := ticks(now)
	if word == 0 {
		return at, earned
	}
	d := time.Duration(int32(at-tick)) << tickBits
	if d > 0 || d < -time.Second {
		tick = at
	}
	l, e := fade(d)
	return tick, clampLevel(float64(level*l) + float64(earned*e))
}

// fold adds what was earned since the last time, as if evenly spread, and returns the level.
func (f *fading) fold(now time.Duration, earned float64) float64 {
	for {
		word := f.word.Load()
		tick, level := moved(word, now, earned)
		if f.word.CompareAndSwap(word, pack(tick, level)) {
			return level
		}
	}
}

// raise raises the level to least, if it is lower, and returns it.
func (f *fading) raise(now time.Duration, least float64) float64 {
	for {
		word := f.word.Load()
		tick, level := moved(word, now, 0)
		level = max(level, least)
		if f.word.CompareAndSwap(word, pack(tick, level)) {
			return level
		}
	}
}

// add adds n tokens.
func (f *fading) add(n float64) {
	for {
		word := f.word.Load()
		tick, level := unpack(word)
		if f.word.CompareAndSwap(word, pack(tick, level+n)) {
			return
		}
	}
}

// take takes a token, if there is one. The successes are counted in at most once a tick, unless they are needed.
func (f *fading) take(now time.Duration, successes *atomic.Int64, ratio float64) bool {
	earned := 0.0
	for {
		word := f.word.Load()
		if tick, level := unpack(word); earned == 0 && (tick != ticks(now) || level < 1) && successes.Load() > 0 {
			earned = ratio * float64(successes.Swap(0)) // ours alone now
		}
		tick, level := moved(word, now, earned)
		ok := level >= 1
		if ok {
			level--
		}
		next := pack(tick, level)
		if next == word || f.word.CompareAndSwap(word, next) {
			return ok
		}
	}
}

// reserve holds a few tokens, one of which comes back after each interval: the generic cell rate algorithm. It stores when it
// will be full, so that it needs no more than one number; 0 is full.
type reserve struct{ full atomic.Int64 }

// debt returns how long it is until the reserve is full. If that is longer than it can be, the clock was set back.
func (r *reserve) debt(full int64, now time.Duration, size int, every time.Duration) time.Duration {
	if full == 0 {
		return 0
	}
	return min(max(until(time.Duration(full), now), 0), times(every, size))
}

func (r *reserve) take(now time.Duration, size int, every time.Duration) bool {
	for {
		full := r.full.Load()
		debt := r.debt(full, now, size, every)
		if debt > times(every, size)-every {
			if until(time.Duration(full), now) > debt { // the clock was set back: begin to refill now
				r.full.CompareAndSwap(full, int64(after(now, debt)))
			}
			return false
		}
		next := int64(after(now, debt+every))
		if next == 0 {
			next = 1
		}
		if r.full.CompareAndSwap(full, next) {
			return true
		}
	}
}

// fill gives a token back if one is missing, and reports whether it was.
func (r *reserve) fill(now time.Duration, size int, every time.Duration) bool {
	for {
		full := r.full.Load()
		if r.debt(full, now, size, every) == 0 {
			return false
		}
		if r.full.CompareAndSwap(full, full-int64(every)) {
			return true
		}
	}
}

func (r *reserve) level(now time.Duration, size int, every time.Duration) float64 {
	return float64(size) - float64(r.debt(r.full.Load(), now, size, every))/float64(every)
}

func (r *reserve) set(now time.Duration, level float64, size int, every time.Duration) {
	missing := float64(size) - clampLevel(level)
	if missing <= 0 {
		r.full.Store(0)
		return
	}
	full := int64(after(now, time.Duration(missing*float64(every))))
	if full == 0 {
		full = 1
	}
	r.full.Store(full)
}

// clampLevel brings a number of tokens into the range that fading can hold.
func clampLevel(level float64) float64 {
	if !(level > 0) {
		return 0
	}
	return min(level, most)
}

const most = 1 << 23 // so many tokens can still be told apart in a float32

// fadingTime is the time in which earned tokens fade to 1/e: what has succeeded since then counts.
const fadingTime = 30 * time.Second

// fade returns what level is after d, and how much of what was earned evenly during d is left.
func fade(d time.Duration) (level, earned float64) {
	if d <= 0 {
		return 1, 1
	}
	x := float64(d) / float64(fadingTime)
	e := exp(-x)
	return e, (1 - e) / x
}

// exp returns e to the power x, for x from -700 to 0, with the same digits on every machine, so that simulations have them: math.Exp
// is assembly on some, and where there is an instruction that multiplies and adds, products need to be rounded explicitly.
func exp(x float64) float64 {
	x = max(x, -700)
	k := math.Floor(x/math.Ln2 + 0.5)
	const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // of ln 2; k*high is exact
	r := x - float64(k*high) - float64(k*low)
	sum := 1.0
	for n := 14.0; n > 0; n-- { // Taylor's series, from its end
		sum = 1 + float64(r*sum)/n
	}
	return float64(sum * math.Float64frombits(uint64(int64(k)+1023)<<52)) // or a caller that this is inlined into is fused with it
}
