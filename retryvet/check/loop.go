package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Loop reports a retry.Loop that is held wrong.
var Loop = &analysis.Analyzer{
	Name: "retryloop",
	Doc: `report a retry.Loop that is used wrongly

The body of a loop must tell how each attempt ended:

	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		v, err := fetch(ctx)
		if loop.Done(err) {
			return v, nil
		}
	}
	return v, loop.Err()

Reported are: a path through the body without Done; Done(nil) before a step of the attempt that can fail; a Loop whose Err
nobody looks at; one Loop for two calls at a time, in one goroutine or in several.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Loop",
	Run:      runLoop,
	Requires: []*analysis.Analyzer{calls},
}

func runLoop(pass *analysis.Pass) (any, error) {
	f := pass.ResultOf[calls].(*findings)
	byVar := map[*types.Var][]*call{}
	var vars []*types.Var
	for _, c := range f.list {
		if c.loop == nil && c.f != nil {
			continue
		}
		sel, ok := ast.Unparen(c.expr.Fun).(*ast.SelectorExpr)
		if !ok {
			continue
		}
		v, ok := f.object(sel.X).(*types.Var)
		if !ok {
			continue
		}
		if byVar[v] == nil {
			vars = append(vars, v)
		}
		byVar[v] = append(byVar[v], c)
		if c.loop != nil {
			f.checkDone(pass, c, v)
		}
	}
	for _, v := range vars {
		f.checkUses(pass, v, byVar[v])
	}
	return nil, nil
}

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

func (f *findings) checkDone(pass *analysis.Pass, c *call, v *types.Var) {
	done := map[ast.Node]bool{}
	for _, u := range f.loopUses(v) {
		switch {
		case !within(c.body, u.cur.Node().Pos()):
			continue
		case u.method == "":
			return // who knows who calls Done
		case u.method == "Done":
			done[u.expr] = true
			for lit := range u.cur.Enclosing((*ast.FuncLit)(nil)) {
				if within(c.body, lit.Node().Pos()) {
					return
				}
			}
		}
	}
	g := f.flow(c)
	if g == nil {
		return
	}
	isDone := func(n ast.Node) bool { return done[n] }
	tells := func(n ast.Node) bool { return contains(n, isDone) }
	loop := v.Name()
	reported := map[token.Pos]bool{}
	g.reach(point{g.from, 0}, tells, nil, func(_ *ast.ReturnStmt, pos token.Pos) {
		if !reported[pos] {
			reported[pos] = true
			report(pass, analysis.Diagnostic{Pos: pos, Message: fmt.Sprintf("the attempt can end here without %s.Done: the call then ends with an error that is retry.ErrInvalid, whatever the attempt did", loop)})
		}
	})

	// Done(nil), and then a step that can fail and that nobody tells the Loop of.
	success := func(n ast.Node) bool {
		e, ok := n.(*ast.CallExpr)
		return ok && done[e] && len(e.Args) == 1 && f.isNil(e.Args[0])
	}
	for _, p := range g.points(success) {
		g.reach(p, tells, func(n ast.Node) {
			step := f.step(n, c)
			if step == nil || tells(n) || reported[step.Pos()] {
				return
			}
			_, returns := n.(*ast.ReturnStmt)
			usesCtx := c.param != nil && f.mentions(step, c.param)
			untold := false
			if returns {
				untold = usesCtx
			} else {
				g.reach(f.after(g, n), tells, nil, func(r *ast.ReturnStmt, _ token.Pos) { untold = untold || r == nil || usesCtx })
			}
			if untold {
				reported[step.Pos()] = true
				report(pass, analysis.Diagnostic{Pos: step.Pos(), End: step.End(), Message: fmt.Sprintf("%s can fail after %s.Done(nil) has told that the attempt succeeded: its failure is not retried; call Done after it, with its error", types.ExprString(step.Fun), loop)})
			}
		}, nil)
	}
}

// after returns the place right after a node.
func (f *findings) after(g *graph, n ast.Node) point {
	for _, b := range g.all {
		for i, other := range b.Nodes {
			if other == n {
				return point{b, i + 1}
			}
		}
	}
	return point{g.from, 0}
}

// step returns a call in n whose error is kept and that has to do with the attempt c, or nil.
func (f *findings) step(n ast.Node, c *call) *ast.CallExpr {
	var results []ast.Expr
	switch n := n.(type) {
	case *ast.AssignStmt:
		if last, ok := n.Lhs[len(n.Lhs)-1].(*ast.Ident); ok && last.Name == "_" {
			return nil
		}
		results = n.Rhs
	case *ast.ReturnStmt:
		results = n.Results
	case *ast.ValueSpec:
		results = n.Values
	}
	for _, r := range results {
		e, ok := ast.Unparen(r).(*ast.CallExpr)
		if !ok {
			continue
		}
		sig, ok := f.info.TypeOf(e.Fun).(*types.Signature)
		if !ok || !failing(sig) {
			continue
		}
		if fn := f.callee(e); fn != nil && fn.Pkg() != nil && (fn.Pkg().Path() == "errors" || fn.Pkg().Path() == "fmt" || fn.Pkg().Path() == root) {
			continue // makes an error, or is no step
		}
		uses := false
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				v, ok := f.info.Uses[id].(*types.Var)
				uses = uses || ok && !v.IsField() && (v == c.param || within(c.body, v.Pos()))
			}
			return true
		})
		if uses {
			return e
		}
	}
	return nil
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
	if !looked && !escapes && list[0].loop != nil && !inTest(pass, v.Pos()) {
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
