package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/appends"
	"golang.org/x/tools/go/analysis/passes/asmdecl"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/buildtag"
	"golang.org/x/tools/go/analysis/passes/cgocall"
	"golang.org/x/tools/go/analysis/passes/composite"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/defers"
	"golang.org/x/tools/go/analysis/passes/directive"
	"golang.org/x/tools/go/analysis/passes/errorsas"
	"golang.org/x/tools/go/analysis/passes/framepointer"
	"golang.org/x/tools/go/analysis/passes/hostport"
	"golang.org/x/tools/go/analysis/passes/httpresponse"
	"golang.org/x/tools/go/analysis/passes/ifaceassert"
	"golang.org/x/tools/go/analysis/passes/loopclosure"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/sigchanyzer"
	"golang.org/x/tools/go/analysis/passes/slog"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/stdversion"
	"golang.org/x/tools/go/analysis/passes/stringintconv"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/testinggoroutine"
	"golang.org/x/tools/go/analysis/passes/tests"
	"golang.org/x/tools/go/analysis/passes/timeformat"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unreachable"
	"golang.org/x/tools/go/analysis/passes/unsafeptr"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/analysis/passes/waitgroup"
	"golang.org/x/tools/go/packages"
)

// vet are the analyzers of go vet, but for the few that need the source of all dependencies, which isn't loaded here.
var vet = []*analysis.Analyzer{
	appends.Analyzer, asmdecl.Analyzer, assign.Analyzer, atomic.Analyzer, bools.Analyzer, buildtag.Analyzer,
	cgocall.Analyzer, composite.Analyzer, copylock.Analyzer, defers.Analyzer, directive.Analyzer,
	errorsas.Analyzer, framepointer.Analyzer, hostport.Analyzer, httpresponse.Analyzer, ifaceassert.Analyzer,
	loopclosure.Analyzer, lostcancel.Analyzer, nilfunc.Analyzer, printf.Analyzer, shift.Analyzer,
	sigchanyzer.Analyzer, slog.Analyzer, stdmethods.Analyzer, stdversion.Analyzer, stringintconv.Analyzer,
	structtag.Analyzer, testinggoroutine.Analyzer, tests.Analyzer, timeformat.Analyzer, unmarshal.Analyzer,
	unreachable.Analyzer, unsafeptr.Analyzer, unusedresult.Analyzer, waitgroup.Analyzer,
}

// BenchmarkLines gives the time that the analyzers take for 100,000 lines, beside those of go vet over the same packages: the
// standard library's, which have nothing to do with package retry, and some in which every function makes retry calls. Loading is
// not counted; it is the same for both. The time is that of the processor, the garbage collector's included, so that other
// programs don't count.
func BenchmarkLines(b *testing.B) {
	for name, load := range map[string]func(*testing.B) []*packages.Package{"std": std, "calls": retrying} {
		b.Run(name, func(b *testing.B) {
			pkgs := load(b)
			n := lines(b, pkgs)
			for _, suite := range []struct {
				name string
				list []*analysis.Analyzer
			}{{"vet", slices.DeleteFunc(slices.Clone(vet), hasFacts)}, {"retryvet", Analyzers()}} {
				b.Run(suite.name, func(b *testing.B) {
					began := cpu(b)
					for b.Loop() {
						g, err := checker.Analyze(suite.list, pkgs, nil)
						if err != nil {
							b.Fatal(err)
						}
						for act := range g.All() {
							if act.Err != nil {
								b.Fatal(act.Err)
							}
						}
					}
					b.ReportMetric((cpu(b)-began).Seconds()/float64(b.N)/float64(n)*100_000, "cpu-s/100klines")
				})
			}
		})
	}
}

// hasFacts reports whether a, or what it needs, has facts.
func hasFacts(a *analysis.Analyzer) bool {
	return len(a.FactTypes) > 0 || slices.ContainsFunc(a.Requires, hasFacts)
}

func std(b *testing.B) []*packages.Package {
	return load(b, ".", "go/types", "net/http", "crypto/tls", "encoding/...", "database/sql", "text/template", "reflect")
}

// retrying makes a module of many copies of testdata.
func retrying(b *testing.B) []*packages.Package {
	dir := b.TempDir()
	module, err := os.ReadFile("testdata/go.mod")
	if err != nil {
		b.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	module = bytes.ReplaceAll(module, []byte("../../.."), []byte(root))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), module, 0o666); err != nil {
		b.Fatal(err)
	}
	for i := range 20 {
		for _, name := range []string{"context", "loop", "repeat", "percall"} {
			if err := os.CopyFS(filepath.Join(dir, fmt.Sprint(name, i)), os.DirFS(filepath.Join("testdata", name))); err != nil {
				b.Fatal(err)
			}
		}
	}
	return load(b, dir, "./...")
}

func load(b *testing.B, dir string, patterns ...string) []*packages.Package {
	pkgs, err := packages.Load(&packages.Config{Dir: dir, Mode: packages.LoadSyntax | packages.NeedModule}, patterns...)
	if err != nil {
		b.Fatal(err)
	}
	if packages.PrintErrors(pkgs) > 0 || len(pkgs) == 0 {
		b.Fatalf("%d packages were loaded", len(pkgs))
	}
	return pkgs
}

func lines(b *testing.B, pkgs []*packages.Package) (n int) {
	for _, p := range pkgs {
		for _, name := range p.CompiledGoFiles {
			text, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			n += bytes.Count(text, []byte("\n"))
		}
	}
	return n
}

// cpu returns the processor's time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
