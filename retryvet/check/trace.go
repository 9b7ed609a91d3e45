package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A trace follows a value through the function that makes it.
type trace struct {
	f       *findings
	from    inspector.Cursor
	seen    map[types.Object]bool
	used    []inspector.Cursor // calls that are made with it
	escapes bool               // it is given to somebody else
	kept    bool               // it is stored or returned
	stored  bool               // it is stored
}

// value follows the value of the expression at cur.
func (t *trace) value(cur inspector.Cursor) {
	for {
		kind, i := cur.ParentEdge()
		up := cur.Parent()
		switch kind {
		case edge.UnaryExpr_X, edge.ParenExpr_X, edge.KeyValueExpr_Value:
			cur = up
		case edge.CompositeLit_Elts:
			tv := t.f.info.TypeOf(up.Node().(*ast.CompositeLit))
			if isNamed(tv, root, "Policy") || isNamed(tv, root, "HedgeSettings") || isNamed(tv, http, "Transport") || isNamed(tv, "net/http", "Client") {
				cur = up
				continue
			}
			t.kept, t.stored = true, true
			return
		case edge.CallExpr_Args:
			e := up.Node().(*ast.CallExpr)
			switch c := t.f.byPos[e]; {
			case c != nil && (c.policy == cur.Node()):
				t.used = append(t.used, up)
			case isFunc(t.f.callee(e), root, "Hedge"), isFunc(t.f.callee(e), http, "NewClient"):
				cur = up
				continue
			default:
				t.escapes = true
			}
			return
		case edge.CallExpr_Fun:
			t.used = append(t.used, up) // what Hedge returned
			return
		case edge.SelectorExpr_X:
			t.selected(up)
			return
		case edge.AssignStmt_Rhs:
			s := up.Node().(*ast.AssignStmt)
			if len(s.Lhs) != len(s.Rhs) {
				t.escapes = true
				return
			}
			t.assign(s.Lhs[i])
			return
		case edge.ValueSpec_Values:
			t.assign(up.Node().(*ast.ValueSpec).Names[i])
			return
		case edge.AssignStmt_Lhs, edge.BinaryExpr_X, edge.BinaryExpr_Y:
			return
		case edge.ReturnStmt_Results:
			t.kept = true
			return
		default:
			t.escapes = true
			return
		}
	}
}

func (t *trace) assign(lhs ast.Expr) {
	obj := t.f.object(lhs)
	if sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr); ok {
		obj = t.f.object(sel.X)
	}
	v, ok := obj.(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || !t.local(v) {
		t.kept, t.stored = true, true
		return
	}
	t.follow(v)
}

// local reports whether v belongs to the function in which the value is made.
func (t *trace) local(v *types.Var) bool {
	switch fn := function(t.from).(type) {
	case *ast.FuncLit:
		return within(fn.Body, v.Pos())
	case *ast.FuncDecl:
		return within(fn.Body, v.Pos())
	}
	return false
}

func (t *trace) follow(obj types.Object) {
	if obj == nil || t.seen[obj] {
		return
	}
	t.seen[obj] = true
	for _, cur := range t.f.uses[obj] {
		t.value(cur)
	}
}

// selected handles x.name, for the value x.
func (t *trace) selected(sel inspector.Cursor) {
	fn, ok := t.f.object(sel.Node().(*ast.SelectorExpr)).(*types.Func)
	if !ok {
		return // a field
	}
	call := sel.Parent()
	if kind, _ := sel.ParentEdge(); kind != edge.CallExpr_Fun {
		t.escapes = true // a method value
		return
	}
	switch fn.Name() {
	case "Do", "Get", "Head", "Post", "PostForm", "RoundTrip", "Take":
		t.used = append(t.used, call)
	}
}
