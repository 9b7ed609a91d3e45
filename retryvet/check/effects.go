package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// effects looks whether n, a step of the attempt, leaves something behind if the attempt fails after it.
func (r *repeat) effects(g *graph, after point, n ast.Node) {
	if v, slice := r.appends(n); v != nil && r.fails(g, after, nil, n) {
		r.report(n, v, "an attempt that fails after this leaves what it has appended to %s, and the next attempt appends it again; append to a slice of the attempt's own", types.ExprString(slice))
	}
	if v, to := r.counts(n); v != nil && r.fails(g, after, nil, n) {
		r.report(n, v, "an attempt that fails after this has already counted rows in %s, and the next attempt counts them again; count in a variable of the attempt's own", types.ExprString(to))
	}
	if v, e := r.writes(n); v != nil && r.fails(g, after, n, e) {
		how := "write when the call has succeeded"
		if isBuffer(v.Type()) {
			how = "reset it at the start of the attempt, or write to one of the attempt's own"
		}
		r.report(e, v, "an attempt that fails after this has already written to %s, and the next attempt writes again; %s", v.Name(), how)
	}
}

// appends returns the variable of the caller's that n appends to, or to a field of which it does, and that slice.
func (r *repeat) appends(n ast.Node) (*types.Var, ast.Expr) {
	s, ok := n.(*ast.AssignStmt)
	if !ok || len(s.Lhs) != 1 || len(s.Rhs) != 1 || !r.isAppend(s.Rhs[0], s.Lhs[0]) {
		return nil, nil
	}
	to := ast.Unparen(s.Lhs[0])
	v := r.filled(to)
	if v == nil {
		return nil, nil
	}
	slice, ok := r.info.TypeOf(to).Underlying().(*types.Slice)
	if !ok || types.Implements(slice.Elem(), errorType.Underlying().(*types.Interface)) || isNamed(slice.Elem(), "time", "Time") || isNamed(slice.Elem(), "time", "Duration") {
		return nil, nil // a record of the attempts
	}
	if isRecord(v) {
		return nil, nil
	}
	for _, a := range s.Rhs[0].(*ast.CallExpr).Args[1:] {
		record := false
		ast.Inspect(a, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			record = record || ok && isFunc(r.callee(c), root, "Attempt", "Delay")
			return !record
		})
		if record {
			return nil, nil
		}
	}
	if r.begunAnew(to) || r.goesOn(s, v) {
		return nil, nil
	}
	return v, to
}

// filled returns the variable of the caller's that to is, or of which it is a field: of a result that is put together, not of something
// that lives on.
func (r *repeat) filled(to ast.Expr) *types.Var {
	sel, ok := to.(*ast.SelectorExpr)
	if !ok {
		return r.outer(to)
	}
	if v := r.outer(sel.X); v != nil && (v.Kind() == types.LocalVar || v.Kind() == types.ResultVar) {
		return v
	}
	return nil
}

// begunAnew reports whether the attempt makes the slice a new one somewhere.
func (r *repeat) begunAnew(slice ast.Expr) (anew bool) {
	name := types.ExprString(slice)
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		if s, ok := n.(*ast.AssignStmt); ok {
			for i, l := range s.Lhs {
				if types.ExprString(l) == name && r.object(l) == r.object(slice) && (len(s.Rhs) != len(s.Lhs) || !r.isAppend(s.Rhs[i], l)) {
					anew = true
				}
			}
		}
		return !anew
	})
	return anew
}

// goesOn reports whether beside an append the attempt moves another variable of the caller's on by which it goes on later: the
// next attempt begins where this one was.
func (r *repeat) goesOn(append *ast.AssignStmt, slice *types.Var) (found bool) {
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		block, ok := n.(*ast.BlockStmt)
		if !ok || !slices.Contains(block.List, ast.Stmt(append)) {
			return true
		}
		for _, s := range block.List {
			switch s := s.(type) {
			case *ast.AssignStmt:
				for _, l := range s.Lhs {
					found = found || r.moves(l, slice)
				}
			case *ast.IncDecStmt:
				found = found || r.moves(s.X, slice)
			}
		}
		return false
	})
	return found
}

