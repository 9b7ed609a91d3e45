package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// A use is what a mention of a Loop is for.
type use struct {
	cur    inspector.Cursor
	method string // "" if the Loop escapes
	expr   *ast.CallExpr
}

func (f *findings) loopUses(v *types.Var) (all []use) {
	for _, cur := range f.uses[v] {
		u := use{cur: cur}
		at := cur
		if sel, ok := at.Parent().Node().(*ast.SelectorExpr); ok && sel.Sel == cur.Node() { // x.loop
			at = at.Parent()
		}
		if sel, ok := at.Parent().Node().(*ast.SelectorExpr); ok && sel.X == at.Node() {
			if e, ok := at.Parent().Parent().Node().(*ast.CallExpr); ok && e.Fun == sel {
				u.method, u.expr = sel.Sel.Name, e
			}
		}
		all = append(all, u)
	}
	return all
}

func (f *findings) checkUses(pass *analysis.Pass, v *types.Var, list []*call) {
	uses := f.loopUses(v)
	looked, escapes := false, v.IsField() || v.Exported()
	for _, u := range uses {
		looked = looked || u.method == "Err"
		escapes = escapes || u.method == ""
	}
	name := v.Name()
	at := func(c *call, format string, args ...any) {
		report(pass, analysis.Diagnostic{Pos: c.expr.Pos(), End: c.expr.End(), Message: fmt.Sprintf(format, args...)})
	}
	if pkgLevel := v.Pkg() != nil && v.Parent() == v.Pkg().Scope(); pkgLevel {
		at(list[0], "%s is a package-level Loop: calls in different goroutines take each other's results; declare it in the function", name)
		return
	}
	if !looked && !escapes && list[0].loop != nil && !inTest(pass, v.Pos()) && !f.endless(list[0].policy) {
		at(list[0], "nobody looks at %s.Err: that all attempts failed, or that there was none, goes unnoticed", name)
	}
	for i, c := range list {
		if g := goroutine(c.cur, v.Pos()); g != nil && !escapes && !v.IsField() {
			shared := looped(*g, v.Pos())
			for _, u := range uses {
				shared = shared || !within(g.Node(), u.cur.Node().Pos())
			}
			if shared {
				at(c, "%s is used by more than one goroutine: a Loop is for one call at a time; declare it in the goroutine", name)
				continue
			}
		}
		if c.loop == nil || v.IsField() {
			continue
		}
		for j, outer := range list {
			if i != j && outer.loop != nil && within(outer.body, c.expr.Pos()) {
				at(c, "%s is used for a call in an attempt of another call: both lose their results; declare a Loop for each", name)
			} else if i > j && outer.loop != nil && !f.between(uses, outer, c) && !exclusive(outer.cur, c.cur) {
				at(c, "%s is used for a second call before anything looked at the Err of the first: its error is lost", name)
			}
		}
	}
}

// between reports whether Err is looked at after a's loop and before b.
func (f *findings) between(uses []use, a, b *call) bool {
	for _, u := range uses {
		if p := u.cur.Node().Pos(); u.method == "Err" && p > a.loop.End() && p < b.expr.Pos() {
			return true
		}
	}
	return false
}

// exclusive reports whether a and b are in different branches, or a's branch leaves the function.
func exclusive(a, b inspector.Cursor) bool {
	for s := range a.Enclosing((*ast.CaseClause)(nil), (*ast.CommClause)(nil), (*ast.BlockStmt)(nil), (*ast.FuncLit)(nil)) {
		if within(s.Node(), b.Node().Pos()) {
			return false
		}
		switch s.Node().(type) {
		case *ast.FuncLit, *ast.CaseClause, *ast.CommClause:
			return true
		case *ast.BlockStmt:
			if _, ok := s.Parent().Node().(*ast.IfStmt); ok {
				return true
			}
		}
	}
	return false
}

// goroutine returns the innermost function literal around cur that is run in a goroutine of its own, if what was declared at
// pos is outside of it.
func goroutine(cur inspector.Cursor, pos token.Pos) *inspector.Cursor {
	for lit := range cur.Enclosing((*ast.FuncLit)(nil)) {
		if within(lit.Node(), pos) {
			return nil
		}
		e, ok := lit.Parent().Node().(*ast.CallExpr)
		if !ok {
			continue
		}
		if e.Fun == lit.Node() {
			if _, ok := lit.Parent().Parent().Node().(*ast.GoStmt); ok {
				return &lit
			}
		}
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" { // of a WaitGroup or an errgroup
			return &lit
		}
	}
	return nil
}

// looped reports whether cur is in a loop that what was declared at pos is outside of.
func looped(cur inspector.Cursor, pos token.Pos) bool {
	for l := range cur.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		if !within(l.Node(), pos) {
			return true
		}
	}
	return false
}
