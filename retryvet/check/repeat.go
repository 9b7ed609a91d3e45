package check

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// Repeat reports attempts that can't be repeated.
var Repeat = &analysis.Analyzer{
	Name: "retryrepeat",
	Doc: `report attempts that are not safe to repeat

A second attempt finds what the first one left. Reported are: a reader made outside of the attempt, or in a field of something
made outside, and read in it, which is empty for the second attempt; an http.Request with a body, made outside and sent in
it; and, where the attempt can fail later, appending to a slice of the caller's, adding rows up in a variable of the
caller's, or writing to its http.ResponseWriter.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Repeat",
	Run:      with(runRepeat),
	Requires: []*analysis.Analyzer{calls},
}

func runRepeat(pass *analysis.Pass, f *findings) {
	for _, c := range f.list {
		if c.body == nil || f.once(c.policy) {
			continue
		}
		r := &repeat{findings: f, pass: pass, c: c, seen: map[types.Object]bool{}}
		r.readers()
		r.steps(inTest(pass, c.expr.Pos()))
	}
}

type repeat struct {
	*findings
	pass *analysis.Pass
	c    *call
	seen map[types.Object]bool
}

// steps looks at each step of the attempt. In a test an attempt may leave behind what it likes.
func (r *repeat) steps(test bool) {
	g := r.flow(r.c.body, r.c)
	if g == nil {
		return
	}
	for _, b := range g.all {
		if !b.Live {
			continue
		}
		for i, n := range b.Nodes {
			after := point{b, i + 1}
			r.fieldReaders(g, after, n)
			if !test {
				r.effects(g, after, n)
			}
		}
	}
}

func (r *repeat) report(n ast.Node, obj types.Object, format string, args ...any) {
	if !r.seen[obj] && !r.onlyOnce(n) {
		r.seen[obj] = true
		report(r.pass, analysis.Diagnostic{Pos: n.Pos(), End: n.End(), Message: fmt.Sprintf(format, args...)})
	}
}

// onlyOnce reports whether the attempts do n at most once: it is under a condition on a variable of the caller's that is set
// there, or done by a sync.Once.
func (r *repeat) onlyOnce(n ast.Node) (once bool) {
	ast.Inspect(r.c.body, func(around ast.Node) bool {
		if !within(around, n.Pos()) {
			return around == nil
		}
		switch s := around.(type) {
		case *ast.CallExpr:
			once = once || isMethod(r.callee(s), "sync", "Once", "Do")
		case *ast.IfStmt:
			if !within(s.Body, n.Pos()) {
				break
			}
			ast.Inspect(s.Body, func(n ast.Node) bool {
				if set, ok := n.(*ast.AssignStmt); ok {
					for _, l := range set.Lhs {
						v := r.outer(l)
						once = once || v != nil && r.mentions(s.Cond, v) && !r.isError(l)
					}
				}
				return !once
			})
		}
		return !once
	})
	return once
}

// outer returns the local variable from outside of the attempt that e names, or nil.
func (r *repeat) outer(e ast.Expr) *types.Var {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := r.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || r.own(v) {
		return nil
	}
	return v
}

// own reports whether v belongs to the attempt.
func (r *repeat) own(v *types.Var) bool {
	return within(r.c.body, v.Pos()) || r.c.typ != nil && within(r.c.typ, v.Pos()) || r.c.loop != nil && v == r.c.param
}
