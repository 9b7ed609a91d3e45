package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A local is a local variable that holds a backoff, with everything that happens to it.
type local struct {
	obj    types.Object
	init   ast.Expr
	def    inspector.Cursor    // of the statement
	fields map[string]ast.Expr // set right after it
	stmts  []ast.Stmt          // those that do
	again  []ast.Expr          // what it is then made into, as in b = backoff.WithContext(b, ctx)
}

// local returns what e is if it is a local variable that is made, has fields set and is then only used where consume allows.
func (p *pkg) local(e ast.Expr, consume func(inspector.Cursor) bool) (*local, string) {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil, "it isn't made in this function"
	}
	v, ok := p.TypesInfo.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Parent() == p.Types.Scope() {
		return nil, "it isn't made in this function"
	}
	if len(p.inits[v]) == 0 || slices.Contains(p.inits[v], nil) {
		return nil, "it is a parameter, or assigned together with something else"
	}
	l := &local{obj: v, init: ast.Unparen(p.inits[v][0]), fields: map[string]ast.Expr{}}
	def, ok := p.in.Root().FindNode(l.init)
	if !ok {
		return nil, "it isn't made in this function"
	}
	for s := range def.Enclosing((*ast.AssignStmt)(nil), (*ast.DeclStmt)(nil)) {
		l.def = s
		break
	}
	switch s := l.def.Node().(type) {
	case *ast.AssignStmt:
		if len(s.Lhs) != 1 || s.Tok != token.DEFINE {
			return nil, "it is made together with something else"
		}
	case *ast.DeclStmt:
		g := s.Decl.(*ast.GenDecl)
		if len(g.Specs) != 1 || len(g.Specs[0].(*ast.ValueSpec).Names) != 1 {
			return nil, "it is made together with something else"
		}
	default:
		return nil, "it isn't made in this function"
	}
	kind, _ := l.def.ParentEdge()
	if kind != edge.BlockStmt_List && kind != edge.CaseClause_Body && kind != edge.CommClause_Body {
		return nil, "it is made in another statement"
	}
	for _, use := range p.uses[v] {
		if s, ok := use.Parent().Node().(*ast.AssignStmt); ok && len(s.Lhs) == 1 && s.Lhs[0] == use.Node() {
			if s.Tok != token.ASSIGN || use.Parent().Parent() != l.def.Parent() || !p.refers(s.Rhs[0], v) {
				return nil, "it is assigned more than once"
			}
			l.again = append(l.again, ast.Unparen(s.Rhs[0]))
			l.stmts = append(l.stmts, s)
			continue
		}
		if sel, ok := use.Parent().Node().(*ast.SelectorExpr); ok && sel.X == use.Node() {
			if s, ok := use.Parent().Parent().Node().(*ast.AssignStmt); ok && len(s.Lhs) == 1 && s.Lhs[0] == sel && s.Tok == token.ASSIGN {
				stmt := use.Parent().Parent()
				if stmt.Parent() != l.def.Parent() {
					return nil, "its field " + sel.Sel.Name + " is set under a condition"
				}
				if stmt.Node().Pos() > e.Pos() {
					return nil, "its field " + sel.Sel.Name + " is set after the call"
				}
				l.fields[sel.Sel.Name] = s.Rhs[0]
				l.stmts = append(l.stmts, s)
				continue
			}
			if x, ok := use.Parent().Parent().Parent().Node().(*ast.ExprStmt); ok && sel.Sel.Name == "Reset" && function(use) == function(l.def) {
				l.stmts = append(l.stmts, x) // every call begins anew
				continue
			}
			if consume(use) {
				continue
			}
			return nil, "its " + sel.Sel.Name + " is used"
		}
		if !consume(use) {
			return nil, "it is used in another way, too"
		}
	}
	return l, ""
}

// refers reports whether e mentions v.
func (p *pkg) refers(e ast.Expr, v types.Object) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && p.TypesInfo.Uses[id] == v
		return !found
	})
	return found
}

// function returns the function that runs what is at cur.
func function(cur inspector.Cursor) ast.Node {
	for f := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return f.Node()
	}
	return nil
}

// remove deletes a statement with its line.
func (f *file) remove(s ast.Stmt) {
	pos, end := s.Pos(), s.End()
	for i := pos - f.syntax.FileStart; i > 0 && (f.src[i-1] == ' ' || f.src[i-1] == '\t'); i-- {
		pos--
	}
	if i := int(end - f.syntax.FileStart); i < len(f.src) && f.src[i] == '\n' {
		end++
	}
	for _, e := range f.edits {
		if e.pos == pos {
			return
		}
	}
	// A block that now begins with an empty line doesn't need it.
	before := strings.TrimRight(string(f.src[:pos-f.syntax.FileStart]), " \t\n")
	if i := int(end - f.syntax.FileStart); strings.HasSuffix(before, "{") && i < len(f.src) && f.src[i] == '\n' {
		end++
	}
	f.edits = append(f.edits, edit{pos, end, ""})
}

// once reports whether a use of a variable as an argument is the only one, but for those in an assignment to it.
func (p *pkg) once(use inspector.Cursor) bool {
	obj := p.TypesInfo.Uses[use.Node().(*ast.Ident)]
	n := 0
	for _, other := range p.uses[obj] {
		kind, _ := other.ParentEdge()
		if kind != edge.CallExpr_Args {
			continue
		}
		assigned := false
		for s := range other.Enclosing((*ast.AssignStmt)(nil)) {
			l := s.Node().(*ast.AssignStmt).Lhs
			id, ok := l[0].(*ast.Ident)
			assigned = len(l) == 1 && ok && p.TypesInfo.Uses[id] == obj
			break
		}
		if !assigned {
			n++
		}
	}
	return n == 1
}
