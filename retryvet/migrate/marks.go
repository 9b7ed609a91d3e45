package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// marks rewrites the marks of errors, such as backoff.Permanent. Where a call is left that goes on to look for them, only those
// in functions that have become attempts are; all others get both marks, since the error may come to either kind of call.
func (p *pkg) marks() {
	for cur := range p.in.Root().Preorder((*ast.CallExpr)(nil)) {
		e := cur.Node().(*ast.CallExpr)
		fn, lib := p.callee(e)
		f := p.fileOf(e.Pos())
		if lib == nil || f == nil || f.covered(e.Fun.Pos()) || fn.Signature().Recv() != nil || lib.marks[fn.Name()] == "" {
			continue
		}
		to := lib.marks[fn.Name()]
		in, out := smallest(f.inside, e.Pos()), smallest(f.outside, e.Pos())
		switch {
		case out != nil && (in == nil || out.Pos() > in.Pos()):
			p.leaveMark(e, "it belongs to a call that is left; write retry.%s with that", to)
		case !isErrorType(fn.Signature().Results().At(0).Type()):
			p.leaveMark(e, "it is of a type of the library; write retry.%s", to)
		case in == nil && !p.s.peers[lib]:
			p.leaveMark(e, "a call that isn't rewritten now may look for it; give this tool all packages of the program, or write retry.%s", to)
		case in == nil && p.s.uncertain[lib]:
			p.both(e, to)
		case to == "After":
			p.after(e, lib)
		case p.TypesInfo.Types[e.Args[0]].IsNil() && lib != backoffV4 && lib != backoffV5 && lib != backoffV7:
			p.leaveMark(e, "of nil it makes an error, and retry.%s doesn't", to)
		default:
			p.mark(cur, lib, to)
		}
	}
}

// smallest returns the innermost of functions around pos, or nil.
func smallest(all []ast.Node, pos token.Pos) (in ast.Node) {
	for _, n := range all {
		if n.Pos() <= pos && pos < n.End() && (in == nil || n.Pos() > in.Pos()) {
			in = n
		}
	}
	return in
}

func (p *pkg) leaveMark(e *ast.CallExpr, format, to string) {
	p.note(e.Pos(), Left, types.ExprString(e.Fun), format, to)
}

// mark replaces the function of a call, as in backoff.Permanent(err).
func (p *pkg) mark(cur inspector.Cursor, of *peer, to string) {
	e := cur.Node().(*ast.CallExpr)
	f := p.fileOf(e.Pos())
	f.edits = append(f.edits, edit{e.Fun.Pos(), e.Fun.End(), me + to})
	f.touched = true
	p.s.peers[of] = true
	// cenkalti/backoff returns what is in the mark, without what is around it.
	if kind, _ := cur.ParentEdge(); kind == edge.CallExpr_Args && of.name == "backoff" {
		f.edits = append(f.edits, edit{e.Rparen, e.Rparen, " /* retry: the call returns what is around this, too, which was lost */"})
		p.note(e.Pos(), Explained, types.ExprString(e.Fun), "retry.%s; the call returns what is around it, too", to)
		return
	}
	p.note(e.Pos(), Rewritten, types.ExprString(e.Fun), "retry.%s", to)
}

// both adds the mark of package retry to one that stays.
func (p *pkg) both(e *ast.CallExpr, to string) {
	f := p.fileOf(e.Pos())
	if to == "After" {
		p.leaveMark(e, "a call that is left may look for it; write retry.%s once none does", to)
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
	f := p.fileOf(e.Pos())
	if spread(p.TypesInfo, e) || p.foreign(&ast.CallExpr{Fun: ast.NewIdent("_"), Args: e.Args}) != nil {
		p.leaveMark(e, "write retry.%s(err, d)", "After")
		return
	}
	text, d := "", p.src(e.Args[0])
	switch of {
	case backoffV5: // RetryAfter(seconds)
		if _, ok := e.Args[0].(*ast.BasicLit); !ok {
			d = "time.Duration(" + d + ")"
		}
		text = "retryAfter(" + d + "*time.Second"
	case backoffV7: // RetryAfter(d, cause)
		cause := p.src(e.Args[1])
		switch {
		case p.TypesInfo.Types[e.Args[1]].IsNil():
			text = "retryAfter(" + d
		case p.failed(e, e.Args[1]):
			text = me + "After(" + cause + ", " + d
		default: // After(nil, d) is nil
			text = me + "After(cmp.Or(" + cause + `, errors.New("no cause")), ` + d
		}
	}
	imports, why := p.needs(text, e.Pos())
	if why == "" && strings.HasPrefix(text, "retryAfter") {
		why = p.help("retryAfter", f)
	}
	if why != "" {
		p.leaveMark(e, "write retry.%s(err, d): "+why, "After")
		return
	}
	for _, i := range imports {
		f.needs[i] = true
	}
	f.edits = append(f.edits, edit{e.Pos(), e.End(), text + " /* retry: no sooner than this, but the schedule goes on instead of beginning again */)"})
	f.touched = f.touched || strings.Contains(text, me)
	p.s.peers[of] = true
	p.note(e.Pos(), Explained, types.ExprString(e.Fun), "retry.After: it never shortens a delay, and doesn't begin the schedule again")
}

// marksByHand returns what an attempt uses of a library's marks other than by calling their functions, or "".
func (p *pkg) marksByHand(attempt ast.Node, of *peer) (name string) {
	if attempt == nil {
		return ""
	}
	ast.Inspect(attempt, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if fn, lib := p.callee(n); lib == of && of.marks[fn.Name()] != "" {
				for _, a := range n.Args {
					name = cmp.Or(name, p.marksByHand(a, of))
				}
				return false
			}
		case *ast.Ident:
			obj := p.TypesInfo.Uses[n]
			if obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == of.path && (of.marks[n.Name] != "" || of.marks[strings.TrimSuffix(n.Name, "Error")] != "") {
				name = obj.Pkg().Name() + "." + n.Name
			}
		}
		return name == ""
	})
	return name
}

// failed reports whether the error that cause is, where e is called, is known not to be nil.
func (p *pkg) failed(e *ast.CallExpr, cause ast.Expr) bool {
	switch c := ast.Unparen(cause).(type) {
	case *ast.CallExpr:
		fn, _ := p.callee(c)
		return fn != nil && harmless(fn) && fn.Name() != "Join" && fn.Name() != "Unwrap"
	case *ast.UnaryExpr:
		return c.Op == token.AND
	case *ast.Ident, *ast.SelectorExpr:
		id, ok := c.(*ast.Ident)
		if sel, isSel := c.(*ast.SelectorExpr); isSel {
			id, ok = sel.Sel, true
		}
		v, isVar := p.TypesInfo.Uses[id].(*types.Var)
		if !ok || !isVar {
			return false
		}
		if v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			return true
		}
		at, _ := p.in.Root().FindNode(e)
		for s := range at.Enclosing((*ast.IfStmt)(nil)) {
			n := s.Node().(*ast.IfStmt)
			b, ok := ast.Unparen(n.Cond).(*ast.BinaryExpr)
			if ok && b.Op == token.NEQ && n.Body.Pos() <= e.Pos() && e.Pos() < n.Body.End() && p.TypesInfo.Types[b.Y].IsNil() {
				x, ok := ast.Unparen(b.X).(*ast.Ident)
				if ok && p.TypesInfo.Uses[x] == v && !p.changes(v, n.Body.Pos(), e.Pos()) {
					return true
				}
			}
		}
	}
	return false
}

func isErrorType(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }
