package check

import (
	"go/ast"
	"go/constant"
	"go/types"
)

// fields returns the fields that are set in the struct that e is the value of, and whether they are known.
func (x *index) fields(e ast.Expr) (map[string]ast.Expr, bool) { return x.fieldsOf(e, 10) }

// fieldsOf follows variables that are copies of others so far: they may be copies of each other.
func (x *index) fieldsOf(e ast.Expr, depth int) (map[string]ast.Expr, bool) {
	for ; depth > 0; depth-- {
		if e == nil {
			return nil, false
		}
		e = ast.Unparen(e)
		if u, ok := e.(*ast.UnaryExpr); ok {
			e = ast.Unparen(u.X)
		}
		if lit, ok := e.(*ast.CompositeLit); ok {
			all := map[string]ast.Expr{}
			for _, elt := range lit.Elts {
				kv, ok := elt.(*ast.KeyValueExpr)
				if !ok {
					return nil, false
				}
				if key, ok := kv.Key.(*ast.Ident); ok {
					all[key.Name] = kv.Value
				}
			}
			return all, true
		}
		obj := x.object(e)
		more := x.sets[obj]
		e = x.only(obj)
		if len(more) > 0 {
			all, known := x.fieldsOf(e, depth-1)
			for name, v := range more {
				if all != nil {
					all[name] = v
				}
			}
			return all, known
		}
	}
	return nil, false
}

// once reports whether the policy is known to make a single attempt.
func (x *index) once(policy ast.Expr) bool {
	fields, _ := x.fields(policy)
	return fields["Attempts"] != nil && x.isInt(fields["Attempts"], 1)
}

// endless reports whether a call by the policy is known to go on until it succeeds, its context ends, or an attempt stops it.
func (x *index) endless(policy ast.Expr) bool {
	fields, known := x.fields(policy)
	if !known || fields["Attempts"] == nil {
		return false
	}
	for _, name := range []string{"Backoff", "Within", "Budget", "RetryIf", "Decide"} {
		if e := fields[name]; e != nil && !(name == "Backoff" && isNamed(x.info.TypeOf(e), root, "Exponential")) {
			return false
		}
	}
	attempts, ok := x.object(fields["Attempts"]).(*types.Const)
	return ok && attempts.Pkg() != nil && attempts.Pkg().Path() == root && attempts.Name() == "Unlimited"
}

func (x *index) isInt(e ast.Expr, n int64) bool {
	v := x.info.Types[e].Value
	if v == nil || v.Kind() != constant.Int {
		return false
	}
	got, ok := constant.Int64Val(v)
	return ok && got == n
}

func (x *index) isNil(e ast.Expr) bool { return x.info.Types[ast.Unparen(e)].IsNil() }

// marked reports whether e is a call of one of package retry's marks.
func (x *index) marked(e ast.Expr, names ...string) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && isFunc(x.callee(c), root, names...)
}

// isError reports whether e is an error.
func (x *index) isError(e ast.Expr) bool {
	t := x.info.TypeOf(e)
	return t != nil && types.Implements(t, errorType.Underlying().(*types.Interface))
}
