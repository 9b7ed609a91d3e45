package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

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
		if advice == "" { // of a newer version
			advice = "see docs/migrating.md"
		}
		if p.s.peers[lib] && (lib.marks[id.Name] != "" || lib.marks[strings.TrimSuffix(id.Name, "Error")] != "") {
			advice += "; a call that is rewritten doesn't look for this one"
		}
		p.note(id.Pos(), Left, obj.Pkg().Name()+"."+id.Name, "%s", advice)
	}
}
