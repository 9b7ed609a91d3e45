package check

import (
	"go/ast"
	"go/types"
	"strings"
)

// looks reports whether e only looks at the contexts that it is given, or is meant to outlive them.
func (f *findings) looks(e *ast.CallExpr) bool {
	fn := f.callee(e)
	switch {
	case fn == nil:
		return false
	case isFunc(fn, "context", "Cause", "WithoutCancel", "AfterFunc"), isFunc(fn, root, "Attempt", "Delay"):
		return true
	case fn.Pkg() == nil:
		return false
	}
	path := fn.Pkg().Path()
	if strings.HasSuffix(fn.Name(), "FromContext") || strings.HasSuffix(fn.Name(), "FromCtx") || path == "go.opentelemetry.io/otel/metric" {
		return true
	}
	return path == "log/slog" || fn.Name() == "Ctx" && strings.Contains(path, "log") || strings.HasSuffix(path, "/log") || strings.Contains(strings.ToLower(path), "logr") ||
		strings.HasPrefix(fn.Name(), "Log") || strings.HasSuffix(fn.Name(), "Context") && len(e.Args) > 0 && loggerName(fn)
}

func loggerName(fn *types.Func) bool {
	r := recv(fn)
	return strings.Contains(strings.ToLower(r.String()), "log")
}

// fresh reports whether e makes a new context each time, as context.Background() does.
func (f *findings) fresh(e ast.Expr) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && isFunc(f.callee(c), "context")
}

// origin says what a context of outside of an attempt has to do with the call's, or "": it is another name of it, or made of it with
// a limit of time or a value, and so lives no longer than the call. One that can be canceled by itself may have a reason to
// outlive the attempt.
func (f *findings) origin(ctx, given types.Object) string {
	if given == nil || ctx == given || len(f.inits[ctx]) != 1 {
		return ""
	}
	e := ast.Unparen(f.inits[ctx][0])
	if f.object(e) == given && f.constant(given) {
		return "another name of the context of the whole call"
	}
	c, ok := e.(*ast.CallExpr)
	if ok && isFunc(f.callee(c), "context", "WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause", "WithValue") && f.object(c.Args[0]) == given {
		return "which is made of the context of the whole call"
	}
	return ""
}

// constant reports whether a variable has the same value from its declaration on.
func (f *findings) constant(v types.Object) bool {
	if v, ok := v.(*types.Var); ok && v.Kind() == types.ParamVar {
		return len(f.inits[v]) == 0
	}
	return len(f.inits[v]) == 1
}

// background reports whether id is a package-level context: nobody's call is ended by it.
func (f *findings) background(id *ast.Ident) bool {
	obj := f.info.Uses[id]
	return obj.Parent() != nil && obj.Pkg() != nil && obj.Parent() == obj.Pkg().Scope()
}
