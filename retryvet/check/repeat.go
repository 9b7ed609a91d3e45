package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// Repeat reports attempts that can't be repeated.
var Repeat = &analysis.Analyzer{
	Name: "retryrepeat",
	Doc: `report attempts that are not safe to repeat

A second attempt finds what the first one left. Reported are: a reader made outside of the attempt and read in it, which is
empty for the second attempt; an http.Request with a body, made outside and sent in it; and, where the attempt can fail
later, appending to a slice of the caller's or writing to its http.ResponseWriter.`,
	URL:      "https://pkg.go.dev/github.com/callagain/retry/retryvet/check#Repeat",
	Run:      with(runRepeat),
	Requires: []*analysis.Analyzer{calls},
}

func runRepeat(pass *analysis.Pass, f *findings) {
	for _, c := range f.list {
		if c.body == nil || f.once(c.policy) {
			continue
		}
		r := &repeat{findings: f, pass: pass, c: c, seen: map[types.Object]bool{}}
		r.readers()
		if !inTest(pass, c.expr.Pos()) {
			r.effects()
		}
	}
}

type repeat struct {
	*findings
	pass *analysis.Pass
	c    *call
	seen map[types.Object]bool
}

func (r *repeat) report(n ast.Node, obj types.Object, format string, args ...any) {
	if !r.seen[obj] {
		r.seen[obj] = true
		report(r.pass, analysis.Diagnostic{Pos: n.Pos(), End: n.End(), Message: fmt.Sprintf(format, args...)})
	}
}

// outer returns the local variable from outside of the attempt that e names, or nil.
func (r *repeat) outer(e ast.Expr) *types.Var {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := r.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || r.own(v) {
		return nil
	}
	return v
}

// own reports whether v belongs to the attempt.
func (r *repeat) own(v *types.Var) bool {
	return within(r.c.body, v.Pos()) || r.c.typ != nil && within(r.c.typ, v.Pos()) || r.c.loop != nil && v == r.c.param
}

// readers looks for what the first attempt reads to its end.
func (r *repeat) readers() {
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		e, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			switch sel.Sel.Name {
			case "Read", "ReadByte", "ReadBytes", "ReadString", "ReadRune", "ReadLine", "ReadFrom", "WriteTo", "Scan", "Decode":
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

// effects looks for what a failed attempt leaves behind.
func (r *repeat) effects() {
	g := r.flow(r.c.body, r.c)
	if g == nil {
		return
	}
	for _, b := range g.all {
		if !b.Live {
			continue
		}
		for i, n := range b.Nodes {
			if v, e := r.appends(n); v != nil && r.fails(g, point{b, i + 1}, nil, e) {
				r.report(e, v, "an attempt that fails after this leaves what it has appended to %s, and the next attempt appends it again; append to a slice of the attempt's own", v.Name())
			}
			if v, e := r.writes(n); v != nil && r.fails(g, point{b, i + 1}, n, e) {
				r.report(e, v, "an attempt that fails after this has already written to %s, and the next attempt writes again; write when the call has succeeded", v.Name())
			}
		}
	}
}

// appends returns the caller's slice that n appends to.
func (r *repeat) appends(n ast.Node) (*types.Var, ast.Node) {
	s, ok := n.(*ast.AssignStmt)
	if !ok || len(s.Lhs) != 1 || len(s.Rhs) != 1 {
		return nil, nil
	}
	v := r.outer(s.Lhs[0])
	e, ok := s.Rhs[0].(*ast.CallExpr)
	if v == nil || !ok || len(e.Args) < 2 || r.object(e.Args[0]) != v {
		return nil, nil
	}
	id, ok := e.Fun.(*ast.Ident)
	if !ok {
		return nil, nil
	}
	if b, ok := r.info.Uses[id].(*types.Builtin); !ok || b.Name() != "append" {
		return nil, nil
	}
	slice, ok := v.Type().Underlying().(*types.Slice)
	if !ok || types.Implements(slice.Elem(), errorType.Underlying().(*types.Interface)) || isNamed(slice.Elem(), "time", "Time") || isNamed(slice.Elem(), "time", "Duration") {
		return nil, nil // a record of the attempts
	}
	for _, a := range e.Args[1:] {
		record := false
		ast.Inspect(a, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			record = record || ok && isFunc(r.callee(c), root, "Attempt", "Delay")
			return !record
		})
		if record {
			return nil, nil
		}
	}
	fresh := false // the attempt begins with a slice of its own
	ast.Inspect(r.c.body, func(n ast.Node) bool {
		if s, ok := n.(*ast.AssignStmt); ok {
			for i, l := range s.Lhs {
				if r.object(l) == v && (len(s.Rhs) != len(s.Lhs) || !r.mentionsAppend(s.Rhs[i], v)) {
					fresh = true
				}
			}
		}
		return !fresh
	})
	if fresh {
		return nil, nil
	}
	return v, s
}

func (r *repeat) mentionsAppend(e ast.Expr, v types.Object) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && len(c.Args) > 1 && r.object(c.Args[0]) == v
}

