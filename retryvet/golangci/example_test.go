package golangci_test

import (
	"fmt"

	"github.com/callagain/retry/retryvet/golangci"
)

// What golangci-lint does with the settings of .golangci.yml.
func ExampleNew() {
	plugin, err := golangci.New(golangci.Settings{Disable: []string{"retrynested"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	analyzers, err := plugin.BuildAnalyzers()
	fmt.Println(len(analyzers), err)
	// Output: 5 <nil>
}
