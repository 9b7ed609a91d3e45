package retrysim

import (
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLnAndExpAreAccurate(t *testing.T) {
	s := newStream(1, 0)
	for range 100_000 {
		x := math.Exp(80 * (s.unit() - 0.5))
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-15*max(1, math.Abs(want)) {
			t.Fatalf("ln(%v) = %v; want %v", x, got, want)
		}
		x = 1400 * (s.unit() - 0.5)
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-15*want {
			t.Fatalf("exp(%v) = %v; want %v", x, got, want)
		}
	}
	for _, x := range []float64{1, 2, math.E, 0x1p-1022, math.MaxFloat64, 1 - 0x1p-53, 1 + 0x1p-52} {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-15*max(1, math.Abs(want)) {
			t.Errorf("ln(%v) = %v; want %v", x, got, want)
		}
	}
}

// The quick way to an exponential number must agree with the logarithm of the same random number.
func TestExponentialNumbersAreLogarithms(t *testing.T) {
	a, b := newStream(1, 0), newStream(1, 0)
	for range 1_000_000 {
		u := b.next() | 1
		if got, want := a.exp(), -math.Log(float64(u)/0x1p64); math.Abs(got-want) > 5e-12 {
			t.Fatalf("exp of %#x is %v; want %v", u, got, want)
		}
	}
}

func TestLatenciesHaveTheirMoments(t *testing.T) {
	const n = 1_000_000
	ms := time.Millisecond
	for _, test := range []struct {
		l          Latency
		mean, dev  float64 // in ms
		below, p99 time.Duration
	}{
		{l: Fixed(5 * ms), mean: 5},
		{l: Exp(5 * ms), mean: 5, dev: 5},
		{l: Normal(10*ms, 2*ms), mean: 10, dev: 2},
		{l: Uniform(4*ms, 16*ms), mean: 10, dev: 12 / math.Sqrt(12)},
		{l: LogNormal(10*ms, 40*ms), mean: 10 * math.Exp(0.5959*0.5959/2), dev: 7.8},
	} {
		s := newStream(2, serviceStream)
		var sum, squares float64
		for range n {
			x := float64(test.l.sample(&s)) / 1e6
			if x < 0 {
				t.Fatalf("%v: negative sample", test.l)
			}
			sum += x
			squares += x * x
		}
		mean := sum / n
		dev := math.Sqrt(squares/n - mean*mean)
		if math.Abs(mean-test.mean) > 0.005*test.mean || math.Abs(dev-test.dev) > 0.02*test.dev+1e-6 {
			t.Errorf("%v: mean %.3f, deviation %.3f; want %.3f and %.3f", test.l, mean, dev, test.mean, test.dev)
		}
	}
	if got := LogNormal(10*ms, 40*ms); got.check("") != nil || LogNormal(10*ms, 5*ms).check("") == nil {
		t.Error("a p99 below the median isn't refused")
	}
}

// An instruction that multiplies and adds with one rounding gives other digits than two instructions with a rounding each. This looks
// for them in what is compiled for arm64, which has them; amd64 doesn't use them by default.
func TestNothingIsFused(t *testing.T) {
	cmd := exec.Command("go", "build", "-gcflags=-S", ".", "github.com/callagain/retry")
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	function := ""
	functions := 0
	fused := regexp.MustCompile(`\sFN?M(ADD|SUB)[DS]\s`)
	for line := range strings.Lines(string(out)) {
		if name, _, ok := strings.Cut(line, " STEXT"); ok {
			function = name
			functions++
		}
		if fused.MatchString(line) {
			t.Errorf("fused in %s: %s", function, strings.TrimSpace(line))
		}
	}
	if functions < 300 {
		t.Errorf("saw the assembly of %d functions only", functions)
	}
}
