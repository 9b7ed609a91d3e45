// Package examplecheck has the test that no exported name of the repository is without an example.
package examplecheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A reader of the documentation finds each function, type, variable and constant of each package in use: it has an example of its
// own (ExampleX, ExampleX_suffix, ExampleX_Method), or another example of the package uses it. One constant or variable of a group
// stands for the group; a function that returns a type, and a constant or variable of it, for that type, below which the
// documentation lists them. Methods and fields are shown by the example of their type; what a method promises is in its comment.
func TestEveryExportedNameHasAnExample(t *testing.T) {
	packages := packagesOf(t, "../..")
	if len(packages) < 12 {
		t.Fatalf("found only %d packages: %v", len(packages), packages)
	}
	for _, dir := range packages {
		for _, group := range missing(t, dir) {
			t.Errorf("%s: no example uses %s", strings.TrimPrefix(filepath.ToSlash(dir), "../../"), strings.Join(group, ", "))
		}
	}
}

// The check sees a name without an example, and isn't satisfied by a name in a comment, in a text or in another package.
func TestMissingIsSeen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("p.go", "package p\n\ntype T struct{}\n\nfunc (T) M() {}\n\ntype U struct{}\n\nfunc F() *W {}\n\ntype W struct{}\n\ntype X struct{}\n\nfunc G() X {}\n\nfunc hidden() {}\n\nconst (\n\tA = 1\n\tB = 2\n)\n\nvar V, Z int\n")
	write("p_test.go", "package p_test\n\nimport (\n\tq \"example.com/p\"\n\t\"example.com/other\"\n)\n\n// q.G\nfunc ExampleT_M() { other.U(); _ = \"q.G\"; _ = q.B }\n\nfunc TestV() { _ = q.V }\n\nfunc Example() { help() }\n\nfunc help() { q.F() }\n\nfunc unused() { q.G() }\n")
	var got []string
	for _, group := range missing(t, dir) {
		got = append(got, strings.Join(group, "+"))
	}
	if want := []string{"G", "U", "V+Z", "X"}; !slices.Equal(got, want) {
		t.Errorf("missing are %q, want %q", got, want)
	}
}

// packagesOf returns the folders of the packages that others may import.
func packagesOf(t *testing.T, root string) (dirs []string) {
	t.Helper()
	skip := []string{"internal", "testdata", "node_modules", "examples", "docs", "cmd", "bench", "lab"}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if p != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skip, d.Name())) {
			return filepath.SkipDir
		}
		files, _ := filepath.Glob(filepath.Join(p, "*.go"))
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
		if len(files) == 0 {
			return nil
		}
		if f := parse(t, files[0]); f.Name.Name != "main" {
			dirs = append(dirs, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// missing returns the exported names of the package in dir that no example uses, by their groups, in the order of their first names.
func missing(t *testing.T, dir string) [][]string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	var groups [][]string
	var name string
	used := map[string]bool{}
	returns := map[string][]string{} // types, by the functions that return them and the values that are of them
	var tests []*ast.File
	for _, file := range files {
		f := parse(t, file)
		if strings.HasSuffix(file, "_test.go") {
			tests = append(tests, f)
			continue
		}
		name = f.Name.Name
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					groups = append(groups, []string{d.Name.Name})
					returns[d.Name.Name] = results(d)
				}
			case *ast.GenDecl:
				of := "" // the type of the values, which iota carries on
				groups = append(groups, exported(d)...)
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok {
						if t, ok := v.Type.(*ast.Ident); ok {
							of = t.Name
						}
						for _, id := range v.Names {
							returns[id.Name] = []string{of}
						}
					}
				}
			}
		}
	}
	for _, f := range tests {
		shown(f, name, filepath.Base(dir), used)
	}
	for f, types := range returns {
		if used[f] {
			for _, t := range types {
				used[t] = true
			}
		}
	}
	groups = slices.DeleteFunc(groups, func(g []string) bool {
		return slices.ContainsFunc(g, func(n string) bool { return used[n] })
	})
	slices.SortFunc(groups, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return groups
}

// results returns the names of the types of the same package that a function returns.
func results(d *ast.FuncDecl) (names []string) {
	if d.Type.Results == nil {
		return nil
	}
	for _, f := range d.Type.Results.List {
		ast.Inspect(f.Type, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				names = append(names, n.Name)
			case *ast.SelectorExpr, *ast.FuncType: // a type of another package, or one of what is given
				return false
			}
			return true
		})
	}
	return names
}

// exported returns the exported names of a declaration: each type by itself, and the constants or variables together.
func exported(d *ast.GenDecl) (groups [][]string) {
	var values []string
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				groups = append(groups, []string{s.Name.Name})
			}
		case *ast.ValueSpec:
			for _, id := range s.Names {
				if id.IsExported() {
					values = append(values, id.Name)
				}
			}
		}
	}
	if len(values) > 0 {
		groups = append(groups, values)
	}
	return groups
}

// shown adds to used what the examples of a test file show: what they are named after, and what they and the
// functions of the file that they call use of the package.
func shown(f *ast.File, name, folder string, used map[string]bool) {
	local := name // what the package is called in this file
	for _, i := range f.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if last := path[strings.LastIndex(path, "/")+1:]; i.Name != nil && (last == name || last == folder) {
			local = i.Name.Name
		}
	}
	helpers := map[string]*ast.FuncDecl{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
			helpers[fn.Name.Name] = fn
		}
	}
	var inspect func(fn *ast.FuncDecl)
	inspect = func(fn *ast.FuncDecl) {
		delete(helpers, fn.Name.Name) // once
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok && id.Name == local {
					used[n.Sel.Name] = true
				}
			case *ast.Ident:
				if helper := helpers[n.Name]; helper != nil {
					inspect(helper)
				}
			}
			return true
		})
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		of, _, _ := strings.Cut(strings.TrimPrefix(fn.Name.Name, "Example"), "_")
		used[of] = true
		inspect(fn)
	}
}
