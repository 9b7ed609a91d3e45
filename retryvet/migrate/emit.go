package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

const root = "github.com/callagain/retry"

// A rewrite is a retry call to be replaced.
type rewrite struct {
	cur     inspector.Cursor
	call    *ast.CallExpr
	of      *peer
	target  string // Do or Get
	policy  *policy
	op      ast.Expr
	takes   bool       // whether op takes a context already
	deletes []ast.Stmt // that made what the policy is made of
}

// emit replaces a call. It returns why it can't, or "".
func (p *pkg) emit(w *rewrite) string {
	f := p.fileOf(w.call.Pos())
	op, edits, inside, why := p.attempt(f, w)
	if why != "" {
		return why
	}
	if name := p.marksByHand(inside, w.of); name != "" {
		return "its function mentions " + name + ", which a rewritten call doesn't look for"
	}
	start, end := edit{w.call.Pos(), w.op.Pos(), ""}, edit{w.op.End(), w.call.End(), ")"}
	if op != "" { // instead of what is there
		end.pos = w.op.Pos()
		end.text = op + ")"
	}
	var about []string
	if w.policy.head != "" {
		w.policy.explains = true
		about = append(about, strings.TrimSpace(strings.TrimPrefix(w.policy.head, "// retry: ")))
	}
	w.policy.head += p.comments(f, w.policy, append(spans(w.deletes), start, end)...)
	args := ""
	if i, ok := ast.Unparen(w.call.Fun).(*ast.IndexExpr); ok && w.target == "Get" {
		args = "[" + p.src(i.Index) + "]"
	}
	ctx := w.policy.ctx
	if ctx == "" {
		ctx = "context.Background()"
		if name := p.contextAt(w.call.Pos()); name != "" {
			const comment = "there was no context; the call ends with the caller if it is given "
			w.policy.head += "// retry: " + comment + name + "\n\n"
			w.policy.explains = true
			about = append(about, "context: "+comment+name)
		}
	}
	if p.inner(inside) {
		w.policy.head += "// retry: what the retry call in the attempt gives up on isn't retried here; so retries don't multiply\n\n"
		w.policy.explains = true
		about = append(about, "what the retry call in the attempt gives up on isn't retried by this one")
	}
	start.text = me + w.target + args + "(" + ctx + ", " + w.policy.String() + ", "
	imports, why := p.needs(start.text+end.text, w.call.Pos())
	if why != "" {
		return why
	}
	gone := []ast.Node{w.call}
	for _, s := range w.deletes {
		gone = append(gone, s)
	}
	if name := p.orphans(start.text+end.text, gone, w.op); name != "" {
		return "nothing would use " + name + " any more"
	}
	for _, h := range w.policy.helpers {
		if why := p.help(h, f); why != "" {
			return why
		}
	}
	if len(edits) > 0 {
		imports = append(imports, "context")
	}
	for _, name := range imports {
		f.needs[name] = true
	}
	f.edits = append(f.edits, start, end)
	f.edits = append(f.edits, edits...)
	if inside != nil {
		f.inside = append(f.inside, inside)
	}
	for _, s := range w.deletes {
		f.remove(s)
	}
	f.touched = true
	p.s.peers[w.of] = true
	kind, text := Rewritten, "retry."+w.target
	if w.policy.explains {
		kind = Explained
		for _, field := range w.policy.fields {
			if field.comment != "" {
				about = append(about, field.name+": "+field.comment)
			}
		}
		text += "; " + strings.Join(about, "; ")
	}
	p.note(w.call.Pos(), kind, p.nameOf(w.call), "%s", text)
	p.compared(w.cur)
	return ""
}

// inner reports whether an attempt makes a retry call of one of the libraries.
func (p *pkg) inner(attempt ast.Node) (found bool) {
	if attempt == nil {
		return false
	}
	ast.Inspect(attempt, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			fn, lib := p.callee(c)
			found = found || lib != nil && retries(fn)
		}
		return !found
	})
	return found
}

// nameOf returns what a call calls, without arguments.
func (p *pkg) nameOf(e *ast.CallExpr) string {
	fn, _ := p.callee(e)
	if fn == nil || fn.Signature().Recv() != nil {
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			if c, ok := ast.Unparen(sel.X).(*ast.CallExpr); ok {
				return p.nameOf(c) + "(…)." + sel.Sel.Name
			}
		}
		return types.ExprString(e.Fun)
	}
	return fn.Pkg().Name() + "." + fn.Name()
}

// contextAt returns the name of a context that could be given to a call at pos, or "".
func (p *pkg) contextAt(pos token.Pos) string {
	_, obj := p.Types.Scope().Innermost(pos).LookupParent("ctx", pos)
	if v, ok := obj.(*types.Var); ok && v.Type().String() == "context.Context" && v.Parent() != p.Types.Scope() {
		return "ctx"
	}
	return ""
}

// comments returns the comments that the edits would lose: those that aren't in what the policy takes over.
func (p *pkg) comments(f *file, pol *policy, edits ...edit) string {
	var b strings.Builder
	for _, g := range f.syntax.Comments {
		for _, c := range g.List {
			for _, e := range edits {
				if e.pos <= c.Pos() && c.End() <= e.end && !pol.mentions(c.Text) {
					b.WriteString(c.Text + "\n")
				}
			}
		}
	}
	return b.String()
}

// spans returns where statements stand.
func spans(list []ast.Stmt) (all []edit) {
	for _, s := range list {
		all = append(all, edit{s.Pos(), s.End(), ""})
	}
	return all
}
