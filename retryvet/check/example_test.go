package check_test

import (
	"fmt"

	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/callagain/retry/retryvet/check"
)

// A driver of one's own, with other analyzers beside these.
func ExampleAnalyzers() {
	main := func() { multichecker.Main(check.Analyzers()...) }
	_ = main
	for _, a := range check.Analyzers() {
		fmt.Println(a.Name)
	}
	// Unordered output:
	// retrycontext
	// retryloop
	// retrylost
	// retrynested
	// retrypercall
	// retryrepeat
}

// Single ones.
func ExampleContext() {
	main := func() {
		multichecker.Main(check.Context, check.Loop, check.Lost, check.Nested, check.PerCall, check.Repeat)
	}
	_ = main
}
