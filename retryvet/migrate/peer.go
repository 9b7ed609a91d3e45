package migrate

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A peer is a library that programs are rewritten from.
type peer struct {
	path   string
	name   string            // of the package
	consts map[string]string // constants, and what to write for them

	// call rewrites a retry call, or returns why it can't. It isn't ok if fn doesn't retry.
	call func(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (why string, ok bool)

	// marks are the functions that mark errors, and the function of package retry that replaces each.
	marks map[string]string

	advice map[string]string // for names that are left
	notes  []string          // what is different for every call
}

var peers = []*peer{backoffV4, backoffV5, backoffV7, avastV4, avastV5, sethvargo, retryablehttp}

func peerOf(path string) *peer {
	for _, p := range peers {
		if p.path == path {
			return p
		}
	}
	return nil
}

// manyNote is different in calls of all libraries.
const manyNote = "context.Canceled isn't retried, nor is what an inner retry call gave up on, and without a limit of attempts there is at least a millisecond between them."

// calls rewrites the retry calls of the package.
func (p *pkg) calls() {
	for cur := range p.in.Root().Preorder((*ast.CallExpr)(nil)) {
		e := cur.Node().(*ast.CallExpr)
		fn, lib := p.callee(e)
		f := p.fileOf(e.Pos())
		if lib == nil || f == nil || f.covered(e.Pos()) {
			continue
		}
		why, ok := "its arguments are the results of another call", fn.Signature().Results().Len() > 0
		if !spread(p.TypesInfo, e) {
			why, ok = lib.call(p, cur, e, fn)
		}
		if ok && why != "" {
			p.s.uncertain[lib] = true
			f.outside = append(f.outside, p.literals(e)...)
			p.note(e.Pos(), Left, types.ExprString(e.Fun), "%s; write it as retry.Do(ctx, retry.Policy{…}, f)", why)
		}
	}
	// What calls the library by a function value looks for its marks as well.
	for obj, uses := range p.uses {
		fn, ok := obj.(*types.Func)
		if !ok || fn.Pkg() == nil || peerOf(fn.Pkg().Path()) == nil || !retries(fn) {
			continue
		}
		for _, use := range uses {
			if kind, _ := use.ParentEdge(); kind == edge.SelectorExpr_Sel {
				use = use.Parent()
			}
			if kind, _ := use.ParentEdge(); kind == edge.IndexExpr_X {
				use = use.Parent()
			}
			if kind, _ := use.ParentEdge(); kind != edge.CallExpr_Fun {
				p.s.uncertain[peerOf(fn.Pkg().Path())] = true
			}
		}
	}
}

// retries reports whether a function of another library takes a function that returns an error, as retry calls do.
func retries(fn *types.Func) bool {
	for i := range fn.Signature().Params().Len() {
		sig, ok := fn.Signature().Params().At(i).Type().Underlying().(*types.Signature)
		if ok && sig.Results().Len() > 0 && isErrorType(sig.Results().At(sig.Results().Len()-1).Type()) {
			return true
		}
	}
	return false
}

// spread reports whether the arguments of a call are the results of another one.
func spread(info *types.Info, e *ast.CallExpr) bool {
	if len(e.Args) != 1 {
		return false
	}
	_, ok := info.TypeOf(e.Args[0]).(*types.Tuple)
	return ok
}

// literals returns the function literals that are arguments of a call, or the only value of a variable that is.
func (p *pkg) literals(e *ast.CallExpr) (all []ast.Node) {
	for _, a := range e.Args {
		a = ast.Unparen(a)
		if id, ok := a.(*ast.Ident); ok {
			if obj := p.TypesInfo.Uses[id]; len(p.inits[obj]) == 1 && p.inits[obj][0] != nil {
				a = ast.Unparen(p.inits[obj][0])
			}
		}
		if lit, ok := a.(*ast.FuncLit); ok {
			all = append(all, lit)
		}
	}
	return all
}
