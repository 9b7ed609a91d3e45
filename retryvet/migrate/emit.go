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
	start, end := edit{w.call.Pos(), w.op.Pos(), ""}, edit{w.op.End(), w.call.End(), ")"}
	if op != "" { // instead of what is there
		end.pos = w.op.Pos()
		end.text = op + ")"
	}
	w.policy.head = p.comments(f, start, end)
	args := ""
	if i, ok := ast.Unparen(w.call.Fun).(*ast.IndexExpr); ok && w.target == "Get" {
		args = "[" + p.src(i.Index) + "]"
	}
	var about []string
	ctx := w.policy.ctx
	if ctx == "" {
		ctx = "context.Background()"
		f.needs["context"] = true
		if name := p.contextAt(w.call.Pos()); name != "" {
			const comment = "there was no context; the call ends with the caller if it is given "
			w.policy.head += "// retry: " + comment + name + "\n\n"
			w.policy.explains = true
			about = append(about, "context: "+comment+name)
		}
	}
	start.text = me + w.target + args + "(" + ctx + ", " + w.policy.String() + ", "
	f.edits = append(f.edits, start, end)
	f.edits = append(f.edits, edits...)
	if inside != nil {
		f.inside = append(f.inside, inside)
	}
	for _, s := range w.deletes {
		f.remove(s)
	}
	for _, n := range w.policy.needs {
		f.needs[n] = true
	}
	for _, h := range w.policy.helpers {
		if old := p.helpers[h]; old == nil || strings.HasSuffix(p.Fset.Position(old.syntax.FileStart).Filename, "_test.go") {
			p.helpers[h] = f
		}
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
	p.compared(w)
	return ""
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

// compared lists comparisons of a call's error that don't see what is wrapped.
func (p *pkg) compared(w *rewrite) {
	s, ok := w.cur.Parent().Node().(*ast.AssignStmt)
	if !ok {
		return
	}
	id, ok := s.Lhs[len(s.Lhs)-1].(*ast.Ident)
	if !ok {
		return
	}
	for _, use := range p.uses[p.TypesInfo.ObjectOf(id)] {
		if use.Node().Pos() < s.End() {
			continue
		}
		bad := false
		switch n := use.Parent().Node().(type) {
		case *ast.BinaryExpr:
			other := n.X
			if other == use.Node() {
				other = n.Y
			}
			bad = (n.Op == token.EQL || n.Op == token.NEQ) && !p.TypesInfo.Types[other].IsNil()
		case *ast.TypeAssertExpr, *ast.SwitchStmt:
			bad = true
		}
		if bad {
			p.note(use.Node().Pos(), Left, "a comparison of "+id.Name, "the error of a call that gives up is a *retry.Error around the failures; compare with errors.Is, errors.As or errors.AsType")
		}
	}
}

// comments returns the comments that the edits would lose.
func (p *pkg) comments(f *file, edits ...edit) string {
	var b strings.Builder
	for _, g := range f.syntax.Comments {
		for _, c := range g.List {
			for _, e := range edits {
				if e.pos <= c.Pos() && c.End() <= e.end {
					b.WriteString(c.Text + "\n")
				}
			}
		}
	}
	return b.String()
}

// funcText returns what is to stand at the end of a hook that calls fn with the given arguments: for a literal its body,
// with its parameters set.
func (p *pkg) funcText(fn ast.Expr, args ...string) (string, bool) {
	if p.foreign(fn) != nil {
		return "", false
	}
	lit, ok := ast.Unparen(fn).(*ast.FuncLit)
	if !ok {
		if _, isCall := ast.Unparen(fn).(*ast.CallExpr); isCall {
			return "", false
		}
		return p.src(fn) + "(" + strings.Join(args, ", ") + ")", true
	}
	var names, values []string
	i := 0
	for _, field := range lit.Type.Params.List {
		for _, name := range field.Names {
			if obj := p.TypesInfo.Defs[name]; obj != nil && len(p.uses[obj]) > 0 {
				names = append(names, name.Name)
				values = append(values, args[i])
			}
			i++
		}
		if len(field.Names) == 0 {
			i++
		}
	}
	body := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(p.src(lit.Body), "{"), "}"))
	if len(names) > 0 {
		body = strings.Join(names, ", ") + " := " + strings.Join(values, ", ") + "\n" + body
	}
	return body, true
}
