package golangci_test

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"

	"github.com/callagain/retry/retryvet/check"
	_ "github.com/callagain/retry/retryvet/golangci"
)

// golangci-lint finds the plugin by its name, and gets the analyzers that the settings leave.
func TestPlugin(t *testing.T) {
	newPlugin, err := register.GetPlugin("retryvet")
	if err != nil {
		t.Fatal(err)
	}
	all := len(check.Analyzers())
	for _, row := range []struct {
		name     string
		settings any
		want     int // analyzers; 0 for an error
	}{
		{"none", nil, all},
		{"disable", map[string]any{"disable": []any{"retrynested"}}, all - 1},
		{"unknown_analyzer", map[string]any{"disable": []any{"retrynestde"}}, 0},
		{"unknown_setting", map[string]any{"enable": []any{"retrynested"}}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := newPlugin(row.settings)
			if row.want == 0 {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			as, err := p.BuildAnalyzers()
			if err != nil || len(as) != row.want || p.GetLoadMode() != register.LoadModeTypesInfo {
				t.Errorf("%d analyzers, %v; want %d", len(as), err, row.want)
			}
		})
	}
}
