package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A hook is what stands at the end of a function that takes another library's hook's place.
type hook struct {
	param string // of that function
	text  string
	or    string // a condition, beginning with ||, under which there was no hook
}

// hook returns a hook that calls fn, an argument of the retry call, with the given arguments, in which %[1]s is the parameter: for
// a literal its body, with its own parameters set. The parameter is the first of names that fn doesn't mention.
func (p *pkg) hook(fn ast.Expr, call inspector.Cursor, names []string, args ...string) (h hook, ok bool) {
	if p.foreign(fn) != nil {
		return h, false
	}
	fn = ast.Unparen(fn)
	for i := 0; ; i++ {
		if h.param = names[min(i, len(names)-1)]; i >= len(names) {
			h.param += strconv.Itoa(i)
		}
		if !named(fn, h.param) {
			break
		}
	}
	values := make([]string, len(args))
	for i, a := range args {
		values[i] = fmt.Sprintf(a, h.param)
	}
	called := p.src(fn) + "(" + strings.Join(values, ", ") + ")"
	lit, isLit := fn.(*ast.FuncLit)
	if !isLit {
		name, ok := fn.(*ast.Ident)
		if sel, isSel := fn.(*ast.SelectorExpr); isSel {
			name, ok = sel.Sel, true
		}
		if !ok || p.stable(fn, call) != "" {
			return h, false
		}
		if v, isVar := p.TypesInfo.Uses[name].(*types.Var); isVar && !p.isLiteral(v) {
			h.or = " || " + p.src(fn) + " == nil"
		}
		h.text = called
		return h, true
	}
	var set, to []string
	i := 0
	for _, field := range lit.Type.Params.List {
		for _, name := range field.Names {
			if obj := p.TypesInfo.Defs[name]; obj != nil && len(p.uses[obj]) > 0 {
				if !p.read(obj) { // what is set and not used doesn't compile
					h.text = called
					return h, true
				}
				set = append(set, name.Name)
				to = append(to, values[i])
			}
			i++
		}
		if len(field.Names) == 0 {
			i++
		}
	}
	h.text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(p.src(lit.Body), "{"), "}"))
	if len(set) > 0 {
		h.text = strings.Join(set, ", ") + " := " + strings.Join(to, ", ") + "\n" + h.text
	}
	return h, true
}

// isLiteral reports whether a local variable is nothing but a function literal.
func (p *pkg) isLiteral(v *types.Var) bool {
	if v.Kind() != types.LocalVar || len(p.inits[v]) != 1 || p.inits[v][0] == nil || !p.untyped(v) {
		return false
	}
	_, ok := ast.Unparen(p.inits[v][0]).(*ast.FuncLit)
	return ok
}

// read reports whether a variable is used other than by assigning to it.
func (p *pkg) read(obj types.Object) bool {
	return slices.ContainsFunc(p.uses[obj], func(use inspector.Cursor) bool {
		kind, _ := use.ParentEdge()
		return kind != edge.AssignStmt_Lhs
	})
}

// named reports whether there is an identifier of that name in n.
func named(n ast.Node, name string) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
