package check

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// renamed returns where an attempt of c gives a context of outside, or what reads like text, a name of its own and passes it on by
// that, as in other := ctx, or own = ctx. The value says whether nothing else is done by the name, so that it may as well stand
// for the attempt's context.
func (f *findings) renamed(c *call, text string) map[ast.Expr]bool {
	found := map[ast.Expr]bool{}
	name := func(lhs, rhs ast.Expr, always bool) {
		v, ok := f.object(lhs).(*types.Var)
		if !ok || v.IsField() || !isContext(v.Type()) || !f.outside(c, rhs, text) || f.value(c, v) != rhs {
			return
		}
		if v == c.param && !always || v != c.param && !within(c.body, v.Pos()) {
			return
		}
		if passed, otherwise := f.passes(c, v, rhs); passed {
			found[ast.Unparen(rhs)] = !otherwise && v != c.param
		}
	}
	ast.Inspect(c.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.DeferStmt:
			return false
		case *ast.AssignStmt:
			if len(n.Lhs) == len(n.Rhs) {
				for i, l := range n.Lhs {
					name(l, n.Rhs[i], slices.Contains(c.body.List, ast.Stmt(n)))
				}
			}
		case *ast.ValueSpec:
			if len(n.Names) == len(n.Values) {
				for i, l := range n.Names {
					name(l, n.Values[i], true)
				}
			}
		}
		return true
	})
	return found
}

// outside reports whether e is a context of outside of the attempts of c, or reads like text.
func (f *findings) outside(c *call, e ast.Expr, text string) bool {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		v, ok := f.info.Uses[id].(*types.Var)
		return ok && isContext(v.Type()) && v != c.param && !within(c.body, v.Pos())
	}
	return text != "" && isContext(f.info.TypeOf(e)) && types.ExprString(ast.Unparen(e)) == text
}

// value returns the one expression that is assigned to v, apart from what the call assigns, or nil.
func (f *findings) value(c *call, v *types.Var) (only ast.Expr) {
	for _, e := range f.inits[v] {
		if c.loop != nil && v == c.param && e.Pos() == c.loop.X.Pos() {
			continue
		}
		if only != nil {
			return nil
		}
		only = e
	}
	return only
}

// passes reports whether an attempt of c passes v on, after it got a value, and whether it does something else with it. A further name that
// stands for v alone is v.
func (f *findings) passes(c *call, v *types.Var, value ast.Expr) (passed, otherwise bool) {
	for _, use := range f.uses[v] {
		kind, _ := use.ParentEdge()
		switch {
		case !within(c.body, use.Node().Pos()) || use.Node().Pos() < value.Pos():
		case kind != edge.CallExpr_Args || f.apart(c, use):
			further := f.further(c, use)
			if further == nil {
				otherwise = true
				continue
			}
			p, o := f.passes(c, further, use.Node().(ast.Expr))
			passed, otherwise = passed || p, otherwise || o
		default:
			e := use.Parent().Node().(*ast.CallExpr)
			if f.looks(e) || f.givesBoth(e, c.param) {
				otherwise = true
			} else {
				passed = true
			}
		}
	}
	return passed, otherwise
}

// further returns the variable of the attempt that the use of another is the one value of, or nil.
func (f *findings) further(c *call, use inspector.Cursor) *types.Var {
	var lhs ast.Expr
	switch _, i := use.ParentEdge(); n := use.Parent().Node().(type) {
	case *ast.AssignStmt:
		if len(n.Lhs) == len(n.Rhs) && n.Rhs[i] == use.Node() {
			lhs = n.Lhs[i]
		}
	case *ast.ValueSpec:
		if len(n.Names) == len(n.Values) {
			lhs = n.Names[i]
		}
	}
	v, ok := f.object(lhs).(*types.Var)
	if !ok || v.IsField() || v == c.param || !within(c.body, v.Pos()) || f.value(c, v) != use.Node() || f.apart(c, use) {
		return nil
	}
	return v
}

// apart reports whether cur is in a go or defer statement of an attempt of c.
func (f *findings) apart(c *call, cur inspector.Cursor) bool {
	for s := range cur.Enclosing((*ast.GoStmt)(nil), (*ast.DeferStmt)(nil)) {
		return within(c.body, s.Node().Pos())
	}
	return false
}
