package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// calls finds the retry calls of a package. The other analyzers need its result, a *findings.
var calls = &analysis.Analyzer{
	Name:       "retrycalls",
	Doc:        "find calls that retry",
	Run:        func(pass *analysis.Pass) (any, error) { return find(pass), nil },
	Requires:   []*analysis.Analyzer{inspect.Analyzer},
	FactTypes:  []analysis.Fact{new(wrapper)},
	ResultType: reflect.TypeFor[*findings](),
}

// A wrapper is the fact that a function makes a retry call of which some of its own parameters are the context, the policy
// and the attempt's function. An index is -1 if there is no such parameter.
type wrapper struct{ Ctx, Policy, F int }

func (*wrapper) AFact()           {}
func (w *wrapper) String() string { return "wrapper" }

// A call is a place where attempts are made.
type call struct {
	cur    inspector.Cursor // of expr
	expr   *ast.CallExpr
	fn     *types.Func
	ctx    ast.Expr // of the whole call; nil if it is given elsewhere
	policy ast.Expr // nil if it isn't known
	f      ast.Expr // makes an attempt; nil for a Loop

	// These say what an attempt is, if that is written here.
	body  *ast.BlockStmt
	typ   *ast.FuncType  // of f
	param *types.Var     // the attempt's context; nil if it has no name
	loop  *ast.RangeStmt // nil unless it is a Loop
}

// name returns what is called, for messages.
func (c *call) name() string {
	if c.loop != nil || c.f == nil {
		return types.ExprString(c.expr.Fun)
	}
	return c.fn.Pkg().Name() + "." + c.fn.Name()
}

// is reports whether c calls a function of package retry.
func (c *call) is(name string) bool { return isFunc(c.fn, root, name) }

type findings struct {
	info  *types.Info
	in    *inspector.Inspector
	list  []*call
	byPos map[*ast.CallExpr]*call
	decls map[*types.Func]inspector.Cursor // of the *ast.FuncDecl
	inits map[types.Object][]ast.Expr      // what is assigned to a variable; nil where that isn't known
	sets  map[types.Object]map[string]ast.Expr
	uses  map[types.Object][]inspector.Cursor
}

func find(pass *analysis.Pass) *findings {
	f := &findings{
		info:  pass.TypesInfo,
		in:    pass.ResultOf[inspect.Analyzer].(*inspector.Inspector),
		byPos: map[*ast.CallExpr]*call{},
		decls: map[*types.Func]inspector.Cursor{},
		inits: map[types.Object][]ast.Expr{},
		sets:  map[types.Object]map[string]ast.Expr{},
		uses:  map[types.Object][]inspector.Cursor{},
	}
	var exprs []inspector.Cursor
	for cur := range f.in.Root().Preorder((*ast.CallExpr)(nil), (*ast.FuncDecl)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.CallExpr:
			exprs = append(exprs, cur)
		case *ast.FuncDecl:
			if fn, ok := f.info.Defs[n.Name].(*types.Func); ok {
				f.decls[fn] = cur
			}
		}
	}
	indexed := false
	for again := true; again; { // a function that wraps a wrapper is one too
		again = false
		for _, cur := range exprs {
			expr := cur.Node().(*ast.CallExpr)
			if f.byPos[expr] != nil {
				continue
			}
			c := f.classify(pass, cur, expr)
			if c == nil {
				continue
			}
			if !indexed {
				f.index()
				indexed = true
			}
			f.resolve(c)
			f.byPos[expr] = c
			f.list = append(f.list, c)
			again = f.export(pass, c) || again
		}
	}
	return f
}

