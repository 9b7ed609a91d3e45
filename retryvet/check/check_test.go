package check

import (
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
)

// In the packages of testdata, which are loaded once for all analyzers, they report what is marked there and nothing else,
// each in the packages of the others too. What the suggested fixes make of a file is in its .golden.
func TestReports(t *testing.T) {
	all := &analysis.Analyzer{
		Name: "all",
		Doc:  "run all analyzers",
		Run: func(pass *analysis.Pass) (any, error) {
			for _, a := range Analyzers() {
				if _, err := a.Run(pass); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
		Requires: []*analysis.Analyzer{calls},
	}
	results := analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), all, "./...")
	if len(results) < len(Analyzers()) {
		t.Errorf("there are %d packages in testdata", len(results))
	}
}

// Analyzers that run side by side, as drivers run them, only read what they share. (The race detector looks.)
func TestSideBySide(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Dir: "testdata", Mode: packages.LoadSyntax | packages.NeedModule}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	g, err := checker.Analyze(Analyzers(), pkgs, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for act := range g.All() {
		if act.Err != nil {
			t.Error(act, act.Err)
		}
		if len(act.Diagnostics) > 0 {
			found[act.Package.Name] = true
		}
	}
	for _, p := range pkgs {
		if want := p.Name != "plain" && p.Name != "nestedlib"; found[p.Name] != want {
			t.Errorf("%s: something is reported: %v, want %v", p.Name, found[p.Name], want)
		}
	}
}

func TestValid(t *testing.T) {
	if err := analysis.Validate(Analyzers()); err != nil {
		t.Error(err)
	}
}
