package check

import (
	"go/types"
	"reflect"
	"sync"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// In the packages of testdata, which are loaded once for all analyzers, they report what is marked there and nothing else,
// each in the packages of the others too. What the suggested fixes make of a file is in its .golden.
func TestReports(t *testing.T) {
	var facts sync.Map // so that testdata needs no expectations of them
	type key struct {
		obj types.Object
		t   reflect.Type
	}
	all := &analysis.Analyzer{
		Name: "all",
		Doc:  "run all analyzers",
		Run: func(pass *analysis.Pass) (any, error) {
			pass.ExportObjectFact = func(obj types.Object, f analysis.Fact) { facts.Store(key{obj, reflect.TypeOf(f)}, f) }
			pass.ImportObjectFact = func(obj types.Object, f analysis.Fact) bool {
				_, ok := facts.Load(key{obj, reflect.TypeOf(f)})
				return ok
			}
			for _, a := range Analyzers() {
				if _, err := a.Run(pass); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
		Requires:  []*analysis.Analyzer{calls},
		FactTypes: []analysis.Fact{new(retries)}, // so that a package comes after those it imports
	}
	results := analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), all, "./...")
	if len(results) < len(Analyzers()) {
		t.Errorf("there are %d packages in testdata", len(results))
	}
}

func TestValid(t *testing.T) {
	if err := analysis.Validate(Analyzers()); err != nil {
		t.Error(err)
	}
}
