package retrysim

import (
	"math"
	"math/bits"
)

// The functions of this file give the same digits on every machine. math.Exp and math.Log don't: some architectures have them in
// assembly. Nor does x*y + z, which the compiler fuses into one instruction with one rounding where there is one; an
// explicit conversion of the product to float64 prevents that. Square roots, single operations and conversions of values in
// range are exact by IEEE 754.

// A stream is a source of random numbers: SplitMix64, from Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
// Generators" (OOPSLA 2014).
type stream uint64

// newStream returns one of the independent streams of a seed.
func newStream(seed, number uint64) stream {
	s := stream(seed)
	s = stream(s.next() + number)
	return stream(s.next())
}

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1. Its bias is at most n/2^64.
func (s *stream) below(n uint64) uint64 {
	n, _ = bits.Mul64(s.next(), n)
	return n
}

// unit returns a number of [0, 1).
func (s *stream) unit() float64 { return float64(s.next()>>11) * 0x1p-53 }

// exp returns a number of the exponential distribution with the mean 1.
func (s *stream) exp() float64 {
	// With u = m * 2^e, -ln u = -e ln 2 - ln m. m is near the middle of one of 256 intervals, whose reciprocal and logarithm
	// are in a table; what is left is so near to 1 that three terms of the series give an error below 4e-12.
	u := s.next() | 1
	zeros := bits.LeadingZeros64(u)
	m := math.Float64frombits(u<<zeros<<1>>12 | 1023<<52)
	t := &logs[u<<zeros<<1>>56]
	r := float64(m*t.reciprocal) - 1
	r2 := float64(r * r)
	ln := t.ln + (r - float64(r2*(0.5-float64(r*(1.0/3)))))
	return float64(float64(zeros+1)*math.Ln2) - ln
}

// normal returns a number of the standard normal distribution, by Marsaglia's polar method.
func (s *stream) normal() float64 {
	for {
		x := float64(int64(s.next())>>11) * 0x1p-52
		y := float64(int64(s.next())>>11) * 0x1p-52
		if q := float64(x*x) + float64(y*y); q > 0 && q < 1 {
			return x * math.Sqrt(-2*ln(q)/q)
		}
	}
}

var logs = func() (t [256]struct{ reciprocal, ln float64 }) {
	for i := range t {
		middle := float64(2*i+513) / 512
		t[i].reciprocal, t[i].ln = 1/middle, ln(middle)
	}
	return t
}()

// ln returns the natural logarithm of a positive normal x, with a relative error below 1e-15 outside of (1/2, 2) and an
// absolute one below 1e-15 there.
func ln(x float64) float64 {
	b := math.Float64bits(x)
	e := int(b>>52) - 1023
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, e = m/2, e+1
	}
	s := (m - 1) / (m + 1) // ln m = 2 artanh s
	z := float64(s * s)
	sum := 1.0 / 21
	for _, c := range [...]float64{1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1} {
		sum = float64(sum*z) + c
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*sum)
}

// exp returns e to the power x, for x from -700 to 700, with a relative error below 1e-15.
func exp(x float64) float64 {
	x = min(max(x, -700), 700)
	k := math.Floor(x/math.Ln2 + 0.5)
	const hi, lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // ln 2; k*hi is exact
	r := (x - float64(k*hi)) - float64(k*lo)
	sum := 1.0
	for n := 14.0; n > 0; n-- { // Taylor's series, from its end
		sum = 1 + float64(r*sum)/n
	}
	return sum * math.Float64frombits(uint64(int(k)+1023)<<52)
}