// moves reports whether e, which gets another value, is a variable of the caller's other than but that the attempt asks as well.
func (r *repeat) moves(e ast.Expr, but *types.Var) bool {
	v := r.outer(e)
	if v == nil || v == but || r.isError(e) {
		return false
	}
	return slices.ContainsFunc(r.uses[v], func(u inspector.Cursor) bool {
		return within(r.c.body, u.Node().Pos()) && u.Node() != ast.Unparen(e)
	})
}

// isAppend reports whether e appends to slice.
func (r *repeat) isAppend(e, slice ast.Expr) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(c.Args) < 2 || r.object(slice) == nil || r.object(c.Args[0]) != r.object(slice) || types.ExprString(c.Args[0]) != types.ExprString(slice) {
		return false
	}
	id, ok := c.Fun.(*ast.Ident)
	if !ok {
		return false
	}
	b, ok := r.info.Uses[id].(*types.Builtin)
	return ok && b.Name() == "append"
}

// fails reports whether the attempt may fail, and be retried, after a point. If self isn't nil and is what ends the attempt,
// its own failure counts.
func (r *repeat) fails(g *graph, p point, self, at ast.Node) bool {
	var ends []ast.Expr // what the attempt may end with
	assigned := map[types.Object]bool{}
	look := func(n ast.Node) {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, l := range s.Lhs {
				assigned[r.object(l)] = true
			}
		case *ast.ReturnStmt:
			switch {
			case r.c.loop != nil:
			case len(s.Results) > 0:
				ends = append(ends, s.Results[len(s.Results)-1])
			default:
				for _, field := range r.c.typ.Results.List {
					for _, name := range field.Names {
						ends = append(ends, name)
					}
				}
			}
		}
		if r.c.loop != nil {
			contains(n, func(n ast.Node) bool {
				if e, ok := n.(*ast.CallExpr); ok && isMethod(r.callee(e), root, "Loop", "Done") && len(e.Args) == 1 {
					ends = append(ends, e.Args[0])
				}
				return false
			})
		}
	}
	if self != nil {
		look(self)
	}
	if _, ok := self.(*ast.ReturnStmt); !ok {
		g.reach(p, func(ast.Node) bool { return false }, look, nil)
	}
	for _, e := range ends {
		v, isVar := r.object(e).(*types.Var)
		_, isCall := ast.Unparen(e).(*ast.CallExpr)
		switch {
		case r.isNil(e), r.marked(e, "Stop"), !r.isError(e):
		case isCall, !isVar, v.Pkg() != nil && v.Parent() == v.Pkg().Scope():
			return true
		case assigned[v], r.failed(v, at), r.ranges(v, at): // or else it is what it was before, when all went well
			return true
		}
	}
	return false
}

// failed reports whether n is only reached if the error v isn't nil.
func (r *repeat) failed(v types.Object, n ast.Node) (found bool) {
	ast.Inspect(r.c.body, func(s ast.Node) bool {
		if s, ok := s.(*ast.IfStmt); ok && within(s.Body, n.Pos()) {
			if b, ok := ast.Unparen(s.Cond).(*ast.BinaryExpr); ok && b.Op == token.NEQ && r.object(b.X) == v && r.isNil(b.Y) {
				found = true
			}
		}
		return !found
	})
	return found
}

// ranges reports whether n is in a range statement whose next iteration sets v.
func (r *repeat) ranges(v types.Object, n ast.Node) (found bool) {
	ast.Inspect(r.c.body, func(s ast.Node) bool {
		if s, ok := s.(*ast.RangeStmt); ok && within(s.Body, n.Pos()) {
			found = found || s.Key != nil && r.object(s.Key) == v || s.Value != nil && r.object(s.Value) == v
		}
		return !found
	})
	return found
}
