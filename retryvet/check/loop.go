package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
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
	Run:      with(runLoop),
	Requires: []*analysis.Analyzer{calls},
}

func runLoop(pass *analysis.Pass, f *findings) {
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
}

func (f *findings) checkDone(pass *analysis.Pass, c *call, v *types.Var) {
	done := map[ast.Node]bool{}
	for _, u := range f.loopUses(v) {
		switch {
		case u.method == "" && u.cur.Node().Pos() < c.body.End():
			return // who knows who calls Done
		case !within(c.body, u.cur.Node().Pos()):
			continue
		case u.method == "Done":
			done[u.expr] = true
			for lit := range u.cur.Enclosing((*ast.FuncLit)(nil)) {
				if within(c.body, lit.Node().Pos()) {
					return
				}
			}
		}
	}
	g := f.flow(c.body, c)
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
				g.reach(g.after(n), tells, nil, func(r *ast.ReturnStmt, _ token.Pos) { untold = untold || r == nil || usesCtx })
			}
			if untold {
				reported[step.Pos()] = true
				report(pass, analysis.Diagnostic{Pos: step.Pos(), End: step.End(), Message: fmt.Sprintf("%s can fail after %s.Done(nil) has told that the attempt succeeded: its failure is not retried; call Done after it, with its error", types.ExprString(step.Fun), loop)})
			}
		}, nil)
	}
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
