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
			}
		}
		sig, ok := r.info.TypeOf(e.Fun).(*types.Signature)
		if !ok {
			return true
		}
		for i, a := range e.Args {
			v := r.outer(a)
			if v == nil || i >= sig.Params().Len() {
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

// request looks at a request that is made outside of the attempt and sent in it.
func (r *repeat) request(e *ast.CallExpr, at ast.Expr, v *types.Var) {
	fn := r.callee(e)
	if !isMethod(fn, "net/http", "Client", "Do") && (fn == nil || fn.Name() != "RoundTrip") {
		return
	}
	made, ok := ast.Expr(nil), false
	if len(r.inits[v]) != 1 {
		return
	}
	made = ast.Unparen(r.inits[v][0])
	c, isCall := made.(*ast.CallExpr)
	if !isCall || !isFunc(r.callee(c), "net/http", "NewRequest", "NewRequestWithContext") {
		return
	}
	body := ast.Unparen(c.Args[len(c.Args)-1])
	if r.isNil(body) {
		return
	}
	if obj := r.object(body); obj != nil && obj.Name() == "NoBody" {
		return
	}
	ast.Inspect(r.c.body, func(n ast.Node) bool { // req.Body, err = req.GetBody()
		if sel, isSel := n.(*ast.SelectorExpr); isSel && r.object(sel.X) == v && (sel.Sel.Name == "GetBody" || sel.Sel.Name == "Body") {
			ok = true
		}
		return !ok
	})
	if !ok && !r.rewound(v) {
		r.report(at, v, "the body of %s, made outside of the attempt, is read by the first attempt: the second sends none, or fails; make the request in the attempt, or set its Body from GetBody", v.Name())
	}
}
