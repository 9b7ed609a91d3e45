package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

var fenced = regexp.MustCompile("(?s)```(go|text)\n(.*?)```")

// lines returns the lines without their indentation, and without empty ones.
func lines(text string) string {
	var all strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all.WriteString(line + "\n")
		}
	}
	return all.String()
}

// outputs returns what the examples of a file print, by their names.
func outputs(t *testing.T, file string) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		for _, c := range f.Comments {
			if text, ok := strings.CutPrefix(c.Text(), "Output:\n"); ok && c.Pos() > fn.Pos() && c.End() < fn.End() {
				all[fn.Name.Name] = lines(text)
			}
		}
		if all[fn.Name.Name] == "" {
			t.Errorf("%s doesn't say what it prints", fn.Name.Name)
		}
	}
	return all
}

// The code on the page is that of the examples, the results are what they print, and no example is left out.
func TestAntiPatternsAreThoseOfTheExamples(t *testing.T) {
	page, err := os.ReadFile("anti-patterns.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("antipatterns_test.go")
	if err != nil {
		t.Fatal(err)
	}
	code, quoted := lines(string(source)), ""
	printed := outputs(t, "antipatterns_test.go")
	for _, m := range fenced.FindAllStringSubmatch(string(page), -1) {
		switch text := lines(m[2]); m[1] {
		case "go":
			if !strings.Contains(code, text) {
				t.Errorf("no example has this code:\n%s", m[2])
			}
		case "text":
			quoted += text
			found := false
			for _, out := range printed {
				found = found || out == text
			}
			if !found {
				t.Errorf("no example prints this:\n%s", m[2])
			}
		}
	}
	for name, out := range printed {
		if !strings.Contains(quoted, out) {
			t.Errorf("the page doesn't have what %s prints:\n%s", name, out)
		}
	}
	if sections := strings.Count(string(page), "\n## "); sections != len(printed) || len(printed) < 14 {
		t.Errorf("the page has %d sections, for %d examples", sections, len(printed))
	}
}
