package check

import (
	"go/ast"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// calls finds the retry calls of a package. The other analyzers need its result: a *findings, or nil for a package that has
// nothing to do with package retry, on which no time is spent.
var calls = &analysis.Analyzer{
	Name:       "retrycalls",
	Doc:        "find calls that retry",
	Run:        func(pass *analysis.Pass) (any, error) { return find(pass), nil },
	FactTypes:  []analysis.Fact{new(wrapper), new(retries), new(client)},
	ResultType: reflect.TypeFor[*findings](),
}

// with returns the Run of an analyzer that needs the calls of a package, and has nothing to do where there is nothing to find.
func with(run func(*analysis.Pass, *findings)) func(*analysis.Pass) (any, error) {
	return func(pass *analysis.Pass) (any, error) {
		if f := pass.ResultOf[calls].(*findings); f != nil {
			run(pass, f)
		}
		return nil, nil
	}
}

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

// findings are the retry calls of a package. Analyzers share them, and only read.
type findings struct {
	*index
	*facts
	list  []*call
	byPos map[*ast.CallExpr]*call
}

func find(pass *analysis.Pass) *findings {
	all := pass.AllObjectFacts()
	if len(all) == 0 && !imports(pass.Files) {
		return nil
	}
	f := &findings{
		index: newIndex(pass.TypesInfo, pass.Files),
		facts: newFacts(all, pass.ExportObjectFact),
		byPos: map[*ast.CallExpr]*call{},
	}
	for again := true; again; { // a function that wraps a wrapper is one too
		again = false
		for _, cur := range f.exprs {
			expr := cur.Node().(*ast.CallExpr)
			if f.byPos[expr] != nil {
				continue
			}
			c := f.classify(cur, expr)
			if c == nil {
				continue
			}
			f.resolve(c)
			f.byPos[expr] = c
			f.list = append(f.list, c)
			again = f.export(c) || again
		}
	}
	f.findClients(pass.Pkg)
	f.findRetrying()
	return f
}

// imports reports whether one of files imports a package of this repository.
func imports(files []*ast.File) bool {
	for _, file := range files {
		for _, s := range file.Imports {
			if path, _ := strconv.Unquote(s.Path.Value); path == root || strings.HasPrefix(path, root+"/") {
				return true
			}
		}
	}
	return false
}

// classify returns the retry call that expr is, or nil.
func (f *findings) classify(cur inspector.Cursor, expr *ast.CallExpr) *call {
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
	} else if known, ok := f.wrappers[fn]; ok {
		w = known
	} else {
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
	if params := lit.Type.Params.List; len(params) > 0 && len(params[0].Names) > 0 {
		c.param, _ = f.info.Defs[params[0].Names[0]].(*types.Var)
	}
}
