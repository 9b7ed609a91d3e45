package check

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// PerCall reports what is meant to be shared by many calls and is made for a single one.
var PerCall = &analysis.Analyzer{
	Name: "retrypercall",
	Doc: `report a Budget, a hedge or a Transport that is made for one call

A retry.Budget limits the retries of all calls that share it, a hedge learns from the calls before, and a
retryhttp.Transport keeps a budget for each host. One that is made where the call is made, in a handler or in a loop, has
seen no other call:

	func fetch(ctx context.Context) error {
		return retry.Do(ctx, retry.Policy{Budget: new(retry.Budget)}, get)
	}

Tests, func main and what is only called once from there aren't reported.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#PerCall",
	Run:      with(runPerCall),
	Requires: []*analysis.Analyzer{calls},
}

func runPerCall(pass *analysis.Pass, f *findings) {
	for cur := range f.in.Root().Preorder((*ast.CompositeLit)(nil), (*ast.CallExpr)(nil), (*ast.ValueSpec)(nil)) {
		n := cur.Node()
		what, ok := f.made(n)
		if !ok || inTest(pass, n.Pos()) {
			continue
		}
		if f.isShared(what, n) || f.runsOnce(cur) {
			continue
		}
		t := &trace{f: f, from: cur, seen: map[types.Object]bool{}}
		if spec, ok := n.(*ast.ValueSpec); ok {
			t.follow(f.info.Defs[spec.Names[0]])
		} else {
			t.value(cur)
		}
		handler := f.isHandler(cur)
		if handler && !t.kept || !t.kept && !t.escapes && len(t.used) == 1 && sameScope(cur, t.used[0]) {
			msg := what.text
			if handler {
				msg += " make it once, outside of the handler"
			} else {
				msg += " make it once, for all calls"
			}
			report(pass, analysis.Diagnostic{Pos: n.Pos(), End: n.End(), Message: msg})
		}
	}
}

type shareable struct{ kind, text string }

// made returns what n makes that is meant to be shared.
func (f *findings) made(n ast.Node) (shareable, bool) {
	budget := shareable{"budget", "a Budget made for one call limits nothing, since it knows of no other call:"}
	transport := shareable{"transport", "a Transport made for one call has budgets that know of no other call, so they limit nothing:"}
	switch n := n.(type) {
	case *ast.CompositeLit:
		switch t := f.info.TypeOf(n); {
		case isNamed(t, root, "Budget"):
			return budget, true
		case isNamed(t, http, "Transport"):
			return transport, true
		}
	case *ast.ValueSpec:
		if len(n.Names) == 1 && n.Values == nil {
			obj := f.info.Defs[n.Names[0]]
			if obj == nil {
				break
			}
			if _, ok := obj.Type().(*types.Pointer); ok {
				break
			}
			switch t := obj.Type(); {
			case isNamed(t, root, "Budget"):
				return budget, true
			case isNamed(t, http, "Transport"):
				return transport, true
			}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) == 1 {
			if b, ok := f.info.Uses[id].(*types.Builtin); ok && b.Name() == "new" {
				switch t := f.info.TypeOf(n.Args[0]); {
				case isNamed(t, root, "Budget"):
					return budget, true
				case isNamed(t, http, "Transport"):
					return transport, true
				}
			}
		}
		switch fn := f.callee(n); {
		case isFunc(fn, http, "NewClient"):
			return transport, true
		case isFunc(fn, root, "Hedge"):
			return shareable{"hedge", "a hedge made for one call knows no latencies and has a budget of its own, so it doesn't limit the attempts that it adds:"}, true
		}
	}
	return shareable{}, false
}

// isShared reports whether what matters of n comes from elsewhere, or isn't known.
func (f *findings) isShared(what shareable, n ast.Node) bool {
	var e ast.Expr
	switch n := n.(type) {
	case *ast.CompositeLit:
		e = n
	case *ast.CallExpr:
		if what.kind != "budget" && len(n.Args) > 0 {
			e = n.Args[0]
		}
	}
	if e == nil {
		return false
	}
	if what.kind == "budget" {
		return false
	}
	fields, known := f.fields(e)
	switch what.kind {
	case "hedge":
		return !known || fields["Budget"] != nil && fields["Delay"] != nil
	case "transport":
		if fields["Budget"] != nil {
			return true
		}
		if _, ok := n.(*ast.CallExpr); !ok && fields["Policy"] != nil {
			fields, known = f.fields(fields["Policy"])
		}
		return !known || fields["Budget"] != nil
	}
	return false
}

// A trace follows a value through the function that makes it.
type trace struct {
	f       *findings
	from    inspector.Cursor
	seen    map[types.Object]bool
	used    []inspector.Cursor // calls that are made with it
	escapes bool               // it is given to somebody else
	kept    bool               // it is stored or returned
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
			t.kept = true
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
		t.kept = true
		return
	}
	t.follow(v)
}

// local reports whether v belongs to the function in which the value is made.
func (t *trace) local(v *types.Var) bool {
	for fn := range t.from.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch fn := fn.Node().(type) {
		case *ast.FuncLit:
			return within(fn.Body, v.Pos())
		case *ast.FuncDecl:
			return within(fn.Body, v.Pos())
		}
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

// sameScope reports whether a and b are in the same function and the same loop.
func sameScope(a, b inspector.Cursor) bool { return scope(a) == scope(b) }

func scope(cur inspector.Cursor) ast.Node {
	for s := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		switch s := s.Node().(type) {
		case *ast.RangeStmt:
			if within(s.X, cur.Node().Pos()) {
				continue
			}
		case *ast.ForStmt:
			if s.Init != nil && within(s.Init, cur.Node().Pos()) {
				continue
			}
		}
		return s.Node()
	}
	return nil
}

// isHandler reports whether cur is in a function that serves an HTTP request.
func (f *findings) isHandler(cur inspector.Cursor) bool {
	for fn := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		var t types.Type
		switch fn := fn.Node().(type) {
		case *ast.FuncLit:
			t = f.info.TypeOf(fn)
		case *ast.FuncDecl:
			t = f.info.TypeOf(fn.Name)
		}
		sig, ok := t.(*types.Signature)
		return ok && sig.Params().Len() == 2 && isNamed(sig.Params().At(0).Type(), "net/http", "ResponseWriter") && isNamed(sig.Params().At(1).Type(), "net/http", "Request")
	}
	return false
}

// runsOnce reports whether cur is in func main, in func init, or in a function that is only called once from there.
func (f *findings) runsOnce(cur inspector.Cursor) bool {
	for range 20 {
		if f.isHandler(cur) || scopeIsLoop(cur) {
			return false
		}
		decl, fn := f.enclosing(cur)
		if decl == nil {
			return true // a package-level variable
		}
		if decl.Recv == nil && (decl.Name.Name == "init" || decl.Name.Name == "main" && fn.Pkg().Name() == "main" || strings.HasPrefix(decl.Name.Name, "Example")) {
			return true
		}
		if fn == nil || fn.Pkg().Name() != "main" || len(f.uses[fn]) != 1 {
			return false
		}
		use := f.uses[fn][0]
		if up, ok := use.Parent().Node().(*ast.SelectorExpr); ok && up.Sel == use.Node() {
			use = use.Parent()
		}
		if kind, _ := use.ParentEdge(); kind != edge.CallExpr_Fun {
			return false
		}
		cur = use
	}
	return false
}

func scopeIsLoop(cur inspector.Cursor) bool {
	switch scope(cur).(type) {
	case *ast.ForStmt, *ast.RangeStmt:
		return true
	}
	return false
}
