package check

import (
	"fmt"
	"go/ast"
	"go/constant"
	"regexp"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// checkMark reports a marked error that the attempt doesn't return, since nobody uses it or a new one has only its text.
func (f *findings) checkMark(pass *analysis.Pass, cur inspector.Cursor) {
	e := cur.Node().(*ast.CallExpr)
	if !f.marked(e, "Stop", "After", "Progress") {
		return
	}
	if what := f.drops(pass, cur); what != "" {
		report(pass, analysis.Diagnostic{Pos: e.Pos(), End: e.End(), Message: fmt.Sprintf("the error that retry.%s returns %s", f.callee(e).Name(), what)})
	}
}

// drops returns how the mark of an expression gets lost, or "". One in a variable does if every use of the variable loses it.
func (f *findings) drops(pass *analysis.Pass, cur inspector.Cursor) (what string) {
	const unused = "is not used: the mark has no effect; return it"
	kind, i := cur.ParentEdge()
	up := cur.Parent()
	for kind == edge.ParenExpr_X {
		kind, i = up.ParentEdge()
		up = up.Parent()
	}
	switch n := up.Node().(type) {
	case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt:
		return unused
	case *ast.AssignStmt:
		if kind != edge.AssignStmt_Rhs || len(n.Lhs) != len(n.Rhs) || inTest(pass, n.Pos()) {
			return ""
		}
		if isBlank(n.Lhs[i]) {
			return unused
		}
		id, _ := n.Lhs[i].(*ast.Ident)
		v := f.info.Defs[id]
		if v == nil || len(f.inits[v]) != 1 {
			return ""
		}
		for _, use := range f.uses[v] {
			if what = f.drops(pass, use); what == "" {
				break
			}
		}
	case *ast.CallExpr:
		if isFunc(f.callee(n), "fmt", "Errorf") && kind == edge.CallExpr_Args && i > 0 && !f.wraps(n.Args[0]) && !inTest(pass, n.Pos()) {
			return "is not wrapped by fmt.Errorf, which takes its text only: the mark has no effect; write %w"
		}
	}
	return what
}

var wrapVerb = regexp.MustCompile(`%[-+# 0-9.*\[\]]*w`)

// wraps reports whether a format may wrap an error.
func (f *findings) wraps(format ast.Expr) bool {
	v := f.info.Types[format].Value
	return v == nil || v.Kind() != constant.String || wrapVerb.MatchString(constant.StringVal(v))
}

func isBlank(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	return ok && id.Name == "_"
}
