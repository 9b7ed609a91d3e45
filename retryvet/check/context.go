package check

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// Context reports attempts that use the context of the whole call instead of their own.
var Context = &analysis.Analyzer{
	Name: "retrycontext",
	Doc: `report attempts that use the context of the whole call

An attempt that passes on the caller's context instead of the one that it was given isn't ended by Policy.Timeout or by a
hedge that has lost, and doesn't know its number:

	retry.Do(ctx, p, func(context.Context) error { return fetch(ctx) })

What looks at the caller's context, such as ctx.Err() or context.Cause(ctx), and what outlives the attempt, in a go
statement, isn't reported.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Context",
	Run:      with(runContext),
	Requires: []*analysis.Analyzer{calls},
}

func runContext(pass *analysis.Pass, f *findings) {
	seen := map[*ast.BlockStmt]bool{} // a function may be the attempt of several calls
	for _, c := range f.list {
		if c.typ != nil && len(c.typ.Params.List) == 0 {
			continue // an attempt without a context of its own
		}
		if c.body != nil && !seen[c.body] && (c.loop == nil || c.loop.Tok != token.ASSIGN) {
			seen[c.body] = f.checkContext(pass, c)
		}
	}
}

// checkContext reports whether it has reported an attempt of c.
func (f *findings) checkContext(pass *analysis.Pass, c *call) bool {
	usesOwn := false
	var outer []*ast.Ident // uses of the outer context by which an attempt does its work
	var other []ast.Expr   // the same that aren't an identifier, such as r.Context()
	kept := false          // whether the outer context is used otherwise
	given := f.object(c.ctx)
	text := ""
	if c.ctx != nil {
		if _, ok := ast.Unparen(c.ctx).(*ast.Ident); !ok && !f.fresh(c.ctx) {
			text = types.ExprString(c.ctx)
		}
	}
	names := f.renamed(c, text)
	fixable := true
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if same, ok := names[e]; ok {
					fixable = fixable && same
					if id, ok := e.(*ast.Ident); ok {
						outer = append(outer, id)
					} else {
						other = append(other, e)
					}
					return false
				}
			}
			switch n := n.(type) {
			case *ast.GoStmt, *ast.DeferStmt: // what cleans up may have to when the attempt's context is over
				kept = kept || f.mentions(n, given)
				return false
			case *ast.Ident:
				obj := f.info.Uses[n]
				usesOwn = usesOwn || obj != nil && obj == c.param
				if v, ok := obj.(*types.Var); ok && isContext(v.Type()) && !within(c.body, v.Pos()) && v != c.param {
					kept = true // unless it was seen as an argument
				}
			case *ast.CallExpr:
				if f.looks(n) {
					kept = kept || f.mentions(n, given)
					return false
				}
				walk(n.Fun)
				if f.givesBoth(n, c.param) {
					usesOwn, kept = true, true
					return false
				}
				for _, a := range n.Args {
					id, ok := ast.Unparen(a).(*ast.Ident)
					if !ok {
						if text != "" && isContext(f.info.TypeOf(a)) && types.ExprString(a) == text {
							other = append(other, a)
							continue
						}
						walk(a)
						continue
					}
					v, ok := f.info.Uses[id].(*types.Var)
					switch {
					case ok && v == c.param:
						usesOwn = true
					case ok && isContext(v.Type()) && !v.IsField() && !within(c.body, v.Pos()):
						outer = append(outer, id)
					}
				}
				return false
			}
			return true
		})
	}
	walk(c.body)

	// An attempt that uses its own context may have a reason to use one that isn't the call's.
	bad := outer[:0]
	origin := ""
	for _, id := range outer {
		obj := f.info.Uses[id]
		from := ""
		if !usesOwn {
			from = f.origin(obj, given)
		}
		if obj == given || !usesOwn && given == nil && !f.background(id) || from != "" {
			if len(bad) == 0 {
				origin = from
			}
			bad = append(bad, id)
		}
	}
	if len(bad) == 0 && len(other) == 0 {
		return false
	}
	first, what := ast.Expr(nil), text
	if len(bad) > 0 {
		first, what = bad[0], bad[0].Name
	} else {
		first = other[0]
	}
	what += ", " + cmp.Or(origin, "the context of the whole call")
	d := analysis.Diagnostic{Pos: first.Pos(), End: first.End()}
	switch {
	case c.f == nil:
		d.Message = fmt.Sprintf("the attempt uses %s: Policy.Timeout does not end it; use the context that %s yields", what, c.name())
	case c.is("Hedge"):
		d.Message = fmt.Sprintf("the attempt uses %s: the attempt that loses is not canceled; use the context that %s passes to it", what, c.name())
	default:
		d.Message = fmt.Sprintf("the attempt uses %s: Policy.Timeout does not end it; use the context that %s passes to it", what, c.name())
	}
	if fix, ok := f.useOwn(pass, c, bad, other, kept || len(bad) != len(outer)); ok && fixable && origin == "" {
		d.SuggestedFixes = []analysis.SuggestedFix{fix}
	}
	report(pass, d)
	return true
}

// givesBoth reports whether a call gets the attempt's own context beside another one: it knows which is which.
func (f *findings) givesBoth(e *ast.CallExpr, own *types.Var) bool {
	is, others := false, false
	for _, a := range e.Args {
		if isContext(f.info.TypeOf(a)) {
			if obj := f.object(a); own != nil && obj == own {
				is = true
			} else {
				others = true
			}
		}
	}
	return is && others
}

// useOwn returns the fix that uses the attempt's own context in place of the others.
func (f *findings) useOwn(pass *analysis.Pass, c *call, bad []*ast.Ident, other []ast.Expr, kept bool) (analysis.SuggestedFix, bool) {
	fix := analysis.SuggestedFix{Message: "Use the attempt's own context"}
	if c.param != nil && c.param.Name() != "_" {
		// Where the name means something else there is nothing safe to write.
		own := func(e ast.Expr) bool {
			scope := f.info.Scopes[c.typ]
			if c.loop != nil {
				scope = f.info.Scopes[c.loop]
			}
			if scope == nil {
				return false
			}
			_, obj := pass.Pkg.Scope().Innermost(e.Pos()).LookupParent(c.param.Name(), e.Pos())
			return obj == c.param
		}
		for _, id := range bad {
			other = append(other, id)
		}
		for _, e := range other {
			if !own(e) {
				return fix, false
			}
			fix.TextEdits = append(fix.TextEdits, analysis.TextEdit{Pos: e.Pos(), End: e.End(), NewText: []byte(c.param.Name())})
		}
		return fix, true
	}
	// The parameter gets the name of the outer context, if nothing else in the attempt needs that one.
	if kept || len(bad) == 0 || len(other) > 0 {
		return fix, false
	}
	for _, id := range bad {
		if f.info.Uses[id] != f.info.Uses[bad[0]] {
			return fix, false
		}
	}
	name := bad[0].Name
	edit := analysis.TextEdit{NewText: []byte(name)}
	switch {
	case c.loop != nil && c.loop.Key == nil: // for range loop.Attempts(…)
		edit.Pos, edit.End = c.loop.Range, c.loop.Range
		edit.NewText = []byte(name + " := ")
	case c.loop != nil:
		edit.Pos, edit.End = c.loop.Key.Pos(), c.loop.Key.End()
		edit.NewText = []byte(name)
	default:
		param := c.typ.Params.List[0]
		switch {
		case len(param.Names) > 0:
			edit.Pos, edit.End = param.Names[0].Pos(), param.Names[0].End()
		case len(c.typ.Params.List) == 1:
			edit.Pos, edit.End = param.Pos(), param.Pos()
			edit.NewText = []byte(name + " ")
		default:
			return fix, false
		}
	}
	fix.TextEdits = []analysis.TextEdit{edit}
	return fix, true
}
