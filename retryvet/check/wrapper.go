package check

import (
	"go/ast"
	"go/types"
)

// export records that the function that c is in is a wrapper, and reports whether that is new.
func (f *findings) export(c *call) bool {
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
				if i := index(f.object(e.Fun)); i >= 0 && (isAttempt(sig.Params().At(i).Type()) || isBare(sig.Params().At(i).Type())) {
					w.F = i
				}
			}
			return true
		})
	}
	if w.F < 0 {
		return false
	}
	if t := sig.Params().At(w.F).Type(); !isAttempt(t) && !isBare(t) {
		return false
	}
	if _, known := f.wrappers[fn]; known {
		return false
	}
	f.addWrapper(fn, w)
	return true
}
