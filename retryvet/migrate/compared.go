package migrate

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// compared lists comparisons of a call's error that don't see what is wrapped.
func (p *pkg) compared(call inspector.Cursor) {
	if p.compares(call) {
		p.noteCompared(call.Node().Pos(), "its error")
		return
	}
	var id *ast.Ident
	var end token.Pos
	switch s := call.Parent().Node().(type) {
	case *ast.AssignStmt:
		id, _ = s.Lhs[len(s.Lhs)-1].(*ast.Ident)
		end = s.End()
	case *ast.ValueSpec:
		id, end = s.Names[len(s.Names)-1], s.End()
	}
	if id == nil {
		return
	}
	for _, use := range p.uses[p.TypesInfo.ObjectOf(id)] {
		if use.Node().Pos() >= end && p.compares(use) {
			p.noteCompared(use.Node().Pos(), id.Name)
		}
	}
}

func (p *pkg) noteCompared(pos token.Pos, what string) {
	p.note(pos, Left, "a comparison of "+what, "the error of a call that gives up is a *retry.Error around the failures; compare with errors.Is, errors.As or errors.AsType")
}

// compares reports whether the expression at cur is compared with something, as a whole.
func (p *pkg) compares(cur inspector.Cursor) bool {
	kind, _ := cur.ParentEdge()
	for kind == edge.ParenExpr_X {
		cur = cur.Parent()
		kind, _ = cur.ParentEdge()
	}
	switch n := cur.Parent().Node().(type) {
	case *ast.BinaryExpr:
		other := n.X
		if other == cur.Node() {
			other = n.Y
		}
		return (n.Op == token.EQL || n.Op == token.NEQ) && !p.TypesInfo.Types[other].IsNil()
	case *ast.TypeAssertExpr:
		return true
	case *ast.SwitchStmt:
		return n.Tag == cur.Node()
	case *ast.CallExpr: // of an assertion in tests
		fn, _ := p.callee(n)
		if kind != edge.CallExpr_Args || fn == nil {
			return false
		}
		sig, isErr := fn.Signature(), isErrorType(p.TypesInfo.TypeOf(cur.Node().(ast.Expr)))
		return isErr && sig.Params().Len() > 1 && (fn.Name() == "DeepEqual" || strings.HasPrefix(fn.Name(), "Equal") || strings.HasPrefix(fn.Name(), "NotEqual") || fn.Name() == "Same" || fn.Name() == "IsType")
	}
	return false
}
