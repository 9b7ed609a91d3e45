package migrate

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

var sethvargo = &peer{
	path: "github.com/sethvargo/go-retry", name: "retry",
	advice: map[string]string{
		"RetryableError":  "the other way round: every failure is retried but those marked by retry.Stop; or Policy.RetryIf",
		"Backoff":         "a retry.Policy where it is given to a call, a retry.Backoff where only the delays matter",
		"BackoffFunc":     "a retry.Seq",
		"NewConstant":     "retry.Constant(d), with Policy.Attempts or retry.Unlimited",
		"NewExponential":  "retry.Exponential{Initial: d}",
		"NewFibonacci":    "a retry.Seq, or retry.Exponential{Initial: d}",
		"WithMaxRetries":  "Policy.Attempts: one more, since it includes the first attempt",
		"WithMaxDuration": "Policy.Within",
		"RetryFunc":       "func(context.Context) error",
	},
	notes: []string{"sethvargo/go-retry: a call that gives up returns a *retry.Error around the failures instead of the last one: errors.Is and errors.As see them, == doesn't. " +
		"Get returns the last value with an error too. A Backoff was for one call, a Policy is for any number. A delay that would outlast the context's deadline isn't begun, and context.Canceled isn't retried."},
}

func init() { sethvargo.call = callSethvargo }

// callSethvargo rewrites Do(ctx, b, op) and its relatives.
func callSethvargo(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	s := &sethvargos{p: p}
	target := "Do"
	why := ""
	switch fn.Name() {
	case "Do":
		why = s.eval(e.Args[1])
	case "DoValue":
		target = "Get"
		why = s.eval(e.Args[1])
	case "Constant", "Exponential", "Fibonacci":
		why = s.made2("New"+fn.Name(), e.Args[1:2])
	default:
		return "", false
	}
	if why != "" {
		return why, true
	}
	lit, ok := ast.Unparen(e.Args[2]).(*ast.FuncLit)
	if !ok {
		return "its function isn't written in the call, and what it returns is only retried if marked by RetryableError", true
	}
	edits, why := p.invert(lit)
	if why != "" {
		return why, true
	}
	from := e.Pos()
	for _, d := range s.deletes {
		from = min(from, d.Pos())
	}
	if !p.unchanged(s.values, from, e.Pos()) {
		return "what its backoff is made of changes before the call", true
	}
	pol := s.policy()
	pol.ctx = p.src(e.Args[0])
	if why := p.emit(&rewrite{cur: cur, call: e, of: sethvargo, target: target, policy: pol, op: e.Args[2], takes: true, deletes: s.deletes}); why != "" {
		return why, true
	}
	f := p.fileOf(e.Pos())
	f.edits = append(f.edits, edits...)
	return "", true
}

// invert returns the edits by which a function whose failures are retried if they are marked becomes one whose failures are
// retried unless they are marked.
func (p *pkg) invert(lit *ast.FuncLit) (edits []edit, why string) {
	marked := map[*ast.CallExpr]bool{}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if inner, ok := n.(*ast.FuncLit); ok {
			if p.foreign(inner) != nil {
				why = "a function in its function uses the library"
			}
			return false
		}
		r, ok := n.(*ast.ReturnStmt)
		if !ok {
			return why == ""
		}
		if len(r.Results) == 0 || len(r.Results) != lit.Type.Results.NumFields() {
			why = "its function returns without naming the error"
			return false
		}
		e := ast.Unparen(r.Results[len(r.Results)-1])
		if p.TypesInfo.Types[e].IsNil() {
			return false
		}
		if c, ok := e.(*ast.CallExpr); ok {
			if name, args, ok := p.option(c, sethvargo); ok && name == "RetryableError" {
				marked[c] = true
				edits = append(edits, edit{c.Pos(), args[0].Pos(), ""}, edit{args[0].End(), c.End(), ""})
				return false
			}
			if fn, _ := p.callee(c); fn == nil || !harmless(fn) {
				why = "its function returns what another one does, which may be marked by RetryableError"
				return false
			}
		}
		edits = append(edits, edit{e.Pos(), e.Pos(), me + "Stop("}, edit{e.End(), e.End(), ")"})
		return false
	})
	if why != "" {
		return nil, why
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && !marked[c] {
			if name, _, ok := p.option(c, sethvargo); ok && name == "RetryableError" {
				why = "its function marks an error before it returns it"
			}
		}
		return why == ""
	})
	return edits, why
}

// harmless reports whether a function makes an error without a mark.
func harmless(fn *types.Func) bool {
	return fn.Pkg() != nil && (fn.Pkg().Path() == "errors" || fn.Pkg().Path() == "fmt")
}

// sethvargos collects what a Backoff of sethvargo/go-retry comes to.
type sethvargos struct {
	p                         *pkg
	base                      string // the Backoff without jitter
	exponential, constant     bool
	most, jitter, percent     string
	full                      bool
	attempts, attemptsComment string
	within                    string
	values                    []ast.Expr
	deletes                   []ast.Stmt
	current                   types.Object // a variable whose value so far this is
}

