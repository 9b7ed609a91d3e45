package check

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// PerCall reports what is meant to be shared by many calls and is made for a single one.
var PerCall = &analysis.Analyzer{
	Name: "retrypercall",
	Doc: `report a Budget, a hedge or a Transport that is made for one call

A retry.Budget limits the retries of all calls that share it, a hedge learns from the calls before, and a
retryhttp.Transport keeps a budget for each host. One that is made where the call is made, in a handler or in a loop, has
seen no other call:

	func fetch(ctx context.Context) error {
		return retry.Do(ctx, retry.Policy{Budget: new(retry.Budget)}, get)
	}

Tests, func main and what is only called once from there aren't reported.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#PerCall",
	Run:      with(runPerCall),
	Requires: []*analysis.Analyzer{calls},
}

func runPerCall(pass *analysis.Pass, f *findings) {
	for cur := range f.in.Root().Preorder((*ast.CompositeLit)(nil), (*ast.CallExpr)(nil), (*ast.ValueSpec)(nil)) {
		n := cur.Node()
		what, ok := f.made(n)
		if !ok || inTest(pass, n.Pos()) {
			continue
		}
		if f.isShared(what, n) || f.runsOnce(cur) {
			continue
		}
		t := &trace{f: f, from: cur, seen: map[types.Object]bool{}}
		if spec, ok := n.(*ast.ValueSpec); ok {
			t.follow(f.info.Defs[spec.Names[0]])
		} else {
			t.value(cur)
		}
		handler := f.isHandler(cur)
		if handler && !t.kept || f.madeAnew(cur, t) || !t.kept && !t.escapes && len(t.used) == 1 && sameScope(cur, t.used[0]) {
			msg := what.text
			if handler {
				msg += " make it once, outside of the handler"
			} else {
				msg += " make it once, for all calls"
			}
			report(pass, analysis.Diagnostic{Pos: n.Pos(), End: n.End(), Message: msg})
		}
	}
}

// madeAnew reports whether what is made at cur is returned by a function that is only called for the policy of a retry call.
func (f *findings) madeAnew(cur inspector.Cursor, t *trace) bool {
	decl, fn := f.enclosing(cur)
	if decl == nil || fn == nil || fn.Exported() || !t.kept || t.stored || t.escapes || len(t.used) > 0 || innermost(cur) != decl {
		return false
	}
	for _, use := range f.uses[fn] {
		if up, ok := use.Parent().Node().(*ast.SelectorExpr); ok && up.Sel == use.Node() {
			use = use.Parent()
		}
		e, ok := use.Parent().Node().(*ast.CallExpr)
		if !ok || e.Fun != use.Node() {
			return false
		}
		at, ok := use.Parent().Parent().Node().(*ast.CallExpr)
		if !ok || f.byPos[at] == nil || f.byPos[at].policy != e || f.runsOnce(use) {
			return false
		}
	}
	return len(f.uses[fn]) > 0
}

type shareable struct{ kind, text string }

// made returns what n makes that is meant to be shared.
func (f *findings) made(n ast.Node) (shareable, bool) {
	budget := shareable{"budget", "a Budget made for one call limits nothing, since it knows of no other call:"}
	transport := shareable{"transport", "a Transport made for one call has budgets that know of no other call, so they limit nothing:"}
	switch n := n.(type) {
	case *ast.CompositeLit:
		switch t := f.info.TypeOf(n); {
		case isNamed(t, root, "Budget"):
			return budget, true
		case isNamed(t, http, "Transport"):
			return transport, true
		}
	case *ast.ValueSpec:
		if len(n.Names) == 1 && n.Values == nil {
			obj := f.info.Defs[n.Names[0]]
			if obj == nil {
				break
			}
			if _, ok := obj.Type().(*types.Pointer); ok {
				break
			}
			switch t := obj.Type(); {
			case isNamed(t, root, "Budget"):
				return budget, true
			case isNamed(t, http, "Transport"):
				return transport, true
			}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) == 1 {
			if b, ok := f.info.Uses[id].(*types.Builtin); ok && b.Name() == "new" {
				switch t := f.info.TypeOf(n.Args[0]); {
				case isNamed(t, root, "Budget"):
					return budget, true
				case isNamed(t, http, "Transport"):
					return transport, true
				}
			}
		}
		switch fn := f.callee(n); {
		case isFunc(fn, http, "NewClient"):
			return transport, true
		case isFunc(fn, root, "Hedge"):
			return shareable{"hedge", "a hedge made for one call knows no latencies and has a budget of its own, so it doesn't limit the attempts that it adds:"}, true
		}
	}
	return shareable{}, false
}

// isShared reports whether what matters of n comes from elsewhere, or isn't known.
func (f *findings) isShared(what shareable, n ast.Node) bool {
	var e ast.Expr
	switch n := n.(type) {
	case *ast.CompositeLit:
		e = n
	case *ast.CallExpr:
		if what.kind != "budget" && len(n.Args) > 0 {
			e = n.Args[0]
		}
	}
	if e == nil {
		return false
	}
	if what.kind == "budget" {
		return false
	}
	fields, known := f.fields(e)
	switch what.kind {
	case "hedge":
		return !known || fields["Budget"] != nil && fields["Delay"] != nil
	case "transport":
		if fields["Budget"] != nil {
			return true
		}
		if _, ok := n.(*ast.CallExpr); !ok && fields["Policy"] != nil {
			fields, known = f.fields(fields["Policy"])
		}
		return !known || fields["Budget"] != nil
	}
	return false
}
