package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// index records what is assigned to each variable, and its uses.
func (p *pkg) index() {
	define := func(l, r ast.Expr) {
		if id, ok := ast.Unparen(l).(*ast.Ident); ok {
			if obj := p.TypesInfo.ObjectOf(id); obj != nil {
				p.inits[obj] = append(p.inits[obj], r)
			}
		}
	}
	for cur := range p.in.Root().Preorder((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil), (*ast.Ident)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if len(n.Lhs) == len(n.Rhs) && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
					define(l, n.Rhs[i])
				} else {
					define(l, nil)
				}
			}
		case *ast.ValueSpec:
			for i, l := range n.Names {
				if len(n.Names) == len(n.Values) {
					define(l, n.Values[i])
				} else if len(n.Values) > 0 {
					define(l, nil)
				}
			}
		case *ast.RangeStmt:
			for _, l := range []ast.Expr{n.Key, n.Value} {
				if l != nil {
					define(l, nil)
				}
			}
		case *ast.Ident:
			if obj := p.TypesInfo.Uses[n]; obj != nil {
				p.uses[obj] = append(p.uses[obj], cur)
			}
		}
	}
}

// callee returns the function that e calls, and the library that it belongs to, if it is one to be rewritten.
func (p *pkg) callee(e *ast.CallExpr) (*types.Func, *peer) {
	fn, _ := typeutil.Callee(p.TypesInfo, e).(*types.Func)
	if fn == nil || fn.Pkg() == nil {
		return nil, nil
	}
	return fn.Origin(), peerOf(fn.Pkg().Path())
}

// option returns the name and the arguments of a call of a function of the library, such as an option.
func (p *pkg) option(e ast.Expr, of *peer) (string, []ast.Expr, bool) {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return "", nil, false
	}
	fn, lib := p.callee(c)
	if lib != of || fn == nil || fn.Signature().Recv() != nil || c.Ellipsis.IsValid() {
		return "", nil, false
	}
	return fn.Name(), c.Args, true
}

// foreign returns the first mention of another library in n, or nil.
func (p *pkg) foreign(n ast.Node) (found *ast.Ident) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && found == nil {
			if obj := p.TypesInfo.Uses[id]; obj != nil && obj.Pkg() != nil && peerOf(obj.Pkg().Path()) != nil {
				found = id
			}
		}
		return found == nil
	})
	return found
}

// src returns the source of n.
func (p *pkg) src(n ast.Node) string {
	f := p.fileOf(n.Pos())
	if f == nil {
		return ""
	}
	return string(f.src[n.Pos()-f.syntax.FileStart : n.End()-f.syntax.FileStart])
}

// value returns the source of an expression that is to stand elsewhere in the function. It isn't ok if that might change its
// value, or if it mentions another library by more than a constant.
func (p *pkg) value(e ast.Expr, of *peer) (string, bool) {
	if id := p.foreign(e); id != nil {
		if c, ok := p.TypesInfo.Uses[id].(*types.Const); ok && of.consts[c.Name()] != "" {
			if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok && sel.Sel == id {
				return of.consts[c.Name()], true
			}
		}
		return "", false
	}
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr: // conversions only
			tv := p.TypesInfo.Types[n.Fun]
			ok = ok && (tv.IsType() || p.TypesInfo.Types[n].Value != nil || p.pure(n))
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.FuncLit:
			ok = false
		}
		return ok
	})
	return p.src(e), ok
}

// pure reports whether a call has no effect and gives the same wherever it stands: the time package's constructors of values.
func (p *pkg) pure(e *ast.CallExpr) bool {
	fn, _ := p.callee(e)
	return fn != nil && fn.Pkg().Path() == "context" && (fn.Name() == "Background" || fn.Name() == "TODO") ||
		fn != nil && len(e.Args) == 0 && (strings.HasSuffix(fn.Name(), "Context") || fn.Name() == "Duration")
}
