package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// imports makes the file import what it needs, and no more of the other libraries than it does.
func (p *pkg) imports(f *file) {
	name, there := "retry", "" // the name by which the file imports this library already
	var gone []*ast.ImportSpec
	for _, i := range f.syntax.Imports {
		obj := p.pkgName(i)
		if peerOf(pathOf(i)) != nil && obj != nil && !p.mentions(f, i, obj) {
			gone = append(gone, i)
			continue
		}
		switch {
		case pathOf(i) == root && obj != nil && obj.Name() != ".":
			there = obj.Name()
		case obj != nil && obj.Name() == name:
			name = "callagain"
		}
	}
	if p.Types.Scope().Lookup("retry") != nil {
		name = "callagain"
	}
	name = cmp.Or(there, name)
	for _, e := range f.edits {
		if strings.Contains(e.text, me) {
			if _, obj := p.Types.Scope().Innermost(e.pos).LookupParent(name, e.pos); obj != nil {
				if _, isPkg := obj.(*types.PkgName); !isPkg {
					name, there = "callagain", ""
				}
			}
		}
	}
	for i := range f.edits {
		f.edits[i].text = strings.ReplaceAll(f.edits[i].text, me, name+".")
	}
	spec := strconv.Quote(root)
	if name != "retry" {
		spec = name + " " + spec
	}
	var add []string
	for path := range f.needs {
		if !f.imports(path) {
			add = append(add, strconv.Quote(path))
		}
	}
	slices.Sort(add)
	for _, i := range f.syntax.Imports { // those of which everything went
		if p.unneeded(f, i) {
			f.removeLine(i)
		}
	}
	ours := f.touched && there == ""
	for n, i := range gone {
		if n == 0 && ours {
			f.edits = append(f.edits, edit{i.Pos(), i.End(), spec})
			ours = false
			continue
		}
		f.removeLine(i)
	}
	if ours { // beside the library, which stays
		for _, i := range f.syntax.Imports {
			if peerOf(pathOf(i)) != nil && !f.covered(i.Pos()) {
				if f.grouped(i) {
					f.edits = append(f.edits, edit{i.End(), i.End(), "\n" + spec})
				} else {
					f.edits = append(f.edits, edit{i.End(), i.End(), "\nimport " + spec})
				}
				break
			}
		}
	}
	if len(add) == 0 {
		return
	}
	for _, d := range f.syntax.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		if g.Lparen.IsValid() {
			f.edits = append(f.edits, edit{g.Lparen + 1, g.Lparen + 1, "\n" + strings.Join(add, "\n")})
		} else {
			f.edits = append(f.edits, edit{g.Pos(), g.Pos(), "import (\n" + strings.Join(add, "\n") + "\n)\n\n"})
		}
		return
	}
}

// unneeded reports whether the edits have taken away all that an import was for.
func (p *pkg) unneeded(f *file, i *ast.ImportSpec) bool {
	obj := p.pkgName(i)
	if peerOf(pathOf(i)) != nil || f.needs[pathOf(i)] || obj == nil || len(p.uses[obj]) == 0 {
		return false
	}
	for _, use := range p.uses[obj] {
		if !f.covered(use.Node().Pos()) {
			return false
		}
	}
	mention := regexp.MustCompile(`\b` + regexp.QuoteMeta(obj.Name()) + `\.`)
	return !slices.ContainsFunc(f.edits, func(e edit) bool { return mention.MatchString(e.text) })
}

// removeLine deletes an import, with its line if it has one of its own.
func (f *file) removeLine(i *ast.ImportSpec) {
	if !f.grouped(i) {
		for _, d := range f.syntax.Decls {
			if d.Pos() <= i.Pos() && i.End() <= d.End() {
				f.edits = append(f.edits, edit{d.Pos(), d.End(), ""})
			}
		}
		return
	}
	e := edit{i.Pos(), i.End(), ""}
	if at := int(e.end - f.syntax.FileStart); at < len(f.src) && f.src[at] == '\n' {
		e.end++
		for at := e.pos - f.syntax.FileStart; at > 0 && (f.src[at-1] == ' ' || f.src[at-1] == '\t'); at-- {
			e.pos--
		}
	}
	f.edits = append(f.edits, e)
}

// grouped reports whether an import is in parentheses.
func (f *file) grouped(i *ast.ImportSpec) bool {
	for _, d := range f.syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() && g.Lparen < i.Pos() && i.Pos() < g.Rparen {
			return true
		}
	}
	return false
}

func (f *file) imports(path string) bool {
	for _, i := range f.syntax.Imports {
		if pathOf(i) == path && (i.Name == nil || i.Name.Name == path) {
			return true
		}
	}
	return false
}

// pkgName returns what an import declares, or nil for one that declares nothing.
func (p *pkg) pkgName(i *ast.ImportSpec) *types.PkgName {
	obj, _ := p.TypesInfo.Implicits[i].(*types.PkgName)
	if i.Name != nil {
		obj, _ = p.TypesInfo.Defs[i.Name].(*types.PkgName)
	}
	if obj == nil && i.Name != nil && i.Name.Name == "." {
		for _, other := range p.Types.Imports() {
			if other.Path() == pathOf(i) {
				return types.NewPkgName(i.Pos(), p.Types, ".", other)
			}
		}
	}
	return obj
}

// mentions reports whether something that an import declares is left in the file.
func (p *pkg) mentions(f *file, i *ast.ImportSpec, obj *types.PkgName) bool {
	found := false
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && obj.Name() == "." {
			ast.Inspect(sel.X, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				found = found || ok && p.dotted(f, id, obj)
				return true
			})
			return false
		}
		if id, ok := n.(*ast.Ident); ok {
			found = found || p.TypesInfo.Uses[id] == obj && !f.covered(id.Pos()) || p.dotted(f, id, obj)
		}
		return !found
	})
	return found
}

// dotted reports whether id is left in the file and comes from a package that is imported with a dot.
func (p *pkg) dotted(f *file, id *ast.Ident, pkg *types.PkgName) bool {
	obj := p.TypesInfo.Uses[id]
	return pkg.Name() == "." && obj != nil && obj.Pkg() == pkg.Imported() && obj.Parent() == obj.Pkg().Scope() && !f.covered(id.Pos())
}
