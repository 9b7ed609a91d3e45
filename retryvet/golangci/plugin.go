// Package golangci makes the analyzers of retryvet a module plugin of golangci-lint, the linter "retryvet". In
// .custom-gcl.yml:
//
//	plugins:
//	  - module: github.com/callagain/retry/retryvet
//	    import: github.com/callagain/retry/retryvet/golangci
//	    version: v0.1.0
//
// See https://golangci-lint.run/plugins/module-plugins/.
package golangci

import (
	"fmt"
	"slices"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/callagain/retry/retryvet/check"
)

func init() { register.Plugin("retryvet", New) }

// Settings are the settings of the linter, in linters.settings.custom.retryvet.settings of .golangci.yml.
type Settings struct {
	// Disable names analyzers that don't run, such as "retrynested".
	Disable []string `json:"disable"`
}

type plugin struct{ settings Settings }

// New returns the plugin. golangci-lint calls it with the settings, a [Settings] in whatever form it has them; the error says
// what is wrong with them.
func New(settings any) (register.LinterPlugin, error) {
	s, err := register.DecodeSettings[Settings](settings)
	if err != nil {
		return nil, fmt.Errorf("the settings of retryvet: %w", err)
	}
	for _, name := range s.Disable {
		if !slices.ContainsFunc(check.Analyzers(), func(a *analysis.Analyzer) bool { return a.Name == name }) {
			return nil, fmt.Errorf("the settings of retryvet: disable: there is no analyzer %q", name)
		}
	}
	return plugin{s}, nil
}

func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	return slices.DeleteFunc(check.Analyzers(), func(a *analysis.Analyzer) bool { return slices.Contains(p.settings.Disable, a.Name) }), nil
}

func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
