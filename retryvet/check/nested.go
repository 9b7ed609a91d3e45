package check

import (
	"fmt"
	"go/ast"
	"go/token"
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
	URL:       "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Nested",
	Run:       runNested,
	Requires:  []*analysis.Analyzer{calls},
	FactTypes: []analysis.Fact{new(retries), new(client)},
}

// retries is the fact that the error of a function may be that of a retry call.
type retries struct{}

func (*retries) AFact()         {}
func (*retries) String() string { return "retries" }

// client is the fact that a variable holds a client of package retryhttp.
type client struct{}

func (*client) AFact()         {}
func (*client) String() string { return "client" }

func runNested(pass *analysis.Pass) (any, error) {
	f := pass.ResultOf[calls].(*findings)
	n := &nesting{findings: f, pass: pass}
	if len(f.uses) == 0 {
		f.index()
	}
	n.findClients()
	var inner []inspector.Cursor
	for cur := range f.in.Root().Preorder((*ast.CallExpr)(nil)) {
		inner = append(inner, cur)
	}
	for again := true; again; {
		again = false
		for _, cur := range inner {
			decl, fn := f.enclosing(cur)
			if decl == nil || fn == nil || decl.Body == nil || !failing(fn.Signature()) || f.isTestFunc(fn) || pass.ImportObjectFact(fn, new(retries)) {
				continue
			}
			if _, ok := n.inner(cur); ok && innermost(cur) == decl && n.returned(cur, decl.Body, nil) {
				pass.ExportObjectFact(fn, &retries{})
				again = true
			}
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
			if fn, ok := f.object(c.f).(*types.Func); c.f != nil && ok && (pass.ImportObjectFact(fn.Origin(), new(retries))) {
				n.report(c, c.f, fn.Name())
			}
			continue
		}
		for _, cur := range inner {
			if !within(c.body, cur.Node().Pos()) || cur.Node() == c.expr {
				continue
			}
			if what, ok := n.inner(cur); ok && n.attemptOf(cur, c) && n.returned(cur, c.body, c) {
				n.report(c, cur.Node().(*ast.CallExpr), what)
			}
		}
	}
	return nil, nil
}

type nesting struct {
	*findings
	pass *analysis.Pass
}

func (n *nesting) report(c *call, at ast.Expr, what string) {
	report(n.pass, analysis.Diagnostic{Pos: at.Pos(), End: at.End(), Message: fmt.Sprintf("retry inside retry: %s retries by itself, and what it gives up on ends %s too, so that one of the two policies does nothing; retry in one place", what, c.name())})
}

// inner returns what retries in a call expression, if something does.
func (n *nesting) inner(cur inspector.Cursor) (string, bool) {
	e := cur.Node().(*ast.CallExpr)
	if c := n.byPos[e]; c != nil {
		if c.is("Hedge") || c.is("Start") || n.once(c.policy) || n.marksProgress(c) {
			return "", false
		}
		return c.name(), true
	}
	fn := n.callee(e)
	if fn == nil {
		return "", false
	}
	if isFunc(fn, http, "Fetch", "Download") {
		return "retryhttp." + fn.Name(), true
	}
	if n.pass.ImportObjectFact(fn, new(retries)) {
		return fn.Name(), true
	}
	if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
		switch {
		case isMethod(fn, "net/http", "Client", "Do", "Get", "Head", "Post", "PostForm") && n.isClient(sel.X),
			isMethod(fn, http, "Transport", "RoundTrip"):
			return types.ExprString(sel.X) + ", a client of package retryhttp,", true
		}
	}
	return "", false
}

// marksProgress reports whether an inner call is of the kind that goes on for ever: its end isn't a failure to be retried.
func (n *nesting) marksProgress(c *call) bool { return false }

// attemptOf reports whether cur is run by an attempt of c itself, not by a function literal in it that is run elsewhere.
func (n *nesting) attemptOf(cur inspector.Cursor, c *call) bool {
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

// innermost returns the function that runs what is at cur, or nil if it is run apart from it.
func innermost(cur inspector.Cursor) ast.Node {
	for s := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.GoStmt)(nil), (*ast.DeferStmt)(nil), (*ast.FuncDecl)(nil)) {
		return s.Node()
	}
	return nil
}

// returned reports whether the error of the call at cur is what body returns or, in a Loop, tells Done.
func (n *nesting) returned(cur inspector.Cursor, body *ast.BlockStmt, c *call) bool {
	e := cur.Node().(*ast.CallExpr)
	if inner := n.byPos[e]; inner != nil && inner.f == nil { // loop.Err() has it
		sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		v, isVar := n.object(sel.X).(*types.Var)
		if !ok || !isVar {
			return false
		}
		for _, u := range n.loopUses(v) {
			if u.method == "Err" && within(body, u.cur.Node().Pos()) {
				if at, ok := body, true; ok && n.flows(u.expr, at, c) {
					return true
				}
			}
		}
		return false
	}
	return n.flows(e, body, c)
}

