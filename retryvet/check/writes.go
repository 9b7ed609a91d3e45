package check

import (
	"go/ast"
	"go/types"
	"strings"
)

// isRecord reports whether a variable is a record of the attempts, by its name.
func isRecord(v *types.Var) bool {
	for _, word := range []string{"tried", "tries", "attempt", "failed", "failure", "seen", "visited"} {
		if strings.Contains(strings.ToLower(v.Name()), word) {
			return true
		}
	}
	return false
}

// writes returns the caller's response or buffer that n writes to.
func (r *repeat) writes(n ast.Node) (found *types.Var, at ast.Node) {
	contains(n, func(n ast.Node) bool {
		e, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			v := r.outer(sel.X)
			switch {
			case v == nil:
			case isNamed(v.Type(), "net/http", "ResponseWriter") && sel.Sel.Name != "Header",
				r.collects(v) && (strings.HasPrefix(sel.Sel.Name, "Write") && sel.Sel.Name != "WriteTo" || sel.Sel.Name == "ReadFrom"):
				found, at = v, e
			}
		}
		sig, _ := r.info.TypeOf(e.Fun).(*types.Signature)
		for i, a := range e.Args {
			a = ast.Unparen(a)
			if u, ok := a.(*ast.UnaryExpr); ok {
				a = u.X
			}
			v := r.outer(a)
			switch {
			case v == nil:
			case isNamed(v.Type(), "net/http", "ResponseWriter"),
				sig != nil && i < sig.Params().Len() && isWriter(sig.Params().At(i).Type()) && r.collects(v):
				found, at = v, e
			}
		}
		return found != nil
	})
	return found, at
}

// collects reports whether v is a buffer that goes on with what earlier attempts have written.
func (r *repeat) collects(v *types.Var) bool {
	if !isBuffer(v.Type()) || isRecord(v) || r.rewound(v) || r.measured(v) {
		return false
	}
	for _, word := range []string{"log", "trace", "debug"} {
		if strings.Contains(strings.ToLower(v.Name()), word) {
			return false
		}
	}
	return true
}

// measured reports whether the attempt asks how much there is already, as one does that goes on from there.
func (r *repeat) measured(v *types.Var) bool {
	for _, u := range r.uses[v] {
		if sel, ok := u.Parent().Node().(*ast.SelectorExpr); ok && sel.Sel.Name == "Len" && within(r.c.body, sel.Pos()) {
			return true
		}
	}
	return false
}

func isBuffer(t types.Type) bool {
	return isNamed(t, "bytes", "Buffer") || isNamed(t, "strings", "Builder")
}

// isWriter reports whether a parameter of type t is there to be written to.
func isWriter(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && has(i, "Write") && !has(i, "Read")
}
