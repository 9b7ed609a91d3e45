package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// moved returns why values that are written where a policy was made can't be written in the call at cur instead, or "".
func (p *pkg) moved(values []ast.Expr, cur inspector.Cursor) string {
	at := cur.Node().Pos()
	for _, e := range values {
		from := e.Pos()
		to := p.until(from, cur)
		for id, obj := range p.names(e) {
			if e.Pos() <= obj.Pos() && obj.Pos() < e.End() { // of a function literal
				continue
			}
			if _, now := p.Types.Scope().Innermost(at).LookupParent(id.Name, at); now != obj {
				return "the name " + id.Name + " means something else where it is called"
			}
			if p.changes(obj, from, to) {
				return "what its policy is made of changes before the call, or between calls"
			}
		}
	}
	return ""
}

// until returns how far a program may have come when the call at cur is made: its own position, or the end of a loop or a function
// that was entered since from.
func (p *pkg) until(from token.Pos, cur inspector.Cursor) token.Pos {
	to := cur.Node().Pos()
	inner := false
	for s := range cur.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch n := s.Node().(type) {
		case *ast.FuncDecl:
			if inner {
				to = n.End()
			}
		default:
			if n.Pos() <= from {
				continue
			}
			to = n.End()
			_, lit := n.(*ast.FuncLit)
			inner = inner || lit
		}
	}
	return to
}

// entered reports whether the call at cur may be made several times for what was made at from.
func (p *pkg) entered(from token.Pos, cur inspector.Cursor) bool {
	return p.until(from, cur) != cur.Node().Pos()
}

// names yields the identifiers of e whose meaning depends on where they stand.
func (p *pkg) names(e ast.Expr) func(yield func(*ast.Ident, types.Object) bool) {
	return func(yield func(*ast.Ident, types.Object) bool) {
		more := true
		var walk func(n ast.Node)
		walk = func(n ast.Node) {
			ast.Inspect(n, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					walk(n.X)
					return false
				case *ast.Ident:
					obj := p.TypesInfo.Uses[n]
					if v, ok := obj.(*types.Var); obj != nil && !(ok && v.IsField()) {
						more = more && yield(n, obj)
					}
				}
				return more
			})
		}
		walk(e)
	}
}

// changes reports whether a variable, or a part of it, gets another value between two positions, or its address is taken there.
func (p *pkg) changes(obj types.Object, from, to token.Pos) bool {
	return p.set(obj, func(use inspector.Cursor) bool { return from < use.Node().Pos() && use.Node().Pos() < to })
}

// stable returns why an expression of a call's can't be evaluated in each attempt instead of once, or "".
func (p *pkg) stable(e ast.Expr, call inspector.Cursor) (why string) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			why = "is made by another call"
		case *ast.FuncLit:
			why = "is made in the call"
		case *ast.StarExpr:
			why = "is looked up in the call"
		case *ast.IndexExpr:
			if _, generic := p.TypesInfo.TypeOf(n.X).Underlying().(*types.Signature); !generic {
				why = "is looked up in the call"
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				why = "is received in the call"
			}
		}
		return why == ""
	})
	for id, obj := range p.names(e) {
		if why == "" && p.set(obj, func(use inspector.Cursor) bool { return function(use) != function(call) && !p.inTest(use) }) {
			why = "changes where " + id.Name + " is set, which may be in an attempt"
		}
	}
	return why
}

func (p *pkg) inTest(cur inspector.Cursor) bool {
	return strings.HasSuffix(p.Fset.Position(cur.Node().Pos()).Filename, "_test.go")
}

// set reports whether a variable, or a part of it, gets another value, or its address is taken, in one of the uses asked for.
func (p *pkg) set(obj types.Object, asked func(inspector.Cursor) bool) bool {
	for _, use := range p.uses[obj] {
		if !asked(use) {
			continue
		}
		for {
			kind, _ := use.ParentEdge()
			switch kind {
			case edge.SelectorExpr_X, edge.IndexExpr_X, edge.StarExpr_X, edge.ParenExpr_X:
				use = use.Parent()
				continue
			case edge.AssignStmt_Lhs, edge.IncDecStmt_X, edge.RangeStmt_Key, edge.RangeStmt_Value:
				return true
			case edge.UnaryExpr_X:
				if use.Parent().Node().(*ast.UnaryExpr).Op == token.AND {
					return true
				}
			}
			break
		}
	}
	return false
}

// standard are the packages that rewritten calls may mention.
var standard = []string{"cmp", "context", "errors", "fmt", "math", "time"}

var qualified = func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{}
	for _, name := range standard {
		m[name] = regexp.MustCompile(`\b` + name + `\.`)
	}
	return m
}()

// builtin finds the calls of functions and types that Go itself declares and that rewritten calls may make.
var builtin = regexp.MustCompile(`\b(min|max|int|uint|float64)\(`)

// needs returns the packages that text mentions, and why it can't stand at pos, or "".
func (p *pkg) needs(text string, pos token.Pos) (imports []string, why string) {
	for _, m := range builtin.FindAllStringSubmatch(text, -1) {
		if _, obj := p.Types.Scope().Innermost(pos).LookupParent(m[1], pos); obj != types.Universe.Lookup(m[1]) {
			return nil, "the name " + m[1] + " means something else there"
		}
	}
	for _, name := range standard {
		if !qualified[name].MatchString(text) {
			continue
		}
		_, obj := p.Types.Scope().Innermost(pos).LookupParent(name, pos)
		if pkg, ok := obj.(*types.PkgName); obj != nil && (!ok || pkg.Imported().Path() != name) {
			return nil, "the name " + name + " means something else there"
		}
		imports = append(imports, name)
	}
	return imports, ""
}

// orphans returns the name of a local variable that nothing would use any more if the nodes went away for text, or "".
func (p *pkg) orphans(text string, gone []ast.Node, stays ast.Node) (name string) {
	within := func(n ast.Node, pos token.Pos) bool { return n != nil && n.Pos() <= pos && pos < n.End() }
	for _, n := range gone {
		ast.Inspect(n, func(n ast.Node) bool {
			if n == nil || n == stays || name != "" {
				return false
			}
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			v, ok := p.TypesInfo.Uses[id].(*types.Var)
			if !ok || v.Kind() != types.LocalVar || regexp.MustCompile(`\b`+regexp.QuoteMeta(v.Name())+`\b`).MatchString(text) {
				return true
			}
			for _, g := range gone { // defined there as well
				if within(g, v.Pos()) {
					return true
				}
			}
			for _, use := range p.uses[v] {
				at := use.Node().Pos()
				if !slices.ContainsFunc(gone, func(g ast.Node) bool { return within(g, at) }) || within(stays, at) {
					if kind, _ := use.ParentEdge(); kind != edge.AssignStmt_Lhs {
						return true
					}
				}
			}
			name = v.Name()
			return true
		})
	}
	return name
}
