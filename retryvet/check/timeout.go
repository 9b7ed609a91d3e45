package check

import (
	"go/ast"
	"go/token"

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
			if s, ok := n.(*ast.IfStmt); ok && len(s.Body.List) == 1 {
				if is := f.isDeadline(s.Cond); is != nil {
					if r, ok := s.Body.List[0].(*ast.ReturnStmt); ok && len(r.Results) > 0 && f.marked(r.Results[len(r.Results)-1], "Stop") {
						report(pass, analysis.Diagnostic{Pos: is.Pos(), End: is.End(), Message: message})
					}
				}
			}
			return true
		})
	}
	retryIf := fields["RetryIf"]
	if retryIf == nil {
		return
	}
	lit, ok := ast.Unparen(retryIf).(*ast.FuncLit)
	if !ok {
		return
	}
	if len(lit.Body.List) == 1 {
		if r, ok := lit.Body.List[0].(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			for _, e := range conjuncts(r.Results[0]) {
				if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
					if is := f.isDeadline(u.X); is != nil {
						report(pass, analysis.Diagnostic{Pos: is.Pos(), End: is.End(), Message: message})
					}
				}
			}
		}
	}
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
