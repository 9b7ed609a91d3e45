package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// returned reports whether the error of the call at cur is what body, of a function of type typ, returns or, in the Loop c,
// what it tells Done.
func (f *findings) returned(cur inspector.Cursor, body *ast.BlockStmt, typ *ast.FuncType, c *call) bool {
	g := f.flow(body, c)
	if g == nil {
		return false
	}
	e := cur.Node().(*ast.CallExpr)
	if inner := f.byPos[e]; inner == nil || inner.f != nil {
		return f.flows(g, e, typ, c)
	}
	sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr) // loop.Attempts; loop.Err has the error
	if !ok {
		return false
	}
	v, ok := f.object(sel.X).(*types.Var)
	if !ok {
		return false
	}
	for _, u := range f.loopUses(v) {
		if u.method == "Err" && within(body, u.cur.Node().Pos()) && f.flows(g, u.expr, typ, c) {
			return true
		}
	}
	return false
}

// A carrier is a variable that has the error from a point on.
type carrier struct {
	v    types.Object
	from point
}

// flows reports whether the error of e is, or is in, what the attempt returns or tells Done.
func (f *findings) flows(g *graph, e *ast.CallExpr, typ *ast.FuncType, c *call) (found bool) {
	var queue []carrier
	seen := map[types.Object]bool{}
	add := func(x ast.Expr, from point) {
		id, ok := ast.Unparen(x).(*ast.Ident)
		if !ok || id.Name == "_" || !f.isError(id) {
			return
		}
		if v := f.info.ObjectOf(id); v != nil && !seen[v] {
			seen[v] = true
			queue = append(queue, carrier{v, from})
		}
	}
	ends := func(n ast.Node, has func(ast.Expr) bool, named types.Object) {
		switch s := n.(type) {
		case *ast.ReturnStmt:
			if c != nil && c.loop != nil {
				break // leaves the loop
			}
			for _, r := range s.Results {
				found = found || has(r)
			}
			found = found || len(s.Results) == 0 && named != nil && typ != nil && typ.Results != nil && within(typ.Results, named.Pos())
		}
		if c == nil || c.loop == nil {
			return
		}
		contains(n, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isMethod(f.callee(call), root, "Loop", "Done") && len(call.Args) == 1 {
				found = found || has(call.Args[0])
			}
			return found
		})
	}
	// takes follows the error into what is assigned from something that has it.
	takes := func(n ast.Node, has func(ast.Expr) bool, from point) {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for i, r := range s.Rhs {
				if has(r) {
					if len(s.Lhs) != len(s.Rhs) {
						i = len(s.Lhs) - 1
					}
					add(s.Lhs[i], from)
				}
			}
		case *ast.ValueSpec:
			for i, r := range s.Values {
				if has(r) {
					if len(s.Names) != len(s.Values) {
						i = len(s.Names) - 1
					}
					add(s.Names[i], from)
				}
			}
		}
	}
	itself := func(x ast.Expr) bool { return f.carries(x, func(x ast.Expr) bool { return x == e }) }
	for _, b := range g.all {
		for i, n := range b.Nodes {
			if b.Live && within(n, e.Pos()) {
				ends(n, itself, nil)
				takes(n, itself, point{b, i + 1})
			}
		}
	}
	for len(queue) > 0 && !found {
		k := queue[0]
		queue = queue[1:]
		has := func(x ast.Expr) bool {
			return f.carries(x, func(x ast.Expr) bool { return f.object(x) == k.v })
		}
		g.reach(k.from, func(n ast.Node) bool { return f.assigns(n, k.v) && !f.mentionsRight(n, k.v) }, func(n ast.Node) {
			ends(n, has, k.v)
			takes(n, has, g.after(n))
		}, nil)
	}
	return found
}

// assigns reports whether n gives v another value.
func (f *findings) assigns(n ast.Node, v types.Object) bool {
	if s, ok := n.(*ast.AssignStmt); ok {
		for _, l := range s.Lhs {
			if f.object(l) == v {
				return true
			}
		}
	}
	return false
}

// mentionsRight reports whether v is in what n assigns.
func (f *findings) mentionsRight(n ast.Node, v types.Object) bool {
	for _, r := range n.(*ast.AssignStmt).Rhs {
		if f.mentions(r, v) {
			return true
		}
	}
	return false
}

// carries reports whether x is an error, or several results, with the one in it that is is asked for: as it is, or wrapped by a
// call. What a mark of package retry has around it is meant to be retried, or not to be.
func (f *findings) carries(x ast.Expr, is func(ast.Expr) bool) bool {
	x = ast.Unparen(x)
	if is(x) {
		return true
	}
	c, ok := x.(*ast.CallExpr)
	if !ok || f.marked(c, "Progress", "After", "Stop") || !f.isError(x) {
		return false
	}
	for _, a := range c.Args {
		if f.carries(a, is) {
			return true
		}
	}
	return false
}