func (s *sethvargos) eval(e ast.Expr) string {
	if name, args, ok := s.p.option(e, sethvargo); ok {
		return s.made2(name, args)
	}
	if id, ok := ast.Unparen(e).(*ast.Ident); ok && s.current != nil && s.p.TypesInfo.Uses[id] == s.current {
		return ""
	}
	l, why := s.p.local(e, func(use inspector.Cursor) bool {
		kind, i := use.ParentEdge()
		if kind != edge.CallExpr_Args || !s.p.once(use) {
			return false
		}
		fn, lib := s.p.callee(use.Parent().Node().(*ast.CallExpr))
		return lib == sethvargo && fn.Signature().Recv() == nil && i == 1
	})
	if l == nil {
		return "of its backoff: " + why
	}
	if why := s.eval(l.init); why != "" {
		return why
	}
	defer func(old types.Object) { s.current = old }(s.current)
	s.current = l.obj
	for _, again := range l.again {
		if why := s.eval(again); why != "" {
			return why
		}
	}
	s.deletes = append(s.deletes, l.def.Node().(ast.Stmt))
	s.deletes = append(s.deletes, l.stmts...)
	return ""
}

func (s *sethvargos) made2(name string, args []ast.Expr) string {
	if len(args) == 0 {
		return "of its backoff " + name
	}
	text, ok := s.p.value(args[0], sethvargo)
	if !ok {
		return "a value of its backoff is made in the call"
	}
	s.values = append(s.values, args[0])
	switch name {
	case "NewConstant":
		s.base, s.constant = text, true
		return ""
	case "NewExponential":
		s.base, s.exponential = text, true
		return ""
	case "NewFibonacci":
		s.base = text
		return ""
	case "WithFullJitter":
		if why := s.eval(args[0]); why != "" {
			return why
		}
		if !s.exponential || s.jitter != "" || s.percent != "" {
			return "of the order of its backoff's parts"
		}
		s.full = true
		return ""
	}
	if len(args) != 2 {
		return "of its backoff " + name
	}
	if why := s.eval(args[1]); why != "" {
		return why
	}
	switch name {
	case "WithMaxRetries":
		if s.attempts != "" {
			return "it limits the retries twice"
		}
		if n, ok := s.p.constant(args[0]); ok {
			s.attempts, s.attemptsComment = fmt.Sprint(n+1), fmt.Sprintf("were %d retries; attempts include the first", n)
		} else {
			s.attempts, s.attemptsComment = "int("+text+") + 1", "were retries; attempts include the first"
		}
	case "WithCappedDuration":
		if !s.exponential || s.full || s.jitter != "" || s.percent != "" || s.most != "" {
			return "of the order of its backoff's parts"
		}
		s.most = text
	case "WithMaxDuration":
		s.within = text
	case "WithJitter":
		if s.full || s.jitter != "" || s.percent != "" {
			return "of the order of its backoff's parts"
		}
		s.jitter = text
	case "WithJitterPercent":
		if s.full || s.jitter != "" || s.percent != "" {
			return "of the order of its backoff's parts"
		}
		s.percent = text
		if _, ok := s.p.constant(args[0]); !ok {
			s.percent = "float64(" + text + ")"
		}
	default:
		return "of its backoff " + name
	}
	return ""
}

func (s *sethvargos) policy() *policy {
	pol := &policy{}
	text, endless := "", true
	comment := ""
	switch {
	case s.constant:
		text, comment = me+"Constant("+s.base+")", "without jitter; "+me+"Exponential{} spreads retries"
	case s.exponential:
		most := s.most
		if most == "" {
			most = "math.MaxInt64"
			pol.need("math")
			comment = "without a limit; leave Max out for one of 2 minutes"
		}
		text = fmt.Sprintf("%sExponential{Initial: %s, Max: %s}", me, s.base, most)
		if !s.full {
			text = fmt.Sprintf("%sExponential{Initial: %s, Max: %s, Jitter: %sNoJitter}", me, s.base, most, me)
			comment = "without jitter; leave NoJitter out to spread retries"
		}
	default:
		pol.help("fibonacciDelays")
		text, comment, endless = "fibonacciDelays("+s.base+")", "the delays as they were; "+me+"Exponential{} spreads retries", false
	}
	if s.jitter != "" || s.percent != "" {
		jitter, percent := s.jitter, s.percent
		if jitter == "" {
			jitter = "0"
		}
		if percent == "" {
			percent = "0"
		}
		pol.help("jitteredDelays")
		text, comment, endless = fmt.Sprintf("jitteredDelays(%s, %s, %s)", text, jitter, percent), "the delays as they were; "+me+"Exponential{} spreads them more", false
	}
	pol.set("Backoff", text, comment)
	switch {
	case s.attempts != "":
		pol.set("Attempts", s.attempts, s.attemptsComment)
	case endless:
		pol.set("Attempts", me+"Unlimited", "")
	}
	pol.set("Within", s.within, "from the call on, and the last delay isn't cut short for one more attempt at the limit")
	return pol
}