// index records what is assigned to each variable, and its uses.
func (f *findings) index() {
	define := func(lhs, rhs ast.Expr) {
		switch l := ast.Unparen(lhs).(type) {
		case *ast.Ident:
			if obj := f.info.ObjectOf(l); obj != nil {
				f.inits[obj] = append(f.inits[obj], rhs)
			}
		case *ast.SelectorExpr:
			obj := f.info.ObjectOf(l.Sel)
			f.inits[obj] = append(f.inits[obj], rhs)
			if x := f.object(l.X); x != nil {
				if f.sets[x] == nil {
					f.sets[x] = map[string]ast.Expr{}
				}
				f.sets[x][l.Sel.Name] = rhs
			}
		}
	}
	all := func(lhs, rhs []ast.Expr) {
		for i, l := range lhs {
			switch {
			case len(lhs) == len(rhs):
				define(l, rhs[i])
			case len(rhs) == 1:
				define(l, &ast.BadExpr{From: rhs[0].Pos(), To: rhs[0].End()}) // one of several results
			}
		}
	}
	for cur := range f.in.Root().Preorder((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil), (*ast.CompositeLit)(nil), (*ast.Ident)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			all(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			lhs := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				lhs[i] = name
			}
			all(lhs, n.Values)
		case *ast.RangeStmt:
			for _, l := range []ast.Expr{n.Key, n.Value} {
				if l != nil {
					define(l, &ast.BadExpr{From: n.X.Pos(), To: n.X.End()})
				}
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok {
						if v, ok := f.info.Uses[key].(*types.Var); ok && v.IsField() {
							f.inits[v] = append(f.inits[v], kv.Value)
						}
					}
				}
			}
		case *ast.Ident:
			if obj := f.info.Uses[n]; obj != nil {
				f.uses[obj] = append(f.uses[obj], cur)
			}
		}
	}
}

// classify returns the retry call that expr is, or nil.
func (f *findings) classify(pass *analysis.Pass, cur inspector.Cursor, expr *ast.CallExpr) *call {
	fn, _ := typeutil.Callee(f.info, expr).(*types.Func)
	if fn == nil || fn.Pkg() == nil {
		return nil
	}
	fn = fn.Origin()
	c := &call{cur: cur, expr: expr, fn: fn}
	path := fn.Pkg().Path()
	if path == root && fn.Name() == "Attempts" && isNamed(recv(fn), root, "Loop") && len(expr.Args) == 2 {
		c.ctx, c.policy = expr.Args[0], expr.Args[1]
		return c
	}
	sig, _ := f.info.TypeOf(expr.Fun).(*types.Signature)
	if sig == nil || sig.Params().Len() == 0 {
		return nil
	}
	var w wrapper
	if path == root || strings.HasPrefix(path, root+"/") && !strings.HasPrefix(path, root+"/examples") {
		w = wrapper{-1, -1, -1}
		hedge := false
		for i := range sig.Params().Len() {
			t := sig.Params().At(i).Type()
			switch {
			case isContext(t):
				w.Ctx = i
			case isNamed(t, root, "Policy"):
				w.Policy = i
			case isNamed(t, root, "HedgeSettings"):
				hedge = true
			case isAttempt(t):
				w.F = i
			}
		}
		if w.F < 0 || w.Policy < 0 && !hedge {
			return nil
		}
	} else if !pass.ImportObjectFact(fn, &w) {
		return nil
	}
	arg := func(i int) ast.Expr {
		if i < 0 || i >= len(expr.Args) {
			return nil
		}
		return expr.Args[i]
	}
	c.ctx, c.policy, c.f = arg(w.Ctx), arg(w.Policy), arg(w.F)
	if c.f == nil {
		return nil
	}
	return c
}

// resolve finds what an attempt of c is.
func (f *findings) resolve(c *call) {
	if c.f == nil {
		if edge := c.cur.Parent().Node(); edge != nil {
			if r, ok := edge.(*ast.RangeStmt); ok && r.X == c.expr {
				c.loop, c.body = r, r.Body
				if id, ok := r.Key.(*ast.Ident); ok {
					c.param, _ = f.info.ObjectOf(id).(*types.Var)
				}
			}
		}
		return
	}
	lit, ok := ast.Unparen(c.f).(*ast.FuncLit)
	if !ok {
		lit, ok = f.only(f.object(c.f)).(*ast.FuncLit)
	}
	if !ok {
		return
	}
	c.body, c.typ = lit.Body, lit.Type
	if names := lit.Type.Params.List[0].Names; len(names) > 0 {
		c.param, _ = f.info.Defs[names[0]].(*types.Var)
	}
}

