package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// An index says what the names of a package stand for.
type index struct {
	info  *types.Info
	in    *inspector.Inspector
	exprs []inspector.Cursor                   // of each *ast.CallExpr
	decls map[*types.Func]inspector.Cursor     // of the *ast.FuncDecl
	inits map[types.Object][]ast.Expr          // what is assigned to a variable, also as one of several results
	sets  map[types.Object]map[string]ast.Expr // what is assigned to its fields
	uses  map[types.Object][]inspector.Cursor
}

// newIndex goes through the files once.
func newIndex(info *types.Info, files []*ast.File) *index {
	x := &index{
		info:  info,
		in:    inspector.New(files),
		decls: map[*types.Func]inspector.Cursor{},
		inits: map[types.Object][]ast.Expr{},
		sets:  map[types.Object]map[string]ast.Expr{},
		uses:  map[types.Object][]inspector.Cursor{},
	}
	for cur := range x.in.Root().Preorder((*ast.CallExpr)(nil), (*ast.FuncDecl)(nil), (*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil), (*ast.CompositeLit)(nil), (*ast.Ident)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.CallExpr:
			x.exprs = append(x.exprs, cur)
		case *ast.FuncDecl:
			if fn, ok := info.Defs[n.Name].(*types.Func); ok {
				x.decls[fn] = cur
			}
		case *ast.AssignStmt:
			x.defineAll(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			lhs := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				lhs[i] = name
			}
			x.defineAll(lhs, n.Values)
		case *ast.RangeStmt:
			for _, l := range []ast.Expr{n.Key, n.Value} {
				if l != nil {
					x.define(l, &ast.BadExpr{From: n.X.Pos(), To: n.X.End()})
				}
			}
		case *ast.CompositeLit:
			fields, _ := pointed(info.TypeOf(n)).Underlying().(*types.Struct)
			for i, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok {
						if v, ok := info.Uses[key].(*types.Var); ok && v.IsField() {
							x.inits[v] = append(x.inits[v], kv.Value)
						}
					}
				} else if fields != nil && i < fields.NumFields() {
					x.inits[fields.Field(i)] = append(x.inits[fields.Field(i)], e)
				}
			}
		case *ast.Ident:
			if obj := info.Uses[n]; obj != nil {
				x.uses[obj] = append(x.uses[obj], cur)
			}
		}
	}
	return x
}

func (x *index) defineAll(lhs, rhs []ast.Expr) {
	for i, l := range lhs {
		switch {
		case len(lhs) == len(rhs):
			x.define(l, rhs[i])
		case len(rhs) == 1:
			x.define(l, rhs[0])
		}
	}
}

func (x *index) define(lhs, rhs ast.Expr) {
	switch l := ast.Unparen(lhs).(type) {
	case *ast.Ident:
		if obj := x.info.ObjectOf(l); obj != nil {
			x.inits[obj] = append(x.inits[obj], rhs)
		}
	case *ast.SelectorExpr:
		obj := x.info.ObjectOf(l.Sel)
		x.inits[obj] = append(x.inits[obj], rhs)
		if of := x.object(l.X); of != nil {
			if x.sets[of] == nil {
				x.sets[of] = map[string]ast.Expr{}
			}
			x.sets[of][l.Sel.Name] = rhs
		}
	}
}

// enclosing returns the function declaration around cur.
func (x *index) enclosing(cur inspector.Cursor) (*ast.FuncDecl, *types.Func) {
	for d := range cur.Enclosing((*ast.FuncDecl)(nil)) {
		decl := d.Node().(*ast.FuncDecl)
		fn, _ := x.info.Defs[decl.Name].(*types.Func)
		return decl, fn
	}
	return nil, nil
}

// object returns the variable or function that e names, or nil.
func (x *index) object(e ast.Expr) types.Object {
	if e == nil {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return x.info.ObjectOf(e)
	case *ast.SelectorExpr:
		return x.info.ObjectOf(e.Sel)
	}
	return nil
}

// only returns the one expression whose value is ever assigned to obj, or nil.
func (x *index) only(obj types.Object) ast.Expr {
	v, ok := obj.(*types.Var)
	if !ok || len(x.inits[obj]) != 1 || v.IsField() {
		return nil
	}
	e := ast.Unparen(x.inits[obj][0])
	if _, several := x.info.TypeOf(e).(*types.Tuple); several {
		return nil
	}
	return e
}

// mentions reports whether n mentions one of objs.
func (x *index) mentions(n ast.Node, objs ...types.Object) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			for _, obj := range objs {
				found = found || obj != nil && x.info.ObjectOf(id) == obj
			}
		}
		return !found
	})
	return found
}

// callee returns the function that e calls.
func (x *index) callee(e *ast.CallExpr) *types.Func {
	fn, _ := typeutil.Callee(x.info, e).(*types.Func)
	if fn == nil {
		return nil
	}
	return fn.Origin()
}
