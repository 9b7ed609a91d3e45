package check

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// checkTimeout reports a policy that limits each attempt and refuses to retry attempts that reach the limit.
func (f *findings) checkTimeout(pass *analysis.Pass, c *call) {
	fields, _ := f.fields(c.policy)
	if fields["Timeout"] == nil || f.isInt(fields["Timeout"], 0) {
		return
	}
	const message = "an attempt that exceeded Policy.Timeout is a context.DeadlineExceeded too, and is not retried because of this; leave it out: when the caller's deadline is over, the call ends by itself"
	if c.body != nil {
		ast.Inspect(c.body, func(n ast.Node) bool {
			if is := f.refuses(n, func(e ast.Expr) bool { return f.marked(e, "Stop") }); is != nil {
				report(pass, analysis.Diagnostic{Pos: is.Pos(), End: is.End(), Message: message})
			}
			return true
		})
	}
	retryIf := ast.Unparen(fields["RetryIf"])
	body, at := (*ast.BlockStmt)(nil), retryIf
	if lit, ok := retryIf.(*ast.FuncLit); ok {
		body, at = lit.Body, nil
	} else if fn, ok := f.object(retryIf).(*types.Func); ok {
		if cur, ok := f.decls[fn]; ok {
			body = cur.Node().(*ast.FuncDecl).Body
		}
	}
	if body == nil {
		return
	}
	isFalse := func(e ast.Expr) bool {
		v := f.info.Types[e].Value
		return v != nil && v.Kind() == constant.Bool && !constant.BoolVal(v)
	}
	for _, s := range body.List {
		is := f.refuses(s, isFalse)
		if _, ok := s.(*ast.IfStmt); ok && is == nil && earlyResult(s, isFalse) == nil {
			return // it may know better
		}
		if r, ok := s.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			for _, e := range conjuncts(r.Results[0]) {
				if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
					is = cmp.Or(is, f.isDeadline(u.X))
				}
			}
		}
		if is != nil { // in a function that may be there for other policies too, the policy is what is wrong
			at := cmp.Or[ast.Expr](at, is)
			report(pass, analysis.Diagnostic{Pos: at.Pos(), End: at.End(), Message: message})
			return
		}
	}
}

// refuses returns the test in a statement that returns early, with a result that is asked for, for nothing but a
// context.DeadlineExceeded; or nil.
func (f *findings) refuses(n ast.Node, with func(ast.Expr) bool) *ast.CallExpr {
	s := earlyResult(n, with)
	if s == nil {
		return nil
	}
	all := conjuncts(s.Cond)
	is := f.isDeadline(all[len(all)-1])
	if is == nil || len(all) > 2 {
		return nil
	}
	if len(all) == 2 { // err != nil && errors.Is(err, …)
		b, ok := all[0].(*ast.BinaryExpr)
		if !ok || b.Op != token.NEQ || !f.isNil(b.Y) || f.object(b.X) == nil || f.object(b.X) != f.object(is.Args[0]) {
			return nil
		}
	}
	return is
}

// earlyResult returns the if statement that n is, if all that it does is to return with a last result that is asked for.
func earlyResult(n ast.Node, asked func(ast.Expr) bool) *ast.IfStmt {
	s, ok := n.(*ast.IfStmt)
	if !ok || len(s.Body.List) != 1 || s.Else != nil {
		return nil
	}
	r, ok := s.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(r.Results) == 0 || !asked(r.Results[len(r.Results)-1]) {
		return nil
	}
	return s
}

// conjuncts returns the operands of an && of several.
func conjuncts(e ast.Expr) []ast.Expr {
	e = ast.Unparen(e)
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.LAND {
		return append(conjuncts(b.X), conjuncts(b.Y)...)
	}
	return []ast.Expr{e}
}

// isDeadline returns e if it is errors.Is(…, context.DeadlineExceeded).
func (f *findings) isDeadline(e ast.Expr) *ast.CallExpr {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || !isFunc(f.callee(c), "errors", "Is") || len(c.Args) != 2 {
		return nil
	}
	v := f.object(c.Args[1])
	if v == nil || v.Pkg() == nil || v.Pkg().Path() != "context" || v.Name() != "DeadlineExceeded" {
		return nil
	}
	return c
}