// export records that the function that c is in is a wrapper, and reports whether that is new.
func (f *findings) export(pass *analysis.Pass, c *call) bool {
	decl, fn := f.enclosing(c.cur)
	if decl == nil || fn == nil {
		return false
	}
	sig := fn.Signature()
	index := func(obj types.Object) int {
		for i := range sig.Params().Len() {
			if sig.Params().At(i) == obj && obj != nil {
				return i
			}
		}
		return -1
	}
	w := wrapper{index(f.object(c.ctx)), index(f.object(c.policy)), index(f.object(c.f))}
	if w.F < 0 && c.body != nil {
		ast.Inspect(c.body, func(n ast.Node) bool {
			if e, ok := n.(*ast.CallExpr); ok {
				if i := index(f.object(e.Fun)); i >= 0 && isAttempt(sig.Params().At(i).Type()) {
					w.F = i
				}
			}
			return true
		})
	}
	if w.F < 0 || !isAttempt(sig.Params().At(w.F).Type()) || pass.ImportObjectFact(fn, new(wrapper)) {
		return false
	}
	pass.ExportObjectFact(fn, &w)
	return true
}

// enclosing returns the function declaration around cur.
func (f *findings) enclosing(cur inspector.Cursor) (*ast.FuncDecl, *types.Func) {
	for d := range cur.Enclosing((*ast.FuncDecl)(nil)) {
		decl := d.Node().(*ast.FuncDecl)
		fn, _ := f.info.Defs[decl.Name].(*types.Func)
		return decl, fn
	}
	return nil, nil
}

// object returns the variable or function that e names, or nil.
func (f *findings) object(e ast.Expr) types.Object {
	if e == nil {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return f.info.ObjectOf(e)
	case *ast.SelectorExpr:
		return f.info.ObjectOf(e.Sel)
	}
	return nil
}

// only returns the one expression that is ever assigned to obj, or nil.
func (f *findings) only(obj types.Object) ast.Expr {
	v, ok := obj.(*types.Var)
	if !ok || len(f.inits[obj]) != 1 || v.IsField() {
		return nil
	}
	return ast.Unparen(f.inits[obj][0])
}

// uses reports whether n mentions one of objs.
func (f *findings) mentions(n ast.Node, objs ...types.Object) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			for _, obj := range objs {
				found = found || obj != nil && f.info.ObjectOf(id) == obj
			}
		}
		return !found
	})
	return found
}

// callee returns the function that e calls.
func (f *findings) callee(e *ast.CallExpr) *types.Func {
	fn, _ := typeutil.Callee(f.info, e).(*types.Func)
	if fn == nil {
		return nil
	}
	return fn.Origin()
}

func recv(fn *types.Func) types.Type {
	if r := fn.Signature().Recv(); r != nil {
		return r.Type()
	}
	return types.Typ[types.Invalid]
}

func isFunc(fn *types.Func, path string, names ...string) bool {
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() != path || fn.Signature().Recv() != nil {
		return false
	}
	for _, name := range names {
		if fn.Name() == name {
			return true
		}
	}
	return len(names) == 0
}

func isMethod(fn *types.Func, path, typ string, names ...string) bool {
	if fn == nil || !isNamed(recv(fn), path, typ) {
		return false
	}
	for _, name := range names {
		if fn.Name() == name {
			return true
		}
	}
	return len(names) == 0
}

// isNamed reports whether t, or what it points to, is the named type.
func isNamed(t types.Type, path, name string) bool {
	if t == nil {
		return false
	}
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

var errorType = types.Universe.Lookup("error").Type()

// isAttempt reports whether t is a function that takes a context first and returns an error last.
func isAttempt(t types.Type) bool {
	sig, ok := t.Underlying().(*types.Signature)
	if !ok || sig.Params().Len() == 0 || !isContext(sig.Params().At(0).Type()) {
		return false
	}
	return failing(sig)
}

// failing reports whether the last result of a function is an error.
func failing(sig *types.Signature) bool {
	n := sig.Results().Len()
	return n > 0 && types.Identical(sig.Results().At(n-1).Type(), errorType)
}

// within reports whether the position is in n.
func within(n ast.Node, pos token.Pos) bool { return n != nil && n.Pos() <= pos && pos < n.End() }
