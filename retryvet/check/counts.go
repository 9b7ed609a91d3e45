package check

import (
	"go/ast"
	"go/token"
	"go/types"
)

// counts returns the variable of the caller's that n adds to for each row of an answer that the attempt has got itself, and what is
// added to. Counts of anything else are as often meant: of attempts, of bytes on the wire, of answers by their status.
func (r *repeat) counts(n ast.Node) (*types.Var, ast.Expr) {
	to := added(n)
	if to == nil {
		return nil, nil
	}
	v := r.filled(to)
	if x, ok := to.(*ast.IndexExpr); ok { // of a map, or of a slice by some key
		v = r.outer(x.X)
	}
	loop := r.rows(n)
	if v == nil || loop == nil || isRecord(v) || !r.onlyAdds(v) || r.goesOnAfter(loop, v) {
		return nil, nil
	}
	return v, to
}

// added returns what a statement adds to, or nil.
func added(n ast.Node) ast.Expr {
	switch s := n.(type) {
	case *ast.IncDecStmt:
		return ast.Unparen(s.X)
	case *ast.AssignStmt:
		if s.Tok == token.ADD_ASSIGN || s.Tok == token.SUB_ASSIGN {
			return ast.Unparen(s.Lhs[0])
		}
	}
	return nil
}

// rows returns the loop around n over the rows of an answer, as in for rows.Next(), of the attempt's own; or nil.
func (r *repeat) rows(n ast.Node) (found *ast.ForStmt) {
	ast.Inspect(r.c.body, func(around ast.Node) bool {
		loop, ok := around.(*ast.ForStmt)
		if !ok || !within(loop.Body, n.Pos()) || loop.Cond == nil {
			return found == nil
		}
		next, ok := ast.Unparen(loop.Cond).(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := ast.Unparen(next.Fun).(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Next" || !has(r.info.TypeOf(sel.X), "Scan") {
			return true
		}
		if v, ok := r.object(sel.X).(*types.Var); ok && r.own(v) {
			found = loop
		}
		return found == nil
	})
	return found
}

// onlyAdds reports whether all that the attempt does with v is to add to it.
func (r *repeat) onlyAdds(v *types.Var) bool {
	adds := map[*ast.Ident]bool{}
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		to := added(n)
		switch x := to.(type) {
		case *ast.IndexExpr:
			to = x.X
		case *ast.SelectorExpr:
			to = x.X
		}
		if id, ok := to.(*ast.Ident); ok {
			adds[id] = true
		}
		return true
	})
	for _, use := range r.uses[v] {
		if id := use.Node().(*ast.Ident); within(r.c.body, id.Pos()) && !adds[id] {
			return false
		}
	}
	return true
}

// goesOnAfter reports whether a loop moves another variable of the caller's on, which the attempt reads too.
func (r *repeat) goesOnAfter(loop *ast.ForStmt, v *types.Var) (found bool) {
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, l := range s.Lhs {
				found = found || r.moves(l, v)
			}
		case *ast.CallExpr: // rows.Scan(&last)
			for _, a := range s.Args {
				if u, ok := ast.Unparen(a).(*ast.UnaryExpr); ok && u.Op == token.AND {
					found = found || r.moves(u.X, v)
				}
			}
		}
		return !found
	})
	return found
}
