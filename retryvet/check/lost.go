package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Lost reports errors that nobody sees, and tests of errors that never hold.
var Lost = &analysis.Analyzer{
	Name: "retrylost",
	Doc: `report errors that are lost, and tests of errors that don't do what they say

Reported are: the result of retry.Do, retry.Get and the like not used (outside of tests); a mark such as retry.Stop(err) not
used, or formatted by fmt.Errorf without %w; a comparison with retry.ErrExhausted and the like by == instead of errors.Is; a comparison by == of a call's error with
an error of package context; and a policy with a Timeout that doesn't retry what is a context.DeadlineExceeded, which is what
an attempt that timed out fails with.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Lost",
	Run:      with(runLost),
	Requires: []*analysis.Analyzer{calls},
}

func runLost(pass *analysis.Pass, f *findings) {
	for _, c := range f.list {
		if c.f != nil && !c.is("Start") {
			f.checkUnused(pass, c)
		}
		f.checkTimeout(pass, c)
	}
	for _, cur := range f.exprs {
		f.checkMark(pass, cur)
	}
	for cur := range f.in.Root().Preorder((*ast.BinaryExpr)(nil), (*ast.CaseClause)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				f.checkCompare(pass, cur, n, n.X, n.Y)
				f.checkCompare(pass, cur, n, n.Y, n.X)
			}
		case *ast.CaseClause:
			s, ok := cur.Parent().Parent().Node().(*ast.SwitchStmt)
			if !ok || s.Tag == nil || !f.isError(s.Tag) {
				continue
			}
			for _, e := range n.List {
				f.checkCompare(pass, cur, nil, s.Tag, e)
			}
		}
	}
}

func (f *findings) checkUnused(pass *analysis.Pass, c *call) {
	sig := c.fn.Signature()
	if !failing(sig) || inTest(pass, c.expr.Pos()) {
		return
	}
	up := c.cur.Parent()
	for kind, _ := c.cur.ParentEdge(); kind == edge.ParenExpr_X; {
		kind, _ = up.ParentEdge()
		up = up.Parent()
	}
	switch up.Node().(type) {
	case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt:
		report(pass, analysis.Diagnostic{Pos: c.expr.Pos(), End: c.expr.Rparen + 1, Message: fmt.Sprintf("the error of %s is not used: that all attempts failed goes unnoticed", c.name())})
	}
}

// checkCompare reports a comparison of err with a sentinel.
func (f *findings) checkCompare(pass *analysis.Pass, cur inspector.Cursor, n *ast.BinaryExpr, err, sentinel ast.Expr) {
	v, ok := f.object(sentinel).(*types.Var)
	if !ok || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() || !f.isError(err) || v.Pkg() == pass.Pkg {
		return // a package knows what it wraps itself
	}
	if f.target(cur, err) {
		return
	}
	var why string
	switch path := v.Pkg().Path(); {
	case (path == root || strings.HasPrefix(path, root+"/")) && strings.HasPrefix(v.Name(), "Err"):
		why = "is always wrapped"
		if sel, ok := ast.Unparen(err).(*ast.SelectorExpr); ok && sel.Sel.Name == "Reason" {
			why = "may be wrapped in the Reason"
		}
	case path == "context" && f.fromCall(err):
		why = "is wrapped in a *retry.Error when it ends the call"
	default:
		return
	}
	d := analysis.Diagnostic{Pos: sentinel.Pos(), End: sentinel.End(),
		Message: fmt.Sprintf("%s.%s %s: compare with errors.Is", v.Pkg().Name(), v.Name(), why)}
	if n != nil {
		d.Pos, d.End = n.Pos(), n.End()
		if fix, ok := f.useIs(pass, n, err, sentinel); ok {
			d.SuggestedFixes = []analysis.SuggestedFix{fix}
		}
	}
	report(pass, d)
}

// target reports whether e is the parameter of a method Is around cur. [errors.Is] asks it about one error at a time.
func (f *findings) target(cur inspector.Cursor, e ast.Expr) bool {
	decl, fn := f.enclosing(cur)
	if fn == nil || decl.Recv == nil || fn.Name() != "Is" || fn.Signature().Params().Len() != 1 {
		return false
	}
	return f.object(e) == fn.Signature().Params().At(0)
}

// fromCall reports whether e is a variable that got the error of a retry call.
func (f *findings) fromCall(e ast.Expr) bool {
	obj := f.object(e)
	if obj == nil {
		return false
	}
	for _, c := range f.list {
		cur := c.cur
		if c.loop != nil {
			continue
		}
		s, ok := cur.Parent().Node().(*ast.AssignStmt)
		if !ok || len(s.Rhs) != 1 || len(s.Lhs) == 0 || f.object(s.Lhs[len(s.Lhs)-1]) != obj || s.Pos() > e.Pos() {
			continue
		}
		// Only if no other assignment stands between.
		last := true
		for _, use := range f.defs(obj) {
			last = last && !(use > s.End() && use < e.Pos())
		}
		if last && !within(c.expr, e.Pos()) {
			return true
		}
	}
	return false
}

// defs returns where obj is assigned to.
func (f *findings) defs(obj types.Object) (at []token.Pos) {
	for _, cur := range f.uses[obj] {
		if s, ok := cur.Parent().Node().(*ast.AssignStmt); ok {
			for _, l := range s.Lhs {
				if l == cur.Node() {
					at = append(at, l.Pos())
				}
			}
		}
	}
	return at
}

// useIs returns the fix that compares with errors.Is.
func (f *findings) useIs(pass *analysis.Pass, n *ast.BinaryExpr, err, sentinel ast.Expr) (analysis.SuggestedFix, bool) {
	file := fileOf(pass, n.Pos())
	if file == nil {
		return analysis.SuggestedFix{}, false
	}
	not := ""
	if n.Op == token.NEQ {
		not = "!"
	}
	name, edits := imported(file, "errors")
	_, obj := pass.Pkg.Scope().Innermost(n.Pos()).LookupParent(name, n.Pos())
	if pkg, ok := obj.(*types.PkgName); obj != nil && (!ok || pkg.Imported().Path() != "errors") {
		return analysis.SuggestedFix{}, false
	}
	text := fmt.Sprintf("%s%s.Is(%s, %s)", not, name, types.ExprString(err), types.ExprString(sentinel))
	return analysis.SuggestedFix{Message: "Compare with errors.Is",
		TextEdits: append(edits, analysis.TextEdit{Pos: n.Pos(), End: n.End(), NewText: []byte(text)})}, true
}

// imported returns the name by which a file imports a package of the standard library, and the edits that make it do so.
func imported(file *ast.File, path string) (string, []analysis.TextEdit) {
	for _, s := range file.Imports {
		if p, _ := strconv.Unquote(s.Path.Value); p == path {
			if s.Name == nil {
				return path, nil
			}
			if s.Name.Name != "_" && s.Name.Name != "." {
				return s.Name.Name, nil
			}
		}
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() {
			return path, []analysis.TextEdit{{Pos: g.Lparen + 1, End: g.Lparen + 1, NewText: []byte("\n\t" + strconv.Quote(path))}}
		}
	}
	return path, []analysis.TextEdit{{Pos: file.Name.End(), End: file.Name.End(), NewText: []byte("\n\nimport " + strconv.Quote(path))}}
}
