package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// output is what six runs of two benchmarks print; the hand loop takes 10 ns, give or take, ours 12.
func output() string {
	var b strings.Builder
	b.WriteString("goos: linux\ngoarch: amd64\ncpu: A Processor\n")
	for _, off := range []float64{-.1, 0, .1, -.2, 0, .2} {
		fmt.Fprintf(&b, "BenchmarkSuccess/lib=hand-2 \t 1000 \t %.1f ns/op \t 0 B/op \t 0 allocs/op\n", 10+off)
		fmt.Fprintf(&b, "BenchmarkSuccess/lib=callagain-2 \t 1000 \t %.1f ns/op \t 16 B/op \t 2 allocs/op\n", 12+off)
		fmt.Fprintf(&b, "BenchmarkSuccess/lib=failsafe-2 \t 1000 \t 1234 ns/op \t 16 B/op \t 17 allocs/op\n")
		fmt.Fprintf(&b, "BenchmarkWaiting/lib=hand-2 \t 1 \t 3214 B/waiting \t 1.000 goroutines/waiting \t 1900 ns-to-cancel\n")
	}
	return b.String()
}

func TestCostsTable(t *testing.T) {
	r := &results{values: map[key][]float64{}, config: map[string]string{}}
	if err := r.read(strings.NewReader(output()), "test"); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r.write(&b)
	lines := strings.Split(b.String(), "\n")
	for _, want := range []string{
		"| written by hand | 10 ns, 0 allocs |  |  |  |  |",
		"| **callagain/retry** | 12 ns, 1.20×, 2 allocs |  |  |  |  |",
		"| failsafe-go | 1.23 µs, 123×, 17 allocs |  |  |  |  |",
		"| written by hand | 3214 B | 1 |  | 1.9 µs |  |  |",
		"Medians of 6 interleaved runs. Noise, as half the width of the median's 95% interval: 0% in the typical cell, 2% in the worst.",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "sethvargo") {
		t.Error("a row for a library that wasn't measured")
	}
	if r.config["cpu"] != "A Processor" {
		t.Errorf("the machine is %q", r.config["cpu"])
	}
}

func TestTooFewRunsSayNothingOfNoise(t *testing.T) {
	r := &results{values: map[key][]float64{}, config: map[string]string{}}
	if err := r.read(strings.NewReader("BenchmarkSuccess/lib=hand-2 1 10 ns/op 0 allocs/op\n"), "test"); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r.write(&b)
	if !strings.Contains(b.String(), "Too few to say") {
		t.Errorf("claims to know the noise of one run:\n%s", b.String())
	}
}
