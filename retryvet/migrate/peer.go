package migrate

import (
	"go/ast"
	"go/types"

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

// calls rewrites the retry calls of the package.
func (p *pkg) calls() {
	for cur := range p.in.Root().Preorder((*ast.CallExpr)(nil)) {
		e := cur.Node().(*ast.CallExpr)
		fn, lib := p.callee(e)
		f := p.fileOf(e.Pos())
		if lib == nil || f == nil {
			continue
		}
		if f.covered(e.Pos()) {
			continue
		}
		why, ok := lib.call(p, cur, e, fn)
		if ok && why != "" {
			p.s.uncertain[lib] = true
			for _, a := range e.Args {
				lit, isLit := ast.Unparen(a).(*ast.FuncLit)
				if id, ok := ast.Unparen(a).(*ast.Ident); ok && !isLit {
					if obj := p.TypesInfo.Uses[id]; len(p.inits[obj]) == 1 {
						lit, isLit = p.inits[obj][0].(*ast.FuncLit)
					}
				}
				if isLit {
					f.outside = append(f.outside, lit)
				}
			}
			p.note(e.Pos(), Left, types.ExprString(e.Fun), "%s; write it as retry.Do(ctx, retry.Policy{…}, f)", why)
		}
	}
}

// marks rewrites the marks of errors, such as backoff.Permanent. Where a call is left that goes on to look for them, only those
// in functions that have become attempts are; all others get both marks, since the error may come to either kind of call.
func (p *pkg) marks() {
	for cur := range p.in.Root().Preorder((*ast.CallExpr)(nil)) {
		e := cur.Node().(*ast.CallExpr)
		fn, lib := p.callee(e)
		f := p.fileOf(e.Pos())
		if lib == nil || f == nil || f.covered(e.Fun.Pos()) || fn.Signature().Recv() != nil {
			continue
		}
		to := lib.marks[fn.Name()]
		if fn.Name() == "RetryAfter" {
			to = "After"
		}
		if to == "" {
			continue
		}
		inside := false
		for _, lit := range f.inside {
			inside = inside || lit.Pos() <= e.Pos() && e.Pos() < lit.End()
		}
		outside := false
		for _, lit := range f.outside {
			outside = outside || lit.Pos() <= e.Pos() && e.Pos() < lit.End()
		}
		switch {
		case outside && !inside:
			p.note(e.Pos(), Left, types.ExprString(e.Fun), "it belongs to a call that is left; write retry.%s with that", to)
			continue
		case !inside && p.s.uncertain[lib]:
			p.both(e, lib, to)
			continue
		}
		if to == "After" {
			p.after(e, lib)
			continue
		}
		p.mark(e, lib, to)
	}
}

// both adds the mark of package retry to one that stays.
func (p *pkg) both(e *ast.CallExpr, of *peer, to string) {
	f := p.fileOf(e.Pos())
	if !p.s.peers[of] || to == "After" {
		p.note(e.Pos(), Left, types.ExprString(e.Fun), "a call that is left may look for it; write retry.%s once none does", to)
		return
	}
	for _, old := range f.edits {
		if old.pos < e.End() && e.Pos() < old.end {
			return
		}
	}
	f.edits = append(f.edits, edit{e.Pos(), e.Pos(), me + to + "("},
		edit{e.End(), e.End(), " /* retry: the mark for calls that still use the other library */)"})
	f.touched = true
	f.both = append(f.both, e)
	p.note(e.Pos(), Explained, types.ExprString(e.Fun), "retry.%s around it, since a call that is left may look for it", to)
}

// after replaces backoff.RetryAfter.
func (p *pkg) after(e *ast.CallExpr, of *peer) {
	const comment = " /* retry: no sooner than this, but the schedule goes on instead of beginning again */)"
	f := p.fileOf(e.Pos())
	var edits []edit
	switch of {
	case backoffV5: // RetryAfter(seconds)
		arg := p.src(e.Args[0])
		n := "time.Duration(" + arg + ") * time.Second"
		if _, ok := p.constant(e.Args[0]); ok {
			n = arg + " * time.Second"
		}
		if id := p.foreign(e.Args[0]); id != nil {
			p.note(e.Pos(), Left, types.ExprString(e.Fun), "write retry.After(err, d)")
			return
		}
		edits = []edit{{e.Pos(), e.End(), me + "After(fmt.Errorf(\"retry after %v\", " + n + "), " + n + comment}}
		f.needs["fmt"], f.needs["time"] = true, true
	case backoffV7: // RetryAfter(d, cause)
		if p.foreign(e.Args[0]) != nil || p.foreign(e.Args[1]) != nil || p.TypesInfo.Types[e.Args[1]].IsNil() {
			p.note(e.Pos(), Left, types.ExprString(e.Fun), "write retry.After(err, d) with an error that isn't nil")
			return
		}
		edits = []edit{{e.Pos(), e.End(), me + "After(" + p.src(e.Args[1]) + ", " + p.src(e.Args[0]) + comment}}
	default:
		return
	}
	f.edits = append(f.edits, edits...)
	f.touched = true
	p.s.peers[of] = true
	p.note(e.Pos(), Explained, types.ExprString(e.Fun), "retry.After: it never shortens a delay, and doesn't begin the schedule again")
}
