package check

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Nested reports retry inside retry.
var Nested = &analysis.Analyzer{
	Name: "retrynested",
	Doc: `report retry inside retry

An attempt that retries by itself multiplies attempts and delays. Package retry doesn't let it: what the inner call gave up
on, a *retry.Error, ends the outer call too, so that the outer policy has little to do. Reported are attempts whose error
comes from another retry call, from a function that retries (also one of another package), or from a client of package
retryhttp.

An attempt that means it says so, by retry.Progress or retry.After around that error or by Policy.Decide, and isn't reported.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Nested",
	Run:      with(runNested),
	Requires: []*analysis.Analyzer{calls},
}

func runNested(pass *analysis.Pass, f *findings) {
	var inner []inspector.Cursor
	for _, cur := range f.exprs {
		if _, ok := f.inner(cur); ok {
			inner = append(inner, cur)
		}
	}
	for _, c := range f.list {
		if c.is("Hedge") || f.once(c.policy) {
			continue
		}
		if fields, _ := f.fields(c.policy); fields["Decide"] != nil {
			continue
		}
		if c.body == nil {
			if fn, ok := f.object(c.f).(*types.Func); ok && f.retrying[fn.Origin()] {
				reportNested(pass, c, c.f, fn.Name())
			}
			continue
		}
		for _, cur := range inner {
			if !within(c.body, cur.Node().Pos()) || cur.Node() == c.expr {
				continue
			}
			if attemptOf(cur, c) && f.returned(cur, c.body, c.typ, c) {
				what, _ := f.inner(cur)
				reportNested(pass, c, cur.Node().(*ast.CallExpr), what)
			}
		}
	}
}

func reportNested(pass *analysis.Pass, c *call, at ast.Expr, what string) {
	report(pass, analysis.Diagnostic{Pos: at.Pos(), End: at.End(), Message: fmt.Sprintf("retry inside retry: %s retries by itself, and what it gives up on ends %s too, so that one of the two policies does nothing; retry in one place", what, c.name())})
}

// attemptOf reports whether cur is run by an attempt of c itself, not by a function literal in it that is run elsewhere.
func attemptOf(cur inspector.Cursor, c *call) bool {
	for s := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.RangeStmt)(nil), (*ast.GoStmt)(nil), (*ast.DeferStmt)(nil), (*ast.FuncDecl)(nil)) {
		switch s := s.Node().(type) {
		case *ast.FuncLit:
			return s.Body == c.body
		case *ast.RangeStmt:
			if s == c.loop {
				return true
			}
		default:
			return false
		}
	}
	return false
}
