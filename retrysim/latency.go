package retrysim

import (
	"fmt"
	"math"
	"time"
)

// A Latency is a distribution of durations: of the time a request takes on the network or at the server. The zero value is
// always 0. A Latency is made by [Fixed], [Exp], [Normal], [LogNormal] or [Uniform].
type Latency struct {
	kind latencyKind
	a, b float64 // in nanoseconds, but for the sigma of a log-normal distribution
}

type latencyKind uint8

const (
	fixedLatency latencyKind = iota
	expLatency
	normalLatency
	logNormalLatency
	uniformLatency
)

// Fixed returns the Latency that is always d.
func Fixed(d time.Duration) Latency { return Latency{fixedLatency, float64(d), 0} }

// Exp returns the exponential distribution with the given mean.
func Exp(mean time.Duration) Latency { return Latency{expLatency, float64(mean), 0} }

// Normal returns the absolute value of a normal distribution.
func Normal(mean, deviation time.Duration) Latency {
	return Latency{normalLatency, float64(mean), float64(deviation)}
}

// LogNormal returns the log-normal distribution that is below median for half of the requests and below p99 for 99 of
// 100. Latencies of real servers are often near to it.
func LogNormal(median, p99 time.Duration) Latency {
	if median <= 0 || p99 < median {
		return Latency{logNormalLatency, -1, -1}
	}
	return Latency{logNormalLatency, float64(median), ln(float64(p99)/float64(median)) / 2.3263478740408408}
}

// Uniform returns the uniform distribution from low to high.
func Uniform(low, high time.Duration) Latency {
	return Latency{uniformLatency, float64(low), float64(high - low)}
}

// String describes the distribution, as in "exponential, mean 5ms".
func (l Latency) String() string {
	a, b := time.Duration(l.a), time.Duration(l.b)
	switch l.kind {
	case expLatency:
		return fmt.Sprintf("exponential, mean %v", a)
	case normalLatency:
		return fmt.Sprintf("normal, mean %v, deviation %v", a, b)
	case logNormalLatency:
		return fmt.Sprintf("log-normal, median %v, sigma %.3g", a, l.b)
	case uniformLatency:
		return fmt.Sprintf("uniform, %v to %v", a, a+b)
	}
	return a.String()
}

func (l Latency) check(field string) error {
	if l.a < 0 || l.b < 0 {
		return fmt.Errorf("retrysim: %s has a negative duration, a p99 below its median, or an end before its beginning", field)
	}
	return nil
}

// constant reports whether all samples are equal.
func (l Latency) constant() bool { return l.kind == fixedLatency }

// sample returns a duration in nanoseconds.
func (l Latency) sample(s *stream) int64 {
	switch l.kind {
	case expLatency:
		return nanoseconds(l.a * s.exp())
	case normalLatency:
		return nanoseconds(math.Abs(l.a + float64(l.b*s.normal())))
	case logNormalLatency:
		return nanoseconds(l.a * exp(l.b*s.normal()))
	case uniformLatency:
		return nanoseconds(l.a + float64(l.b*s.unit()))
	}
	return nanoseconds(l.a)
}

// longest is the longest duration that is simulated: about a hundred years, so that sums don't overflow.
const longest = 1 << 61

// nanoseconds converts x, which isn't negative. Conversions of what is out of range differ between machines.
func nanoseconds(x float64) int64 { return int64(min(x, longest)) }
