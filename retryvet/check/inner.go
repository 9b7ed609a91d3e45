package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// findRetrying finds the functions whose error may be that of a retry call.
func (f *findings) findRetrying() {
	for again := true; again; {
		again = false
		for _, cur := range f.exprs {
			if _, ok := f.inner(cur); !ok {
				continue
			}
			decl, fn := f.enclosing(cur)
			if decl == nil || fn == nil || decl.Body == nil || f.retrying[fn] || !failing(fn.Signature()) || fn.Pkg().Path() == root {
				continue
			}
			if innermost(cur) == decl && f.returned(cur, decl.Body, decl.Type, nil) {
				f.addRetrying(fn)
				again = true
			}
		}
	}
}

// inner returns what retries in a call expression, if something does.
func (f *findings) inner(cur inspector.Cursor) (string, bool) {
	e := cur.Node().(*ast.CallExpr)
	if c := f.byPos[e]; c != nil {
		if c.is("Hedge") || c.is("Start") || f.once(c.policy) {
			return "", false
		}
		return c.name(), true
	}
	fn := f.callee(e)
	if fn == nil {
		return "", false
	}
	if isFunc(fn, http, "Fetch", "Download") {
		return "retryhttp." + fn.Name(), true
	}
	if f.retrying[fn] {
		return fn.Name(), true
	}
	if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
		switch {
		case isMethod(fn, "net/http", "Client", "Do", "Get", "Head", "Post", "PostForm") && f.isClient(sel.X),
			isMethod(fn, http, "Transport", "RoundTrip"):
			return types.ExprString(sel.X) + ", a client of package retryhttp,", true
		}
	}
	return "", false
}

// findClients finds the variables that only ever hold a client of package retryhttp.
func (f *findings) findClients(pkg *types.Package) {
	for again := true; again; {
		again = false
		for obj, values := range f.inits {
			v, ok := obj.(*types.Var)
			if !ok || !isNamed(v.Type(), "net/http", "Client") || f.clients[v] || v.Pkg() != pkg {
				continue
			}
			all := len(values) > 0
			for _, value := range values {
				all = all && f.isClient(value)
			}
			if all {
				f.addClient(v)
				again = true
			}
		}
	}
}

// isClient reports whether e is known to be a client that retries.
func (f *findings) isClient(e ast.Expr) bool {
	e = ast.Unparen(e)
	switch e := e.(type) {
	case *ast.UnaryExpr:
		return f.isClient(e.X)
	case *ast.CallExpr:
		if isFunc(f.callee(e), http, "NewClient") {
			return len(e.Args) == 0 || !f.once(e.Args[0])
		}
	case *ast.CompositeLit:
		fields, _ := f.fields(e)
		t := fields["Transport"]
		return isNamed(f.info.TypeOf(e), "net/http", "Client") && t != nil && isNamed(f.info.TypeOf(t), http, "Transport") && !f.onceTransport(t)
	case *ast.Ident, *ast.SelectorExpr:
		if v, ok := f.object(e).(*types.Var); ok {
			return f.clients[v.Origin()]
		}
	}
	return false
}

func (f *findings) onceTransport(t ast.Expr) bool {
	fields, _ := f.fields(t)
	return f.once(fields["Policy"])
}

// innermost returns the function that runs what is at cur, or nil if it is run apart from it.
func innermost(cur inspector.Cursor) ast.Node {
	for s := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.GoStmt)(nil), (*ast.DeferStmt)(nil), (*ast.FuncDecl)(nil)) {
		return s.Node()
	}
	return nil
}
