package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
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
		if v, isVar := obj.(*types.Var); isVar && v.Parent() != p.Types.Scope() && len(p.uses[obj]) == 1 && len(p.inits[obj]) == 1 && p.untyped(v) {
			lit, ok = p.inits[obj][0].(*ast.FuncLit)
		}
	}
	if ok {
		at := lit.Type.Params.Opening + 1
		if _, why := p.needs("context.", at); why != "" {
			return "", nil, nil, why
		}
		return "", []edit{{at, at, "context.Context"}}, lit, ""
	}
	sig, ok := p.TypesInfo.TypeOf(op).Underlying().(*types.Signature)
	if !ok || p.foreign(op) != nil {
		return "", nil, nil, "its function comes from the library"
	}
	if why := p.stable(op, w.cur); why != "" {
		return "", nil, nil, "its function " + why
	}
	if id, isIdent := op.(*ast.Ident); isIdent && p.TypesInfo.Instances[id].TypeArgs != nil {
		return "", nil, nil, "its function is generic, without its types"
	}
	if _, obj := p.Types.Scope().Innermost(op.Pos()).LookupParent("error", op.Pos()); obj != types.Universe.Lookup("error") {
		return "", nil, nil, "the name error means something else there"
	}
	results := "error"
	if sig.Results().Len() == 2 {
		t, ok := p.typeName(f, sig.Results().At(0).Type(), op.Pos())
		if !ok {
			return "", nil, nil, "the type of its value has no name there"
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

// typeName returns how a type is written in the file at pos.
func (p *pkg) typeName(f *file, t types.Type, pos token.Pos) (string, bool) {
	s := types.TypeString(t, func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		for _, i := range f.syntax.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			switch {
			case path != other.Path():
			case i.Name == nil:
				return other.Name()
			case i.Name.Name == ".":
				return ""
			case i.Name.Name != "_":
				return i.Name.Name
			}
		}
		return other.Name()
	})
	tv, err := types.Eval(p.Fset, p.Types, pos, s)
	return s, err == nil && tv.IsType() && types.Identical(tv.Type, t)
}
