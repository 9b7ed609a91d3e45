package check

import (
	"go/ast"
	"go/token"
	"go/types"
)

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

// isBare reports whether t is a function without parameters that returns an error last: what an attempt of a wrapper may be.
func isBare(t types.Type) bool {
	sig, ok := t.Underlying().(*types.Signature)
	return ok && sig.Params().Len() == 0 && failing(sig)
}

// failing reports whether the last result of a function is an error.
func failing(sig *types.Signature) bool {
	n := sig.Results().Len()
	return n > 0 && types.Identical(sig.Results().At(n-1).Type(), errorType)
}

// within reports whether the position is in n.
func within(n ast.Node, pos token.Pos) bool { return n != nil && n.Pos() <= pos && pos < n.End() }
