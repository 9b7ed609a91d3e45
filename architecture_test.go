package retry

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callagain/retry/internal/layers"
)

// sources parses the files of the package, without its tests.
func sources(t *testing.T) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set, files := token.NewFileSet(), map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = f
	}
	return set, files
}

// References between files go one way: who reads a file from the bottom up never meets what is explained later.
func TestFilesReferToEachOtherWithoutCycles(t *testing.T) {
	uses, err := layers.Of(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(uses) < 10 || uses["do.go"]["advance.go"] == "" || uses["advance.go"]["decide.go"] == "" {
		t.Fatalf("the references were not found: %v", uses)
	}
	for _, cycle := range layers.Cycles(uses) {
		t.Errorf("a cycle: %s", cycle)
	}
}

func TestFilesAreOneIdeaEach(t *testing.T) {
	_, files := sources(t)
	for name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), "\n"); n > 250 {
			t.Errorf("%s has %d lines, more than 250", name, n)
		}
	}
}

// A newcomer has to find what they need among the names: forty at most, each with a comment that begins with it.
func TestNamesAreFewAndExplained(t *testing.T) {
	_, files := sources(t)
	var names []string
	explained := func(id *ast.Ident, docs ...*ast.CommentGroup) {
		if !id.IsExported() {
			return
		}
		names = append(names, id.Name)
		for _, doc := range docs {
			if doc.Text() != "" {
				return
			}
		}
		t.Errorf("%s has no comment", id.Name)
	}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					explained(d.Name, d.Doc)
				} else if d.Name.IsExported() && d.Doc == nil && ast.IsExported(receiver(d)) {
					t.Errorf("%s.%s has no comment", receiver(d), d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						explained(s.Name, d.Doc, s.Doc)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							explained(id, d.Doc, s.Doc, s.Comment)
						}
					}
				}
			}
		}
	}
	slices.Sort(names)
	if t.Logf("%d names: %s", len(names), strings.Join(names, " ")); len(names) > 40 || len(names) < 20 {
		t.Errorf("%d exported names, of 40 at most", len(names))
	}
}

func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}

func TestPackageNeedsTheStandardLibraryAlone(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkg.Imports {
		if strings.Contains(strings.Split(p, "/")[0], ".") && !strings.HasPrefix(p, "github.com/callagain/retry/internal/") {
			t.Errorf("package retry imports %s", p)
		}
	}
}
