package migrate

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

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
		return s.made(name, args)
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

func (s *sethvargos) made(name string, args []ast.Expr) string {
	if len(args) == 0 {
		return "of its backoff " + name
	}
	if name == "WithFullJitter" {
		if why := s.eval(args[0]); why != "" {
			return why
		}
		if !s.exponential || s.full || s.jitter != "" || s.percent != "" {
			return "of the order of its backoff's parts"
		}
		s.full = true
		return ""
	}
	v, ok := s.p.amount(args[0], sethvargo)
	if !ok {
		return "a value of its backoff is made in the call"
	}
	s.values = append(s.values, args[0])
	text := v.text
	if f, ok := v.float(); ok && f <= 0 && name != "WithMaxRetries" {
		return "of the " + text + " in its backoff"
	}
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
		s.attempts, s.attemptsComment = s.p.retries(args[0], text)
	case "WithCappedDuration":
		if !s.exponential || s.full || s.jitter != "" || s.percent != "" || s.most != "" {
			return "of the order of its backoff's parts"
		}
		s.most = text
	case "WithMaxDuration":
		if s.within != "" {
			return "it limits its time twice"
		}
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
		if v.value == nil || !s.p.untypedConst(args[0]) {
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