// flows reports whether the error of e is mentioned where body returns, or tells Done.
func (n *nesting) flows(e *ast.CallExpr, body *ast.BlockStmt, c *call) bool {
	var vars []types.Object
	found := false
	ast.Inspect(body, func(node ast.Node) bool { // what the error is assigned to
		switch s := node.(type) {
		case *ast.AssignStmt:
			if len(s.Rhs) == 1 && within(s.Rhs[0], e.Pos()) && !n.inLit(s.Rhs[0], e) {
				if id, ok := s.Lhs[len(s.Lhs)-1].(*ast.Ident); ok && id.Name != "_" && n.isError(id) {
					vars = append(vars, n.info.ObjectOf(id))
				}
			}
		}
		return true
	})
	ends := func(x ast.Expr) {
		if n.marked(x, "Progress", "After", "Stop") {
			return
		}
		found = found || within(x, e.Pos()) && !n.inLit(x, e) && n.carries(x, e) || len(vars) > 0 && n.mentions(x, vars...) && n.isError(x)
	}
	var named []types.Object
	walk := func(node ast.Node) bool {
		switch s := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if c != nil && c.loop != nil {
				return true // leaves the loop
			}
			for _, r := range s.Results {
				ends(r)
			}
			if len(s.Results) == 0 && len(vars) > 0 {
				found = found || n.isResult(vars, body, &named)
			}
		case *ast.CallExpr:
			if c != nil && c.loop != nil && isMethod(n.callee(s), root, "Loop", "Done") {
				ends(s.Args[0])
			}
		}
		return true
	}
	for _, s := range body.List {
		ast.Inspect(s, walk)
	}
	return found
}

// isResult reports whether one of vars is a named result of the function with the given body.
func (n *nesting) isResult(vars []types.Object, body *ast.BlockStmt, _ *[]types.Object) bool {
	for _, v := range vars {
		if v != nil && !within(body, v.Pos()) && v.Pos() < body.Pos() && body.Pos()-v.Pos() < token.Pos(400) {
			return true
		}
	}
	return false
}

// carries reports whether the value of x has the error of e in it.
func (n *nesting) carries(x ast.Expr, e *ast.CallExpr) bool {
	x = ast.Unparen(x)
	if x == e {
		return true
	}
	c, ok := x.(*ast.CallExpr)
	if !ok || n.marked(c, "Progress", "After", "Stop") || !n.isError(x) && n.info.TypeOf(x) != nil {
		return false
	}
	for _, a := range c.Args {
		if n.carries(a, e) {
			return true
		}
	}
	return false
}

// inLit reports whether e is in a function literal in x.
func (n *nesting) inLit(x ast.Node, e *ast.CallExpr) (in bool) {
	ast.Inspect(x, func(node ast.Node) bool {
		if lit, ok := node.(*ast.FuncLit); ok && within(lit, e.Pos()) {
			in = true
		}
		return !in
	})
	return in
}

// isTestFunc reports whether fn is one of package retry's own entry points, whose calls are known by name.
func (f *findings) isTestFunc(fn *types.Func) bool { return fn.Pkg() != nil && fn.Pkg().Path() == root }

// findClients finds the variables that only ever hold a client of package retryhttp.
func (n *nesting) findClients() {
	for again := true; again; {
		again = false
		for obj, values := range n.inits {
			v, ok := obj.(*types.Var)
			if !ok || !isNamed(v.Type(), "net/http", "Client") || n.pass.ImportObjectFact(v, new(client)) || v.Pkg() != n.pass.Pkg {
				continue
			}
			all := len(values) > 0
			for _, value := range values {
				all = all && n.isClient(value)
			}
			if all {
				n.pass.ExportObjectFact(v, &client{})
				again = true
			}
		}
	}
}

// isClient reports whether e is known to be a client that retries.
func (n *nesting) isClient(e ast.Expr) bool {
	e = ast.Unparen(e)
	switch e := e.(type) {
	case *ast.UnaryExpr:
		return n.isClient(e.X)
	case *ast.CallExpr:
		if isFunc(n.callee(e), http, "NewClient") {
			return len(e.Args) == 0 || !n.once(e.Args[0])
		}
	case *ast.CompositeLit:
		fields, _ := n.fields(e)
		t := fields["Transport"]
		return isNamed(n.info.TypeOf(e), "net/http", "Client") && t != nil && isNamed(n.info.TypeOf(t), http, "Transport") && !n.onceTransport(t)
	case *ast.Ident, *ast.SelectorExpr:
		if v, ok := n.object(e).(*types.Var); ok {
			return n.pass.ImportObjectFact(v, new(client))
		}
	}
	return false
}

func (n *nesting) onceTransport(t ast.Expr) bool {
	fields, _ := n.fields(t)
	return n.once(fields["Policy"])
}
