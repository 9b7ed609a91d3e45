package check

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/cfg"
)

// A point is a place in a control-flow graph: before the i-th node of the block.
type point struct {
	b *cfg.Block
	i int
}

// A graph is the control flow of one attempt.
type graph struct {
	f    *findings
	from *cfg.Block // where an attempt begins
	head *cfg.Block // the same for a loop, whose iterations end there; nil for a function
	body *ast.BlockStmt
	all  []*cfg.Block
}

// flow returns the control flow of a body, which is that of an attempt of c if there is a c, or nil where it can't be told.
func (f *findings) flow(body *ast.BlockStmt, c *call) *graph {
	jumps := false
	ast.Inspect(body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		jumps = jumps || ok && b.Tok == token.GOTO
		return !jumps
	})
	if jumps {
		return nil
	}
	g := &graph{f: f, body: body}
	if c == nil || c.loop == nil {
		g.all = cfg.New(body, f.mayReturn).Blocks
		g.from = g.all[0]
		return g
	}
	// So that break and continue have something to refer to:
	around := &ast.BlockStmt{Lbrace: body.Lbrace, Rbrace: body.Rbrace, List: []ast.Stmt{&ast.ForStmt{For: c.loop.For, Body: body}}}
	g.all = cfg.New(around, f.mayReturn).Blocks
	g.from = g.all[0]
	for _, b := range g.all {
		if b.Kind == cfg.KindForBody && b.Stmt == around.List[0] {
			g.from, g.head = b, b
		}
	}
	return g
}

// mayReturn reports whether a call may return, as far as can be told without looking into other packages.
func (f *findings) mayReturn(e *ast.CallExpr) bool {
	if id, ok := ast.Unparen(e.Fun).(*ast.Ident); ok {
		if b, ok := f.info.Uses[id].(*types.Builtin); ok && b.Name() == "panic" {
			return false
		}
	}
	fn := f.callee(e)
	if fn == nil || fn.Pkg() == nil {
		return true
	}
	switch fn.Name() { // of loggers, too
	case "Fatal", "Fatalf", "Fatalln":
		return false
	}
	switch fn.Pkg().Path() {
	case "os":
		return fn.Name() != "Exit"
	case "runtime":
		return fn.Name() != "Goexit"
	case "log":
		switch fn.Name() {
		case "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln":
			return false
		}
	case "testing":
		switch fn.Name() {
		case "Fatal", "Fatalf", "FailNow", "Skip", "Skipf", "SkipNow":
			return false
		}
	}
	return true
}

// reach follows each path from a point, as far as stop lets it. It calls node with each node on the way, and ends where the
// attempt ends, with the return statement by which it does so or nil.
func (g *graph) reach(from point, stop func(ast.Node) bool, node func(ast.Node), ends func(*ast.ReturnStmt, token.Pos)) {
	seen := map[*cfg.Block]bool{}
	var visit func(p point)
	visit = func(p point) {
		var last ast.Node
		yes, no := false, false // whether the branch for a condition that holds, or that doesn't, is stopped
		for _, n := range p.b.Nodes[p.i:] {
			if node != nil {
				node(n)
			}
			if e, ok := n.(ast.Expr); ok && len(p.b.Succs) == 2 {
				yes, no = outcomes(e, stop)
			} else {
				yes, no = stop(n), stop(n)
			}
			if yes && no {
				return
			}
			last = n
		}
		if r, ok := last.(*ast.ReturnStmt); ok {
			if ends != nil {
				ends(r, r.Pos())
			}
			return
		}
		for i, s := range p.b.Succs {
			if len(p.b.Succs) == 2 && (i == 0 && yes || i == 1 && no) {
				continue
			}
			_, jump := s.Stmt.(*ast.BranchStmt)
			switch {
			case g.head != nil && (s == g.head || s.Stmt == g.head.Stmt || jump && s.Kind == cfg.KindUnreachable):
				if ends != nil {
					ends(nil, g.pos(p.b))
				}
			case !seen[s]:
				seen[s] = true
				visit(point{s, 0})
			}
		}
	}
	visit(from)
}

// outcomes reports whether stop holds for something that was evaluated when the condition e holds, and when it doesn't. The graph
// has && and || as one node.
func outcomes(e ast.Expr, stop func(ast.Node) bool) (yes, no bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			no, yes = outcomes(e.X, stop)
			return yes, no
		}
	case *ast.BinaryExpr:
		xYes, xNo := outcomes(e.X, stop)
		yYes, yNo := outcomes(e.Y, stop)
		switch e.Op {
		case token.LAND:
			return xYes || yYes, xNo && (xYes || yNo)
		case token.LOR:
			return xYes && (xNo || yYes), xNo || yNo
		}
	}
	return stop(e), stop(e)
}

// pos returns a position for the end of a block.
func (g *graph) pos(b *cfg.Block) token.Pos {
	switch {
	case len(b.Nodes) > 0:
		return b.Nodes[len(b.Nodes)-1].Pos()
	case b == g.head || b.Stmt == nil:
		return g.body.Rbrace
	}
	switch b.Kind {
	case cfg.KindIfDone, cfg.KindForDone, cfg.KindRangeDone, cfg.KindSwitchDone, cfg.KindSelectDone:
		return b.Stmt.End() - 1
	}
	return b.Stmt.Pos()
}

// after returns the place right after a node.
func (g *graph) after(n ast.Node) point {
	for _, b := range g.all {
		for i, other := range b.Nodes {
			if other == n {
				return point{b, i + 1}
			}
		}
	}
	return point{g.from, 0}
}

// points returns the places in the graph right after a node that holds something for which is returns true.
func (g *graph) points(is func(ast.Node) bool) (after []point) {
	for _, b := range g.all {
		if !b.Live {
			continue
		}
		for i, n := range b.Nodes {
			if contains(n, is) {
				after = append(after, point{b, i + 1})
			}
		}
	}
	return after
}

// contains reports whether something in n, but not in a function literal in it, is what is asked for.
func contains(n ast.Node, is func(ast.Node) bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt:
			return false
		}
		found = found || n != nil && is(n)
		return !found
	})
	return found
}
