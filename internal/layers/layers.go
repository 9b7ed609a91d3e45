// Package layers finds cycles between the files of a package, for tests: where references go one way, who reads a package from the bottom up
// never meets what is explained later.
package layers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Empty packages stand for what is imported: only references between the files of the package count.
type nothing struct{}

func (nothing) Import(p string) (*types.Package, error) {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

// Of returns which files of the package in the folder dir, without its tests, use which others, and by what name.
func Of(dir string) (map[string]map[string]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}} // nothing imported has any names
	pkg, _ := config.Check(dir, set, files, info)
	file := func(p token.Pos) string { return filepath.Base(set.Position(p).Filename) }
	uses := map[string]map[string]string{}
	for id, o := range info.Uses {
		if o.Pkg() != pkg || !o.Pos().IsValid() || file(id.Pos()) == file(o.Pos()) {
			continue
		}
		from := file(id.Pos())
		if uses[from] == nil {
			uses[from] = map[string]string{}
		}
		uses[from][file(o.Pos())] = id.Name
	}
	return uses, nil
}

// Cycles returns the cycles in what Of returned, in words.
func Cycles(uses map[string]map[string]string) (cycles []string) {
	done := map[string]bool{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if i := slices.Index(path, name); i >= 0 {
			var cycle []string
			around := append(slices.Clone(path[i:]), name)
			for j, from := range around[:len(around)-1] {
				cycle = append(cycle, fmt.Sprintf("%s uses %s of %s", from, uses[from][around[j+1]], around[j+1]))
			}
			cycles = append(cycles, strings.Join(cycle, "; "))
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
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		visit(name, nil)
	}
	return cycles
}
