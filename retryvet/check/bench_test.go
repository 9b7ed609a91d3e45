package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/httpresponse"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/packages"
)

// BenchmarkLines gives the time for 100,000 lines that are full of retry calls, as measured on a fifth of that: of our analyzers,
// and of eight of go vet's.
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
		"vet": {printf.Analyzer, copylock.Analyzer, httpresponse.Analyzer, lostcancel.Analyzer, nilfunc.Analyzer, shift.Analyzer,
			unmarshal.Analyzer, unusedresult.Analyzer},
	} {
		b.Run(name, func(b *testing.B) {
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
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(lines)*100_000, "s/100klines")
		})
	}
}
