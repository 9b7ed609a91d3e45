package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"
)

const costsPackage = "github.com/callagain/retry/bench/costs"

// A key says what was measured of what.
type key struct{ bench, lib, unit string }

// results are all measurements of all runs.
type results struct {
	values map[key][]float64
	config map[string]string // cpu, goos and the like
}

// readResults reads benchmark output from files, or measures if there are none.
func readResults(files []string, runs int) (*results, error) {
	r := &results{values: map[key][]float64{}, config: map[string]string{}}
	if len(files) == 0 {
		out, err := measure(runs)
		if err != nil {
			return nil, err
		}
		return r, r.read(bytes.NewReader(out), "the benchmarks")
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		err = r.read(f, name)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *results) read(from io.Reader, name string) error {
	reader := benchfmt.NewReader(from, name)
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		for _, c := range result.Config {
			r.config[c.Key] = string(c.Value)
		}
		base, parts := result.Name.Parts()
		lib := ""
		for _, part := range parts {
			if after, ok := strings.CutPrefix(string(part), "/lib="); ok {
				lib = after
			}
		}
		for _, v := range result.Values {
			k := key{string(base), lib, v.Unit}
			r.values[k] = append(r.values[k], v.Value)
		}
	}
	return reader.Err()
}

// measure runs all benchmarks as often as asked, one after the other so that what disturbs the machine disturbs all
// libraries alike. Progress goes to standard error.
func measure(runs int) ([]byte, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "costs.test")
	build := exec.Command("go", "test", "-c", "-o", binary, costsPackage)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building the benchmarks: %w", err)
	}
	var out bytes.Buffer
	for i := range runs {
		fmt.Fprintf(os.Stderr, "run %d of %d\n", i+1, runs)
		for _, args := range [][]string{
			{"-test.bench=^Benchmark(Success|Three|Giving|HTTP|Hedge)", "-test.benchtime=300ms"},
			{"-test.bench=^Benchmark(Waiting|Lateness)", "-test.benchtime=1x"},
		} {
			cmd := exec.Command(binary, append(args, "-test.run=^$")...)
			cmd.Stdout, cmd.Stderr = &out, os.Stderr
			if err := cmd.Run(); err != nil {
				return nil, fmt.Errorf("running the benchmarks: %w", err)
			}
		}
	}
	return out.Bytes(), nil
}

// write prints the tables.
func (r *results) write(w io.Writer) {
	var spreads []float64
	for _, t := range tables {
		fmt.Fprintf(w, "### %s\n\n%s\n\n", t.title, t.note)
		fmt.Fprintf(w, "| |")
		for _, c := range t.cells {
			fmt.Fprintf(w, " %s |", c.title)
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---:|", len(t.cells)))
		for _, n := range names {
			row, any := "", false
			for _, c := range t.cells {
				text, spread, ok := r.cell(c, n.lib)
				any = any || ok
				if ok && !math.IsInf(spread, 0) {
					spreads = append(spreads, spread)
				}
				row += " " + text + " |"
			}
			if any {
				fmt.Fprintf(w, "| %s |%s\n", n.name, row)
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "Medians of %d interleaved runs.", r.runs())
	if len(spreads) > 0 && r.runs() >= 6 { // fewer give no interval
		slices.Sort(spreads)
		fmt.Fprintf(w, " Noise, as half the width of the median's 95%% interval: %.0f%% in the typical cell, %.0f%% in the worst.\n",
			100*spreads[len(spreads)/2], 100*spreads[len(spreads)-1])
	} else {
		fmt.Fprintf(w, " Too few to say how large the noise is.\n")
	}
}

// cell returns what c shows of lib, and how far its first value spreads.
func (r *results) cell(c cell, lib string) (text string, spread float64, ok bool) {
	var shown []string
	for i, unit := range c.units {
		values := r.values[key{c.bench, lib, unit}]
		if len(values) == 0 {
			return "", 0, false
		}
		s := summary(values)
		shown = append(shown, quantity(s.Center, unit))
		if i > 0 {
			continue
		}
		if s.Center != 0 {
			spread = (s.Hi - s.Lo) / 2 / s.Center
		}
		if hand := r.values[key{c.bench, "hand", unit}]; lib != "hand" && len(hand) > 0 && unit != "goroutines/waiting" && unit != "shared/apart" {
			if base := summary(hand).Center; base > 0 {
				shown = append(shown, ratio(s.Center/base))
			}
		}
	}
	return strings.Join(shown, ", "), spread, true
}

func summary(values []float64) benchmath.Summary {
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95)
}

// runs is how often everything was measured.
func (r *results) runs() int {
	n := 0
	for _, values := range r.values {
		n = max(n, len(values))
	}
	return n
}

// quantity prints a value with its unit.
func quantity(v float64, unit string) string {
	switch {
	case strings.HasPrefix(unit, "sec"):
		scaled := benchunit.Scale(v, benchunit.Decimal)
		number := strings.TrimRight(scaled, "nµm")
		return short(number) + " " + scaled[len(number):] + "s"
	case strings.HasPrefix(unit, "B/"):
		return fmt.Sprintf("%.0f B", v)
	case unit == "allocs/op":
		return fmt.Sprintf("%.0f allocs", v)
	case unit == "conns/op":
		return fmt.Sprintf("%.2g conns", v)
	case unit == "shared/apart":
		return ratio(v)
	}
	return fmt.Sprintf("%.3g", v)
}

// ratio prints how many times as much something is.
func ratio(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2f×", v)
	}
	return fmt.Sprintf("%.0f×", v)
}

// short leaves three digits of a number that benchunit printed with more.
func short(number string) string {
	var v float64
	if _, err := fmt.Sscan(number, &v); err != nil {
		return number
	}
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