// writes returns the caller's response that n writes to.
func (r *repeat) writes(n ast.Node) (found *types.Var, at ast.Node) {
	contains(n, func(n ast.Node) bool {
		e, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			if v := r.outer(sel.X); v != nil && isNamed(v.Type(), "net/http", "ResponseWriter") && sel.Sel.Name != "Header" {
				found, at = v, e
			}
		}
		for _, a := range e.Args {
			if v := r.outer(a); v != nil && isNamed(v.Type(), "net/http", "ResponseWriter") {
				found, at = v, e
			}
		}
		return found != nil
	})
	return found, at
}

// fails reports whether the attempt may fail, and be retried, after a point. If self isn't nil and is what ends the attempt,
// its own failure counts.
func (r *repeat) fails(g *graph, p point, self, at ast.Node) bool {
	var ends []ast.Expr // what the attempt may end with
	assigned := map[types.Object]bool{}
	look := func(n ast.Node) {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, l := range s.Lhs {
				assigned[r.object(l)] = true
			}
		case *ast.ReturnStmt:
			switch {
			case r.c.loop != nil:
			case len(s.Results) > 0:
				ends = append(ends, s.Results[len(s.Results)-1])
			default:
				for _, field := range r.c.typ.Results.List {
					for _, name := range field.Names {
						ends = append(ends, name)
					}
				}
			}
		}
		if r.c.loop != nil {
			contains(n, func(n ast.Node) bool {
				if e, ok := n.(*ast.CallExpr); ok && isMethod(r.callee(e), root, "Loop", "Done") && len(e.Args) == 1 {
					ends = append(ends, e.Args[0])
				}
				return false
			})
		}
	}
	if self != nil {
		look(self)
	}
	if _, ok := self.(*ast.ReturnStmt); !ok {
		g.reach(p, func(ast.Node) bool { return false }, look, nil)
	}
	for _, e := range ends {
		v, isVar := r.object(e).(*types.Var)
		_, isCall := ast.Unparen(e).(*ast.CallExpr)
		switch {
		case r.isNil(e), r.marked(e, "Stop"), !r.isError(e):
		case isCall, !isVar, v.Pkg() != nil && v.Parent() == v.Pkg().Scope():
			return true
		case assigned[v], r.failed(v, at): // or else it is what it was before, when all went well
			return true
		}
	}
	return false
}

// failed reports whether n is only reached if the error v isn't nil.
func (r *repeat) failed(v types.Object, n ast.Node) (found bool) {
	ast.Inspect(r.c.body, func(s ast.Node) bool {
		if s, ok := s.(*ast.IfStmt); ok && within(s.Body, n.Pos()) {
			if b, ok := ast.Unparen(s.Cond).(*ast.BinaryExpr); ok && b.Op == token.NEQ && r.object(b.X) == v && r.isNil(b.Y) {
				found = true
			}
		}
		return !found
	})
	return found
}
