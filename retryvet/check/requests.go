package check

import (
	"go/ast"
	"go/types"
)

// request looks at a request that is made outside of the attempt and sent in it.
func (r *repeat) request(e *ast.CallExpr, at ast.Expr, v *types.Var) {
	fn := r.callee(e)
	if !isMethod(fn, "net/http", "Client", "Do") && (fn == nil || fn.Name() != "RoundTrip") {
		return
	}
	made, ok := ast.Expr(nil), false
	if len(r.inits[v]) != 1 {
		return
	}
	made = ast.Unparen(r.inits[v][0])
	c, isCall := made.(*ast.CallExpr)
	if !isCall || !isFunc(r.callee(c), "net/http", "NewRequest", "NewRequestWithContext") {
		return
	}
	body := ast.Unparen(c.Args[len(c.Args)-1])
	if r.isNil(body) {
		return
	}
	if obj := r.object(body); obj != nil && obj.Name() == "NoBody" {
		return
	}
	ast.Inspect(r.c.body, func(n ast.Node) bool { // req.Body, err = req.GetBody()
		if sel, isSel := n.(*ast.SelectorExpr); isSel && isNamed(r.info.TypeOf(sel.X), "net/http", "Request") && (sel.Sel.Name == "GetBody" || sel.Sel.Name == "Body") {
			ok = true
		}
		return !ok
	})
	if !ok && !r.rewound(v) {
		r.report(at, v, "the body of %s, made outside of the attempt, is read by the first attempt: the second sends none, or fails; make the request in the attempt, or set its Body from GetBody", v.Name())
	}
}

// original returns the request that e is a copy of, by WithContext or Clone, which share its body; or e.
func (r *repeat) original(e ast.Expr) ast.Expr {
	for range 5 {
		e = ast.Unparen(e)
		c, ok := e.(*ast.CallExpr)
		if id, isIdent := e.(*ast.Ident); isIdent {
			if v, isVar := r.info.Uses[id].(*types.Var); isVar && r.own(v) {
				c, ok = r.only(v).(*ast.CallExpr)
			}
		}
		if !ok || !isMethod(r.callee(c), "net/http", "Request", "WithContext", "Clone") {
			return e
		}
		sel, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
		if !ok {
			return e
		}
		e = sel.X
	}
	return e
}

// bodies looks at the body of a request or an answer that an attempt reads and hasn't got itself.
func (r *repeat) bodies(e ast.Expr) {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Body" {
		return
	}
	v := r.outer(sel.X)
	if v == nil || !isNamed(v.Type(), "net/http", "Request") && !isNamed(v.Type(), "net/http", "Response") {
		return
	}
	set := false
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		if s, ok := n.(*ast.AssignStmt); ok {
			for _, l := range s.Lhs {
				to, isSel := ast.Unparen(l).(*ast.SelectorExpr)
				set = set || r.object(l) == v || isSel && to.Sel.Name == "Body" && r.object(to.X) == v
			}
		}
		return !set
	})
	if !set {
		r.report(sel, v, "%s is read by the first attempt, and the second finds it empty; read it before the call", types.ExprString(sel))
	}
}
