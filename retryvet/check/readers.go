package check

import (
	"go/ast"
	"go/types"
)

// readers looks for what the first attempt reads to its end.
func (r *repeat) readers() {
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		e, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			switch sel.Sel.Name {
			case "Read", "ReadByte", "ReadBytes", "ReadString", "ReadRune", "ReadLine", "WriteTo", "ReadAll", "Scan", "Decode":
				if v := r.outer(sel.X); v != nil && r.finite(v) && !r.rewound(v) {
					r.reportReader(sel.X, v)
				}
				r.bodies(sel.X)
			}
		}
		sig, ok := r.info.TypeOf(e.Fun).(*types.Signature)
		if !ok {
			return true
		}
		for i, a := range e.Args {
			if i >= sig.Params().Len() {
				break
			}
			if reads(sig.Params().At(i).Type()) {
				r.bodies(a)
			}
			v := r.outer(r.original(a))
			if v == nil {
				continue
			}
			if isNamed(v.Type(), "net/http", "Request") {
				r.request(e, a, v)
				continue
			}
			if reads(sig.Params().At(i).Type()) && r.finite(v) && !r.rewound(v) {
				r.reportReader(a, v)
			}
		}
		return true
	})
}

func (r *repeat) reportReader(at ast.Expr, v *types.Var) {
	r.report(at, v, "%s is made outside of the attempt and read in it: the second attempt finds it empty; make it in the attempt, or seek to its start", v.Name())
}

// reads reports whether a parameter of type t is there to be read from.
func reads(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && has(i, "Read") && !has(i, "Write") && !has(i, "Seek") && !has(i, "ReadAt")
}

func has(t types.Type, method string) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, method)
	_, ok := obj.(*types.Func)
	return ok
}

// finite reports whether v is something that is read to its end, rather than a connection.
func (r *repeat) finite(v *types.Var) bool {
	t := types.Unalias(v.Type())
	for path, names := range map[string][]string{
		"bytes": {"Buffer", "Reader"}, "strings": {"Reader"}, "os": {"File"}, "io": {"Reader", "ReadCloser", "LimitedReader"},
		"compress/gzip": {"Reader"}, "encoding/csv": {"Reader"}, "archive/tar": {"Reader"},
	} {
		for _, name := range names {
			if isNamed(t, path, name) {
				return len(r.inits[v]) <= 1 && r.finiteInit(v)
			}
		}
	}
	// What reads from a reader is as finite as that.
	if isNamed(t, "bufio", "Reader") || isNamed(t, "bufio", "Scanner") || isNamed(t, "encoding/json", "Decoder") || isNamed(t, "encoding/xml", "Decoder") {
		c, ok := r.only(v).(*ast.CallExpr)
		if ok && len(c.Args) > 0 {
			from, ok := r.object(c.Args[0]).(*types.Var)
			return ok && !from.IsField() && r.finite(from)
		}
	}
	return false
}

// finiteInit reports whether nothing is known of how v was made, or something that speaks for a finite reader.
func (r *repeat) finiteInit(v *types.Var) bool {
	if isNamed(v.Type(), "bytes", "Buffer") && len(r.inits[v]) == 0 {
		for _, u := range r.uses[v] { // var buf bytes.Buffer that only attempts use is for their output
			if !within(r.c.body, u.Node().Pos()) && u.Node().Pos() < r.c.expr.Pos() {
				return true
			}
		}
		return v.Kind() == types.ParamVar
	}
	e := r.only(v)
	if e == nil {
		return true
	}
	if sel, ok := e.(*ast.SelectorExpr); ok { // os.Stdin, resp.Body
		obj := r.object(sel)
		return obj == nil || obj.Pkg() == nil || obj.Pkg().Path() != "os"
	}
	return true
}

// rewound reports whether the attempt itself makes v new, or moves it to where it was.
func (r *repeat) rewound(v *types.Var) bool {
	found := false
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				found = found || r.object(l) == v
			}
		case *ast.CallExpr:
			if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok && r.object(sel.X) == v {
				switch sel.Sel.Name {
				case "Seek", "Reset", "Truncate":
					found = true
				}
			}
		case *ast.TypeAssertExpr:
			found = found || r.object(n.X) == v
		}
		return !found
	})
	return found
}
