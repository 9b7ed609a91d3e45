package migrate

import (
	"slices"
	"strings"
)

// A helper is a function that gives the delays of another library.
type helper struct {
	imports []string
	text    string
}

var helpers = map[string]helper{
	"backoffDelays": {[]string{"math", "math/rand/v2", "time"}, `
// backoffDelays gives the delays of an ExponentialBackOff of cenkalti/backoff: randomized by the given fraction to both
// sides, and up to that much longer than most. retry.Exponential spreads the delays more, and never exceeds its Max.
func backoffDelays(initial, most time.Duration, multiplier, randomization float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := initial; ; {
			wait := float64(d)
			if randomization != 0 {
				wait *= 1 + randomization*(2*rand.Float64()-1)
			}
			if !yield(time.Duration(min(max(wait, 0), math.MaxInt64-1024))) {
				return
			}
			if float64(d) >= float64(most)/multiplier {
				d = most
			} else {
				d = time.Duration(float64(d) * multiplier)
			}
		}
	}
}
`},
	"avastDelays": {[]string{"math", "math/rand/v2", "time"}, `
// avastDelays gives the delays of avast/retry-go: delay, doubled each time if double is true, and up to jitter more; at most
// most, if that isn't 0. retry.Exponential spreads the delays more.
func avastDelays(delay, jitter, most time.Duration, double bool) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := delay; ; {
			wait := d
			if jitter > 0 {
				if wait += rand.N(jitter); wait < 0 {
					wait = math.MaxInt64
				}
			}
			if most > 0 {
				wait = min(wait, most)
			}
			if !yield(wait) {
				return
			}
			if double && d <= math.MaxInt64/2 {
				d *= 2
			}
		}
	}
}
`},
	"fibonacciDelays": {[]string{"math", "time"}, `
// fibonacciDelays gives the delays of sethvargo/go-retry's NewFibonacci: each is the sum of the two before it.
// retry.Exponential grows faster.
func fibonacciDelays(base time.Duration) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for a, b := time.Duration(0), base; ; {
			if a, b = b, a+b; b < 0 {
				b = math.MaxInt64
			}
			if !yield(b) {
				return
			}
		}
	}
}
`},
	"jitteredDelays": {[]string{"math/rand/v2", "time"}, `
// jitteredDelays gives the delays of b, each up to jitter and up to the given percentage shorter or longer, as
// sethvargo/go-retry does. The jitter of a retry.Exponential spreads the delays more.
func jitteredDelays(b retry.Backoff, jitter time.Duration, percent float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		for d := range b.Delays() {
			if d > 0 {
				random := 2*rand.Float64() - 1
				d = max(0, d+time.Duration(random*float64(jitter))+time.Duration(random*percent/100*float64(d)))
			}
			if !yield(d) {
				return
			}
		}
	}
}
`},
}

// helperFile returns the source of a file with the named helpers.
func helperFile(pkg string, names []string) string {
	var imports []string
	var b strings.Builder
	for _, name := range names {
		imports = append(imports, helpers[name].imports...)
		b.WriteString(helpers[name].text)
	}
	slices.Sort(imports)
	imports = slices.Compact(imports)
	return "package " + pkg + "\n\nimport (\n\t\"" + strings.Join(imports, "\"\n\t\"") + "\"\n\n\t\"" + root + "\"\n)\n" + b.String()
}
