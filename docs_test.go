package retry_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents returns the text of every page.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(p, ".md") {
			data, err := os.ReadFile(p)
			pages[p] = string(data)
			return err
		}
		return nil
	})
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	return pages
}

var packageName = regexp.MustCompile(`\b(retry|retryhttp|retrytest|retrysim|retrydebug|retrysql|retrypgx|retryaws|retrygrpc|retryconnect|retryotel|retrynats)\.([A-Z]\w*)`)

// ofAWS are names of the SDK's own package retry.
var ofAWS = []string{"NewStandard", "MaxAttemptsError", "GetAttemptResults", "AddWithMaxAttempts", "NewAdaptiveMode"}

// A name in the docs that the package doesn't have sends its reader the wrong way.
func TestDocsNameWhatThereIs(t *testing.T) {
	known := map[string][]string{"retry": exportedIn(t, ".")}
	for page, text := range documents(t) {
		if strings.Contains(page, "migrating") || strings.Contains(page, "comparison") || page == "CHANGELOG.md" {
			continue // these have names of other libraries' packages retry
		}
		for _, m := range packageName.FindAllStringSubmatch(text, -1) {
			if filepath.ToSlash(page) == "docs/retryaws.md" && slices.Contains(ofAWS, m[2]) {
				continue
			}
			if _, ok := known[m[1]]; !ok {
				dir := m[1]
				if dir == "retrypgx" {
					dir = "retrysql/retrypgx"
				}
				known[m[1]] = exportedIn(t, dir)
			}
			if !slices.Contains(known[m[1]], m[2]) {
				t.Errorf("%s has %s, which there isn't", page, m[0])
			}
		}
	}
}

// exportedIn returns the exported names of the package in dir, fields and methods not included.
func exportedIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	if len(files) == 0 {
		t.Errorf("the docs have a package %s, which there isn't", dir)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names = append(names, s.Name.Name)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							names = append(names, id.Name)
						}
					}
				}
			}
		}
	}
	return names
}

var code = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)

func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	for page, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s has a link to %s: %v", page, m[1], err)
			}
		}
	}
}
