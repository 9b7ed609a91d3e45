package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
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

// attempt returns the edits that make w's function take a context, or the text that stands in its place.
func (p *pkg) attempt(f *file, w *rewrite) (text string, edits []edit, inside ast.Node, why string) {
	op := ast.Unparen(w.op)
	if c, ok := op.(*ast.CallExpr); ok && len(c.Args) == 1 && p.TypesInfo.Types[c.Fun].IsType() { // backoff.Operation(f)
		return "", nil, nil, "its function is converted to a type of the library"
	}
	if w.takes {
		if lit, ok := op.(*ast.FuncLit); ok {
			return "", nil, lit, ""
		}
		if id := p.foreign(op); id != nil {
			return "", nil, nil, "its function comes from the library"
		}
		return "", nil, nil, ""
	}
	lit, ok := op.(*ast.FuncLit)
	if id, isIdent := op.(*ast.Ident); isIdent {
		obj := p.TypesInfo.Uses[id]
		if v, isVar := obj.(*types.Var); isVar && len(p.uses[obj]) == 1 && len(p.inits[obj]) == 1 && p.untyped(v) {
			lit, ok = p.inits[obj][0].(*ast.FuncLit)
		}
	}
	f.needs["context"] = true
	if ok {
		at := lit.Type.Params.Opening + 1
		return "", []edit{{at, at, "context.Context"}}, lit, ""
	}
	sig, ok := p.TypesInfo.TypeOf(op).Underlying().(*types.Signature)
	if !ok || p.foreign(op) != nil {
		return "", nil, nil, "its function comes from the library"
	}
	if _, isCall := op.(*ast.CallExpr); isCall {
		return "", nil, nil, "its function is made by another call"
	}
	results := "error"
	if sig.Results().Len() == 2 {
		t, ok := p.typeName(f, sig.Results().At(0).Type())
		if !ok {
			return "", nil, nil, "the type of its value isn't imported"
		}
		results = "(" + t + ", error)"
	}
	return fmt.Sprintf("func(context.Context) %s { return %s() }", results, p.src(op)), nil, nil, ""
}

// untyped reports whether a variable is declared without a type, so that the type of its value may change.
func (p *pkg) untyped(v *types.Var) bool {
	for cur := range p.in.Root().Preorder((*ast.ValueSpec)(nil)) {
		s := cur.Node().(*ast.ValueSpec)
		for _, name := range s.Names {
			if p.TypesInfo.Defs[name] == v {
				return s.Type == nil
			}
		}
	}
	return true
}

// typeName returns how a type is written in the file.
func (p *pkg) typeName(f *file, t types.Type) (string, bool) {
	ok := true
	s := types.TypeString(t, func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		for _, i := range f.syntax.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); path == other.Path() {
				if i.Name != nil {
					return i.Name.Name
				}
				return other.Name()
			}
		}
		ok = false
		return ""
	})
	return s, ok
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

// mark replaces the function of a call, as in backoff.Permanent(err).
func (p *pkg) mark(e *ast.CallExpr, of *peer, name string) {
	f := p.fileOf(e.Pos())
	f.edits = append(f.edits, edit{e.Fun.Pos(), e.Fun.End(), me + name})
	f.touched = true
	p.s.peers[of] = true
	p.note(e.Pos(), Rewritten, types.ExprString(e.Fun), "retry.%s", name)
}

// leave lists what still mentions other libraries in the file.
func (p *pkg) leave(f *file) {
	lines := map[int]bool{}
	listed := map[token.Position]bool{}
	for _, i := range p.items {
		if i.Kind == Left {
			listed[i.Pos] = true
			lines[i.Pos.Line] = lines[i.Pos.Line] || i.Pos.Filename == p.Fset.Position(f.syntax.FileStart).Filename
		}
	}
	for cur := range inspector.New([]*ast.File{f.syntax}).Root().Preorder((*ast.Ident)(nil)) {
		id := cur.Node().(*ast.Ident)
		obj := p.TypesInfo.Uses[id]
		if obj == nil || obj.Pkg() == nil || f.covered(id.Pos()) {
			continue
		}
		lib := peerOf(obj.Pkg().Path())
		if _, isPkg := obj.(*types.PkgName); isPkg || lib == nil {
			continue
		}
		pos := p.Fset.Position(id.Pos())
		marked := false
		for _, e := range f.both {
			marked = marked || e.Fun.Pos() <= id.Pos() && id.Pos() < e.Fun.End()
		}
		if lines[pos.Line] || marked {
			continue
		}
		lines[pos.Line] = true
		advice := lib.advice[id.Name]
		if advice == "" {
			advice = "nothing here does the same; see docs/migrating.md"
		}
		p.note(id.Pos(), Left, obj.Pkg().Name()+"."+id.Name, "%s", advice)
	}
}

