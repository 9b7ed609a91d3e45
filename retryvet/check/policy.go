package check

import (
	"go/ast"
	"go/constant"
	"go/types"
)

// fields returns the fields that are set in the struct that e is the value of, and whether they are known.
func (f *findings) fields(e ast.Expr) (map[string]ast.Expr, bool) {
	for range 10 { // a variable may be a copy of another
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
		obj := f.object(e)
		more := f.sets[obj]
		e = f.only(obj)
		if len(more) > 0 {
			all, known := f.fields(e)
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
func (f *findings) once(policy ast.Expr) bool {
	fields, _ := f.fields(policy)
	return fields["Attempts"] != nil && f.isInt(fields["Attempts"], 1)
}

func (f *findings) isInt(e ast.Expr, n int64) bool {
	v := f.info.Types[e].Value
	if v == nil || v.Kind() != constant.Int {
		return false
	}
	got, ok := constant.Int64Val(v)
	return ok && got == n
}

func (f *findings) isNil(e ast.Expr) bool { return f.info.Types[ast.Unparen(e)].IsNil() }

// marked reports whether e is a call of one of package retry's marks.
func (f *findings) marked(e ast.Expr, names ...string) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && isFunc(f.callee(c), root, names...)
}

// isError reports whether e is an error.
func (f *findings) isError(e ast.Expr) bool {
	t := f.info.TypeOf(e)
	return t != nil && types.Implements(t, errorType.Underlying().(*types.Interface))
}
