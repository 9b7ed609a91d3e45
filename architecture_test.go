package retry

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// Empty packages stand for what is imported: only references between the files of this one count.
type nothing struct{}

func (nothing) Import(p string) (*types.Package, error) {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

// References between files go one way: who reads a file from the bottom up never meets what is explained later.
func TestFilesReferToEachOtherWithoutCycles(t *testing.T) {
	set, files := sources(t)
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	pkg, _ := config.Check("retry", set, slices.Collect(maps.Values(files)), info)
	file := func(p token.Pos) string { return set.Position(p).Filename }
	uses := map[string]map[string]string{}
	for id, o := range info.Uses {
		from, to := file(id.Pos()), file(o.Pos())
		if o.Pkg() != pkg || from == to || to == "" {
			continue
		}
		if uses[from] == nil {
			uses[from] = map[string]string{}
		}
		uses[from][to] = id.Name
	}
	if len(uses) < 10 || uses["do.go"]["advance.go"] == "" || uses["advance.go"]["decide.go"] == "" {
		t.Fatalf("the references were not found: %v", uses)
	}
	done := map[string]bool{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if i := slices.Index(path, name); i >= 0 {
			var cycle []string
			for j, from := range path[i:] {
				to := append(path[i:], name)[j+1]
				cycle = append(cycle, from+" uses "+uses[from][to]+" of "+to)
			}
			t.Errorf("a cycle: %s", strings.Join(cycle, "; "))
			return
		}
		if done[name] {
			return
		}
		for _, to := range slices.Sorted(maps.Keys(uses[name])) {
			visit(to, append(path, name))
		}
		done[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		visit(name, nil)
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
