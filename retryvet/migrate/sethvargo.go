package migrate

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

var sethvargo = &peer{
	path: "github.com/sethvargo/go-retry", name: "retry",
	advice: sethvargoAdvice,
	notes: []string{"sethvargo/go-retry: a call that gives up returns a *retry.Error around the failures instead of the last one: errors.Is and errors.As see them, == doesn't. " +
		"Get returns the last value with an error too. A delay that would outlast the context's deadline isn't begun. " + manyNote},
}

func init() { sethvargo.call = callSethvargo }

// callSethvargo rewrites Do(ctx, b, op) and its relatives.
func callSethvargo(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	s := &sethvargos{p: p}
	target := "Do"
	why := ""
	switch fn.Name() {
	case "Do":
		why = s.eval(e.Args[1])
	case "DoValue":
		target = "Get"
		why = s.eval(e.Args[1])
	case "Constant", "Exponential", "Fibonacci":
		why = s.made("New"+fn.Name(), e.Args[1:2])
	default:
		return "", false
	}
	if why != "" {
		return why, true
	}
	lit, ok := ast.Unparen(e.Args[2]).(*ast.FuncLit)
	if !ok {
		return "its function isn't written in the call, and what it returns is only retried if marked by RetryableError", true
	}
	edits, why := p.invert(lit)
	if why != "" {
		return why, true
	}
	if why := p.moved(s.values, cur); why != "" {
		return why, true
	}
	pol := s.policy()
	if len(s.deletes) > 0 && p.entered(s.deletes[0].Pos(), cur) {
		pol.head = "// retry: several calls went through one backoff, each from where the one before it had ended; now each begins anew\n\n"
	}
	if p.foreign(e.Args[0]) != nil {
		return "its context is made by the library", true
	}
	pol.ctx = p.src(e.Args[0])
	if why := p.emit(&rewrite{cur: cur, call: e, of: sethvargo, target: target, policy: pol, op: e.Args[2], takes: true, deletes: s.deletes}); why != "" {
		return why, true
	}
	f := p.fileOf(e.Pos())
	f.edits = append(f.edits, edits...)
	return "", true
}

// invert returns the edits by which a function whose failures are retried if they are marked becomes one whose failures are
// retried unless they are marked.
func (p *pkg) invert(lit *ast.FuncLit) (edits []edit, why string) {
	if results := lit.Type.Results.List; len(results) > 0 {
		for _, name := range results[len(results)-1].Names { // such as by a deferred function that recovers
			if obj := p.TypesInfo.Defs[name]; obj != nil && p.set(obj, func(use inspector.Cursor) bool { return function(use) != lit }) {
				return nil, "a function in its function sets the error that it returns"
			}
		}
	}
	marked := map[*ast.CallExpr]bool{}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if inner, ok := n.(*ast.FuncLit); ok {
			if p.foreign(inner) != nil {
				why = "a function in its function uses the library"
			}
			return false
		}
		r, ok := n.(*ast.ReturnStmt)
		if !ok {
			return why == ""
		}
		if len(r.Results) == 0 || len(r.Results) != lit.Type.Results.NumFields() {
			why = "its function returns without naming the error"
			return false
		}
		e := ast.Unparen(r.Results[len(r.Results)-1])
		if p.TypesInfo.Types[e].IsNil() {
			return false
		}
		if c, ok := e.(*ast.CallExpr); ok {
			if name, args, ok := p.option(c, sethvargo); ok && name == "RetryableError" {
				marked[c] = true
				edits = append(edits, edit{c.Pos(), args[0].Pos(), ""}, edit{args[0].End(), c.End(), ""})
				return false
			}
			if fn, _ := p.callee(c); fn == nil || !harmless(fn) {
				why = "its function returns what another one does, which may be marked by RetryableError"
				return false
			}
		}
		if p.s.strays && p.mayBeMarked(e) {
			why = "its function returns an error that may be marked by RetryableError elsewhere"
			return false
		}
		edits = append(edits, edit{e.Pos(), e.Pos(), me + "Stop("}, edit{e.End(), e.End(), ")"})
		return false
	})
	if why != "" {
		return nil, why
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && !marked[c] {
			if name, _, ok := p.option(c, sethvargo); ok && name == "RetryableError" {
				why = "its function marks an error before it returns it"
			}
		}
		return why == ""
	})
	return edits, why
}

// mayBeMarked reports whether an error may come from a function that marks it by RetryableError.
func (p *pkg) mayBeMarked(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		return false // a harmless one
	case *ast.Ident:
		inits := p.inits[p.TypesInfo.Uses[e]]
		for _, init := range inits {
			c, ok := init.(*ast.CallExpr)
			if !ok {
				return true
			}
			if fn, _ := p.callee(c); fn == nil || !harmless(fn) {
				return true
			}
		}
		return len(inits) == 0
	}
	return true
}

// strays reports whether RetryableError marks an error elsewhere than in a function literal that is given to a retry call.
func (p *pkg) strays() (found bool) {
	var attempts, marks []ast.Node
	for cur := range p.in.Root().Preorder((*ast.CallExpr)(nil)) {
		e := cur.Node().(*ast.CallExpr)
		fn, lib := p.callee(e)
		switch {
		case lib != sethvargo:
		case fn.Name() == "RetryableError":
			marks = append(marks, e)
		case retries(fn):
			attempts = append(attempts, p.literals(e)...)
		}
	}
	for _, m := range marks {
		found = found || smallest(attempts, m.Pos()) == nil
	}
	for obj, uses := range p.uses { // a function value
		fn, ok := obj.(*types.Func)
		found = found || ok && fn.Pkg() != nil && fn.Pkg().Path() == sethvargo.path && fn.Name() == "RetryableError" && len(uses) > len(marks)
	}
	return found
}

// harmless reports whether a function makes an error without a mark.
func harmless(fn *types.Func) bool {
	return fn.Pkg() != nil && (fn.Pkg().Path() == "errors" || fn.Pkg().Path() == "fmt")
}
