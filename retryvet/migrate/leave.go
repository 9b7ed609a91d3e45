package migrate

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// mark replaces the function of a call, as in backoff.Permanent(err).
func (p *pkg) mark(e *ast.CallExpr, of *peer, name string) {
	f := p.fileOf(e.Pos())
	f.edits = append(f.edits, edit{e.Fun.Pos(), e.Fun.End(), me + name})
	f.touched = true
	p.s.peers[of] = true
	p.note(e.Pos(), Rewritten, types.ExprString(e.Fun), "retry.%s", name)
}

// leave lists what still mentions other libraries in the file.
func (p *pkg) leave(f *file) {
	lines := map[int]bool{}
	listed := map[token.Position]bool{}
	for _, i := range p.items {
		if i.Kind == Left {
			listed[i.Pos] = true
			lines[i.Pos.Line] = lines[i.Pos.Line] || i.Pos.Filename == p.Fset.Position(f.syntax.FileStart).Filename
		}
	}
	for cur := range inspector.New([]*ast.File{f.syntax}).Root().Preorder((*ast.Ident)(nil)) {
		id := cur.Node().(*ast.Ident)
		obj := p.TypesInfo.Uses[id]
		if obj == nil || obj.Pkg() == nil || f.covered(id.Pos()) {
			continue
		}
		lib := peerOf(obj.Pkg().Path())
		if _, isPkg := obj.(*types.PkgName); isPkg || lib == nil {
			continue
		}
		pos := p.Fset.Position(id.Pos())
		marked := false
		for _, e := range f.both {
			marked = marked || e.Fun.Pos() <= id.Pos() && id.Pos() < e.Fun.End()
		}
		if lines[pos.Line] || marked {
			continue
		}
		lines[pos.Line] = true
		advice := lib.advice[id.Name]
		if advice == "" {
			advice = "nothing here does the same; see docs/migrating.md"
		}
		p.note(id.Pos(), Left, obj.Pkg().Name()+"."+id.Name, "%s", advice)
	}
}
