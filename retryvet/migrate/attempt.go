package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
)

// attempt returns the edits that make w's function take a context, or the text that stands in its place.
func (p *pkg) attempt(f *file, w *rewrite) (text string, edits []edit, inside ast.Node, why string) {
	op := ast.Unparen(w.op)
	if c, ok := op.(*ast.CallExpr); ok && len(c.Args) == 1 && p.TypesInfo.Types[c.Fun].IsType() { // backoff.Operation(f)
		return "", nil, nil, "its function is converted to a type of the library"
	}
	if w.takes {
		if lit, ok := op.(*ast.FuncLit); ok {
			return "", nil, lit, ""
		}
		if id := p.foreign(op); id != nil {
			return "", nil, nil, "its function comes from the library"
		}
		return "", nil, nil, ""
	}
	lit, ok := op.(*ast.FuncLit)
	if id, isIdent := op.(*ast.Ident); isIdent {
		obj := p.TypesInfo.Uses[id]
		if v, isVar := obj.(*types.Var); isVar && len(p.uses[obj]) == 1 && len(p.inits[obj]) == 1 && p.untyped(v) {
			lit, ok = p.inits[obj][0].(*ast.FuncLit)
		}
	}
	f.needs["context"] = true
	if ok {
		at := lit.Type.Params.Opening + 1
		return "", []edit{{at, at, "context.Context"}}, lit, ""
	}
	sig, ok := p.TypesInfo.TypeOf(op).Underlying().(*types.Signature)
	if !ok || p.foreign(op) != nil {
		return "", nil, nil, "its function comes from the library"
	}
	if _, isCall := op.(*ast.CallExpr); isCall {
		return "", nil, nil, "its function is made by another call"
	}
	results := "error"
	if sig.Results().Len() == 2 {
		t, ok := p.typeName(f, sig.Results().At(0).Type())
		if !ok {
			return "", nil, nil, "the type of its value isn't imported"
		}
		results = "(" + t + ", error)"
	}
	return fmt.Sprintf("func(context.Context) %s { return %s() }", results, p.src(op)), nil, nil, ""
}

// untyped reports whether a variable is declared without a type, so that the type of its value may change.
func (p *pkg) untyped(v *types.Var) bool {
	for cur := range p.in.Root().Preorder((*ast.ValueSpec)(nil)) {
		s := cur.Node().(*ast.ValueSpec)
		for _, name := range s.Names {
			if p.TypesInfo.Defs[name] == v {
				return s.Type == nil
			}
		}
	}
	return true
}

// typeName returns how a type is written in the file.
func (p *pkg) typeName(f *file, t types.Type) (string, bool) {
	ok := true
	s := types.TypeString(t, func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		for _, i := range f.syntax.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); path == other.Path() {
				if i.Name != nil {
					return i.Name.Name
				}
				return other.Name()
			}
		}
		ok = false
		return ""
	})
	return s, ok
}
