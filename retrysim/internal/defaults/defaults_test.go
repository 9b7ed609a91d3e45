package main

import (
	"os"
	"strings"
	"testing"

	"github.com/callagain/retry"
)

// What the document says of the default budget is what the simulation gives now. The other rows take minutes; they are written by
// the program itself.
func TestTheDocumentIsUpToDate(t *testing.T) {
	b, err := os.ReadFile("../../../docs/defaults.md")
	if err != nil {
		t.Fatal(err)
	}
	row := table{append([]string{"**`retry.Budget`**"}, columns(candidate{policy: retry.Policy{Budget: &retry.Budget{}}})...)}.String()
	row, _, _ = strings.Cut(row, "\n")
	if !strings.Contains(string(b), row+"\n") {
		t.Errorf("docs/defaults.md doesn't have the row\n%s\nrun: go run ./retrysim/internal/defaults -write docs/defaults.md", row)
	}
	for _, table := range tables {
		if _, text, ok := strings.Cut(string(b), "<!-- "+table.name+" -->\n"); !ok || !strings.HasPrefix(text, "| ") {
			t.Errorf("docs/defaults.md has no table %s", table.name)
		}
	}
}