// imports makes the file import what it needs, and no more of the other libraries than it does.
func (p *pkg) imports(f *file) {
	name := "retry"
	var gone []*ast.ImportSpec
	for _, i := range f.syntax.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		lib := peerOf(path)
		if lib == nil {
			if path == root || i.Name != nil && i.Name.Name == name || i.Name == nil && strings.HasSuffix(path, "/"+name) {
				name = "callagain"
			}
			continue
		}
		if p.mentions(f, path) {
			if i.Name == nil && lib.name == "retry" || i.Name != nil && i.Name.Name == "retry" {
				name = "callagain"
			}
			continue
		}
		gone = append(gone, i)
	}
	if p.Types.Scope().Lookup("retry") != nil {
		name = "callagain"
	}
	for _, e := range f.edits {
		if strings.Contains(e.text, me) {
			if _, obj := p.Types.Scope().Innermost(e.pos).LookupParent("retry", e.pos); obj != nil {
				if _, isPkg := obj.(*types.PkgName); !isPkg {
					name = "callagain"
				}
			}
		}
	}
	for i := range f.edits {
		f.edits[i].text = strings.ReplaceAll(f.edits[i].text, me, name+".")
	}
	spec := strconv.Quote(root)
	if name != "retry" {
		spec = name + " " + spec
	}
	var add []string
	for path := range f.needs {
		if !f.imports(path) {
			add = append(add, strconv.Quote(path))
		}
	}
	slices.Sort(add)
	for _, i := range f.syntax.Imports { // those of which everything went
		if p.unneeded(f, i) {
			f.removeLine(i)
		}
	}
	ours := f.touched
	for n, i := range gone {
		if n == 0 && ours {
			f.edits = append(f.edits, edit{i.Pos(), i.End(), spec})
			ours = false
			continue
		}
		f.removeLine(i)
	}
	if ours { // beside the library, which stays
		for _, i := range f.syntax.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); peerOf(path) != nil && p.imported(f, i) {
				if f.grouped(i) {
					f.edits = append(f.edits, edit{i.End(), i.End(), "\n" + spec})
				} else {
					f.edits = append(f.edits, edit{i.End(), i.End(), "\nimport " + spec})
				}
				break
			}
		}
	}
	if len(add) == 0 {
		return
	}
	for _, d := range f.syntax.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		if g.Lparen.IsValid() {
			f.edits = append(f.edits, edit{g.Lparen + 1, g.Lparen + 1, "\n" + strings.Join(add, "\n")})
		} else {
			f.edits = append(f.edits, edit{g.Pos(), g.Pos(), "import (\n" + strings.Join(add, "\n") + "\n)\n\n"})
		}
		return
	}
}

// unneeded reports whether the edits have taken away all that an import was for.
func (p *pkg) unneeded(f *file, i *ast.ImportSpec) bool {
	path, _ := strconv.Unquote(i.Path.Value)
	if peerOf(path) != nil || f.needs[path] {
		return false
	}
	obj, _ := p.TypesInfo.Implicits[i].(*types.PkgName)
	if i.Name != nil {
		obj, _ = p.TypesInfo.Defs[i.Name].(*types.PkgName)
	}
	if obj == nil || len(p.uses[obj]) == 0 {
		return false
	}
	for _, use := range p.uses[obj] {
		if !f.covered(use.Node().Pos()) {
			return false
		}
	}
	mention := regexp.MustCompile(`\b` + regexp.QuoteMeta(obj.Name()) + `\.`)
	return !slices.ContainsFunc(f.edits, func(e edit) bool { return mention.MatchString(e.text) })
}

// removeLine deletes an import, with its line if it has one of its own.
func (f *file) removeLine(i *ast.ImportSpec) {
	if !f.grouped(i) {
		for _, d := range f.syntax.Decls {
			if d.Pos() <= i.Pos() && i.End() <= d.End() {
				f.edits = append(f.edits, edit{d.Pos(), d.End(), ""})
			}
		}
		return
	}
	e := edit{i.Pos(), i.End(), ""}
	if at := int(e.end - f.syntax.FileStart); at < len(f.src) && f.src[at] == '\n' {
		e.end++
		for at := e.pos - f.syntax.FileStart; at > 0 && (f.src[at-1] == ' ' || f.src[at-1] == '\t'); at-- {
			e.pos--
		}
	}
	f.edits = append(f.edits, e)
}

// imported reports whether an import of a library is still there.
func (p *pkg) imported(f *file, i *ast.ImportSpec) bool { return !f.covered(i.Pos()) }

// grouped reports whether an import is in parentheses.
func (f *file) grouped(i *ast.ImportSpec) bool {
	for _, d := range f.syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() && g.Lparen < i.Pos() && i.Pos() < g.Rparen {
			return true
		}
	}
	return false
}

func (f *file) imports(path string) bool {
	for _, i := range f.syntax.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == path && (i.Name == nil || i.Name.Name == path) {
			return true
		}
	}
	return false
}

// mentions reports whether something of the library is left in the file.
func (p *pkg) mentions(f *file, path string) bool {
	found := false
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if pkg, ok := p.TypesInfo.Uses[id].(*types.PkgName); ok && pkg.Imported().Path() == path && !f.covered(id.Pos()) {
				found = true
			}
		}
		return !found
	})
	return found
}
