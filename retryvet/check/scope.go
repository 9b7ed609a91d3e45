package check

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// sameScope reports whether a and b are in the same function and the same loop.
func sameScope(a, b inspector.Cursor) bool { return scope(a) == scope(b) }

func scope(cur inspector.Cursor) ast.Node {
	for s := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		switch s := s.Node().(type) {
		case *ast.RangeStmt:
			if within(s.X, cur.Node().Pos()) {
				continue
			}
		case *ast.ForStmt:
			if s.Init != nil && within(s.Init, cur.Node().Pos()) {
				continue
			}
		}
		return s.Node()
	}
	return nil
}

// function returns the function around cur.
func function(cur inspector.Cursor) ast.Node {
	for f := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return f.Node()
	}
	return nil
}

// isHandler reports whether cur is in a function that serves an HTTP request.
func (f *findings) isHandler(cur inspector.Cursor) bool {
	var t types.Type
	switch fn := function(cur).(type) {
	case *ast.FuncLit:
		t = f.info.TypeOf(fn)
	case *ast.FuncDecl:
		t = f.info.TypeOf(fn.Name)
	}
	sig, ok := t.(*types.Signature)
	return ok && sig.Params().Len() == 2 && isNamed(sig.Params().At(0).Type(), "net/http", "ResponseWriter") && isNamed(sig.Params().At(1).Type(), "net/http", "Request")
}

// runsOnce reports whether cur is in func main, in func init, or in a function that is only called once from there.
func (f *findings) runsOnce(cur inspector.Cursor) bool {
	for range 20 {
		if f.isHandler(cur) || scopeIsLoop(cur) {
			return false
		}
		decl, fn := f.enclosing(cur)
		if decl == nil {
			return true // a package-level variable
		}
		if decl.Recv == nil && (decl.Name.Name == "init" || decl.Name.Name == "main" && fn.Pkg().Name() == "main" || strings.HasPrefix(decl.Name.Name, "Example")) {
			return true
		}
		if fn == nil || fn.Pkg().Name() != "main" || len(f.uses[fn]) != 1 {
			return false
		}
		use := f.uses[fn][0]
		if up, ok := use.Parent().Node().(*ast.SelectorExpr); ok && up.Sel == use.Node() {
			use = use.Parent()
		}
		if kind, _ := use.ParentEdge(); kind != edge.CallExpr_Fun {
			return false
		}
		cur = use
	}
	return false
}

func scopeIsLoop(cur inspector.Cursor) bool {
	switch scope(cur).(type) {
	case *ast.ForStmt, *ast.RangeStmt:
		return true
	}
	return false
}
