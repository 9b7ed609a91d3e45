package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// fieldReaders looks whether n, a step of the attempt, reads to its end what is in a field of the caller's, and the attempt may fail
// after it.
func (r *repeat) fieldReaders(g *graph, after point, n ast.Node) {
	contains(n, func(inner ast.Node) bool {
		e, ok := inner.(*ast.CallExpr)
		if !ok {
			return false
		}
		for _, a := range e.Args {
			if r.readerField(e, a) && r.fails(g, after, n, e) {
				r.report(a, r.object(a), "%s is read by the first attempt, and the second finds it empty; make the reader in the attempt, or seek to its start", types.ExprString(a))
			}
		}
		return false
	})
}

// readerField reports whether a is a field of a variable of the caller's, with a reader that e reads to its end and that nothing
// sets or rewinds from then on.
func (r *repeat) readerField(e *ast.CallExpr, a ast.Expr) bool {
	sel, ok := ast.Unparen(a).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	field, ok := r.info.Uses[sel.Sel].(*types.Var)
	of := r.outer(sel.X)
	if !ok || of == nil || !field.IsField() || field.Origin() != field || r.rewound(of) {
		return false
	}
	if isNamed(of.Type(), "net/http", "Request") || isNamed(of.Type(), "net/http", "Response") {
		return false // see bodies
	}
	if !isNamed(field.Type(), "io", "Reader") && !isNamed(field.Type(), "io", "ReadCloser") && !r.inMemory(field) || !r.drains(e, a, field) {
		return false
	}
	for _, use := range r.uses[field] {
		if !r.harmless(use, field) {
			return false
		}
	}
	return !r.hidden(of, field)
}

// inMemory reports whether all that a field ever holds is a reader of a text.
func (r *repeat) inMemory(field *types.Var) bool {
	if isNamed(field.Type(), "strings", "Reader") || isNamed(field.Type(), "bytes", "Reader") {
		return true
	}
	for _, e := range r.inits[field] {
		c, ok := ast.Unparen(e).(*ast.CallExpr)
		if !ok || !isFunc(r.callee(c), "strings", "NewReader") && !isFunc(r.callee(c), "bytes", "NewReader", "NewBuffer", "NewBufferString") {
			return false
		}
	}
	return !field.Exported() && len(r.inits[field]) > 0
}

// drains reports whether a call reads its argument a, a field, to its end. Of what may be a connection, a function may read a part.
func (r *repeat) drains(e *ast.CallExpr, a ast.Expr, field *types.Var) bool {
	sig, ok := r.info.TypeOf(e.Fun).(*types.Signature)
	if !ok {
		return false
	}
	for i, other := range e.Args {
		if other != a || i >= sig.Params().Len() || !reads(sig.Params().At(i).Type()) {
			continue
		}
		fn := r.callee(e)
		return isFunc(fn, "io", "ReadAll", "Copy", "CopyBuffer") || isFunc(fn, "net/http", "NewRequest", "NewRequestWithContext", "Post") ||
			isMethod(fn, "net/http", "Client", "Post") || r.inMemory(field)
	}
	return false
}

// harmless reports whether a use of a field leaves the reader in it where it is, or sets it before the call.
func (r *repeat) harmless(use inspector.Cursor, field *types.Var) bool {
	switch kind, _ := use.ParentEdge(); kind {
	case edge.KeyValueExpr_Key:
		return true
	case edge.SelectorExpr_Sel:
		use = use.Parent()
	default:
		return false
	}
	switch kind, _ := use.ParentEdge(); kind {
	case edge.CallExpr_Args:
		return r.drains(use.Parent().Node().(*ast.CallExpr), use.Node().(ast.Expr), field)
	case edge.SelectorExpr_X:
		return use.Parent().Node().(*ast.SelectorExpr).Sel.Name == "Close"
	case edge.AssignStmt_Lhs:
		return use.Node().Pos() < r.c.expr.Pos() && function(use) == function(r.c.cur)
	}
	return false
}

// hidden reports whether the attempt may set or rewind a field of v where that can't be seen: in another package, or with
// all of v.
func (r *repeat) hidden(v, field *types.Var) bool {
	for cur := range r.in.Root().Preorder((*ast.AssignStmt)(nil)) {
		for _, l := range cur.Node().(*ast.AssignStmt).Lhs {
			if star, ok := ast.Unparen(l).(*ast.StarExpr); ok && types.Identical(r.info.TypeOf(star), pointed(v.Type())) {
				return true
			}
		}
	}
	if !field.Exported() {
		return false
	}
	for _, use := range r.uses[v] {
		if !within(r.c.body, use.Node().Pos()) {
			continue
		}
		kind, _ := use.ParentEdge()
		if kind != edge.SelectorExpr_X {
			return true
		}
		if other, ok := r.object(use.Parent().Node().(*ast.SelectorExpr)).(*types.Var); !ok || !other.IsField() {
			return true
		}
	}
	return false
}

// pointed returns what t points to, or t.
func pointed(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}
