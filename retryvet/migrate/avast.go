package migrate

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

const avastNote = "avast/retry-go: a call that gives up returns a *retry.Error around the failures instead of a retry-go Error, or the last failure: errors.Is and errors.As see them, " +
	"but the text is another one. With a RetryIf of its own, Unrecoverable was retried; retry.Stop never is. retry.Get returns the last value with an error too. " +
	manyNote

var avastV4 = &peer{path: "github.com/avast/retry-go/v4", name: "retry", marks: map[string]string{"Unrecoverable": "Stop"},
	advice: avastAdvice, notes: []string{avastNote}}

var avastV5 = &peer{path: "github.com/avast/retry-go/v5", name: "retry", marks: map[string]string{"Unrecoverable": "Stop"},
	advice: avastAdvice, notes: []string{avastNote}}

func init() {
	avastV4.call = callAvastV4
	avastV5.call = callAvastV5
}

// callAvastV4 rewrites Do(op, options…).
func callAvastV4(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	target := map[string]string{"Do": "Do", "DoWithData": "Get"}[fn.Name()]
	if target == "" || fn.Signature().Recv() != nil {
		return "", false
	}
	if e.Ellipsis.IsValid() {
		return "its options are a slice", true
	}
	return p.avast(&rewrite{cur: cur, call: e, of: avastV4, target: target, op: e.Args[0]}, e.Args[1:]), true
}

// callAvastV5 rewrites New(options…).Do(op).
func callAvastV5(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	if fn.Signature().Recv() == nil || fn.Name() != "Do" {
		return "", false
	}
	sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !ok {
		return "it isn't called as a method", true
	}
	retrier := ast.Unparen(sel.X)
	var deletes []ast.Stmt
	if _, ok := retrier.(*ast.CallExpr); !ok { // r := New(options…)
		calls := 0
		l, why := p.local(retrier, func(use inspector.Cursor) bool {
			method, ok := use.Parent().Node().(*ast.SelectorExpr)
			kind, _ := use.Parent().ParentEdge()
			if !ok || kind != edge.CallExpr_Fun || method.Sel.Name != "Do" {
				return false
			}
			calls++
			return true
		})
		switch {
		case l == nil:
			return "of its Retrier: " + why, true
		case calls > 1 || len(l.again)+len(l.stmts) > 0:
			return "its Retrier is used for several calls", true
		}
		retrier, deletes = l.init, []ast.Stmt{l.def.Node().(ast.Stmt)}
	}
	made, ok := retrier.(*ast.CallExpr)
	if ok && made.Ellipsis.IsValid() {
		return "its options are a slice", true
	}
	name, args, ok := p.option(retrier, avastV5)
	target := map[string]string{"New": "Do", "NewWithData": "Get"}[name]
	if !ok || target == "" {
		return "its Retrier isn't made by New", true
	}
	return p.avast(&rewrite{cur: cur, call: e, of: avastV5, target: target, op: e.Args[0], deletes: deletes}, args), true
}

// avast rewrites a call with these options. What w deletes is the statement in which they are.
func (p *pkg) avast(w *rewrite, options []ast.Expr) string {
	tenth := fixed("100 * time.Millisecond", 1e8)
	a := &avastOptions{p: p, of: w.of, cur: w.cur, attempts: "10", attemptsDefault: true, delay: tenth, most: fixed("0", 0), jitter: tenth, double: true, random: true}
	var values []ast.Expr
	for _, o := range options {
		name, args, ok := p.option(o, w.of)
		if !ok {
			return "an option isn't made here"
		}
		if why := a.add(name, args); why != "" {
			return why
		}
		values = append(values, args...)
	}
	if w.deletes != nil {
		if why := p.moved(values, w.cur); why != "" {
			return why
		}
		if a.helper != "" || a.retryIfMade {
			return "a function in its options is made by another call"
		}
	}
	w.policy = a.policy()
	return p.emit(w)
}
