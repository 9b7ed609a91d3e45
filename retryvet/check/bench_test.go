package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/httpresponse"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/packages"
)

// BenchmarkLines gives the time for 100,000 lines that are full of retry calls, as measured on a fifth of that: of our analyzers,
// and of six of go vet's. It is that of the processor, so that other programs don't count.
func BenchmarkLines(b *testing.B) {
	dir, err := filepath.Abs("testdata")
	if err != nil {
		b.Fatal(err)
	}
	overlay := map[string][]byte{}
	lines := 0
	for i := 0; lines < 20_000; i++ {
		for _, name := range []string{"context", "loop", "repeat", "percall"} {
			text, err := os.ReadFile(filepath.Join(dir, name, "a.go"))
			if err != nil {
				b.Fatal(err)
			}
			overlay[filepath.Join(dir, "many", fmt.Sprint(name, i), "a.go")] = text
			lines += bytes.Count(text, []byte("\n"))
		}
	}
	pkgs, err := packages.Load(&packages.Config{Dir: dir, Overlay: overlay, Mode: packages.LoadSyntax | packages.NeedModule}, "./many/...")
	if err != nil {
		b.Fatal(err)
	}
	if len(pkgs) != len(overlay) || packages.PrintErrors(pkgs) > 0 {
		b.Fatalf("%d packages were loaded, want %d", len(pkgs), len(overlay))
	}
	for name, analyzers := range map[string][]*analysis.Analyzer{
		"retryvet": Analyzers(),
		"vet":      {copylock.Analyzer, httpresponse.Analyzer, nilfunc.Analyzer, shift.Analyzer, unmarshal.Analyzer, unusedresult.Analyzer},
		"inspect":  {inspect.Analyzer}, // what all of them need
	} {
		b.Run(name, func(b *testing.B) {
			began := cpu(b)
			for b.Loop() {
				g, err := checker.Analyze(analyzers, pkgs, nil)
				if err != nil {
					b.Fatal(err)
				}
				for act := range g.All() {
					if act.Err != nil {
						b.Fatal(act.Err)
					}
				}
			}
			b.ReportMetric((cpu(b)-began).Seconds()/float64(b.N)/float64(lines)*100_000, "cpu-s/100klines")
		})
	}
}

// cpu returns the processor's time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
