package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// A hook is what stands at the end of a function that takes another library's hook's place.
type hook struct {
	param string // of that function
	text  string
	or    string // a condition, beginning with ||, under which there was no hook
}

// hook returns a hook that calls fn with the given arguments, in which %[1]s is the parameter: for a literal its body, with
// its own parameters set. The parameter is the first of names that fn doesn't mention.
func (p *pkg) hook(fn ast.Expr, names []string, args ...string) (h hook, ok bool) {
	if p.foreign(fn) != nil {
		return h, false
	}
	fn = ast.Unparen(fn)
	for _, h.param = range names {
		if !named(fn, h.param) {
			break
		}
	}
	values := make([]string, len(args))
	for i, a := range args {
		values[i] = fmt.Sprintf(a, h.param)
	}
	lit, isLit := fn.(*ast.FuncLit)
	if !isLit {
		name, ok := fn.(*ast.Ident)
		if sel, isSel := fn.(*ast.SelectorExpr); isSel {
			name, ok = sel.Sel, true
		}
		if !ok {
			return h, false
		}
		if _, isVar := p.TypesInfo.Uses[name].(*types.Var); isVar {
			h.or = " || " + p.src(fn) + " == nil"
		}
		h.text = p.src(fn) + "(" + strings.Join(values, ", ") + ")"
		return h, true
	}
	var set, to []string
	i := 0
	for _, field := range lit.Type.Params.List {
		for _, name := range field.Names {
			if obj := p.TypesInfo.Defs[name]; obj != nil && len(p.uses[obj]) > 0 {
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

// named reports whether there is an identifier of that name in n.
func named(n ast.Node, name string) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
