package migrate

import (
	"fmt"
	"go/ast"

	"golang.org/x/tools/go/ast/inspector"
)

// avastOptions collects what options of avast/retry-go come to.
type avastOptions struct {
	p   *pkg
	of  *peer
	cur inspector.Cursor // of the call

	attempts            string
	attemptsDefault     bool
	variable            bool // whether the number of attempts may be 0, for no limit
	delay, most, jitter amount
	double, random      bool // BackOffDelay or FixedDelay; RandomDelay
	ctx, retryIf, hook  string
	retryIfMade         bool   // whether retryIf is the result of a call
	helper              string // that hook needs
}

func (a *avastOptions) add(name string, args []ast.Expr) string {
	var v amount
	switch name {
	case "Attempts", "Delay", "MaxDelay", "MaxJitter", "Context":
		var ok bool
		if v, ok = a.p.amount(args[0], a.of); !ok {
			return "the value of its option " + name + " is made in the call"
		}
	}
	switch name {
	case "Attempts":
		a.attempts, a.attemptsDefault, a.variable = a.p.attempts(args[0], v.text, 0), false, v.value == nil
		if v.is(0) {
			a.attempts = ""
		}
	case "UntilSucceeded":
		a.attempts, a.attemptsDefault, a.variable = "", false, false
	case "Delay":
		a.delay = v
	case "MaxDelay":
		a.most = v
	case "MaxJitter":
		a.jitter = v
	case "Context":
		a.ctx = v.text
	case "LastErrorOnly", "WrapContextErrorWithLastError": // *retry.Error has all of them
	case "DelayType":
		a.double, a.random = false, false
		kinds := []ast.Expr{args[0]}
		if name, args, ok := a.p.option(args[0], a.of); ok && name == "CombineDelay" {
			kinds = args
		}
		bases := 0
		for _, k := range kinds {
			id := a.p.foreign(k)
			if _, ok := ast.Unparen(k).(*ast.SelectorExpr); !ok || id == nil {
				return "its DelayType is one of its own"
			}
			switch id.Name {
			case "FixedDelay":
				bases++
			case "BackOffDelay":
				a.double = true
				bases++
			case "RandomDelay":
				if a.random {
					return "its DelayType has RandomDelay twice"
				}
				a.random = true
			default:
				return "its DelayType is " + id.Name
			}
		}
		if bases > 1 {
			return "its DelayType combines several delays"
		}
		if bases == 0 {
			a.delay = fixed("0", 0)
		}
	case "RetryIf":
		if a.p.foreign(args[0]) != nil {
			return "its RetryIf uses the library"
		}
		a.retryIf = ""
		if !a.p.TypesInfo.Types[args[0]].IsNil() {
			a.retryIf = a.p.src(args[0])
			_, lit := ast.Unparen(args[0]).(*ast.FuncLit)
			a.retryIfMade = !lit && a.p.stable(args[0], a.cur) != ""
		}
	case "OnRetry":
		a.hook, a.helper = "", ""
		if a.p.TypesInfo.Types[args[0]].IsNil() {
			break
		}
		h, ok := a.p.hook(args[0], a.cur, []string{"d", "decision", "retryDecision"}, "uint(%[1]s.Attempt-1)", "%[1]s.Err")
		switch {
		case ok:
			a.hook = "func(" + h.param + " *" + me + "Decision) {\nif !" + h.param + ".Retry" + h.or + " {\nreturn\n}\n" + h.text + "\n}"
		case a.p.foreign(args[0]) == nil:
			a.hook, a.helper = "avastOnRetry("+a.p.src(args[0])+")", "avastOnRetry"
		default:
			return "its OnRetry isn't a function of the program"
		}
	default:
		return "of its option " + name
	}
	return ""
}

func (a *avastOptions) policy() *policy {
	pol := &policy{ctx: a.ctx}
	switch two := fixed("2", 2); {
	case !a.random && !a.variable && !a.double && a.most.is(0):
		pol.set("Backoff", me+"Constant("+a.delay.text+")", a.delay.comment(a.attempts == ""))
		if a.attempts == "" {
			a.attempts = me + "Unlimited"
		}
	case !a.random && !a.variable && a.double && schedule(a.delay, a.most, two):
		pol.set("Backoff", fmt.Sprintf("%sExponential{Initial: %s, Max: %s, Jitter: %sNoJitter}", me, a.delay.text, a.most.text, me), "without jitter; leave NoJitter out to spread retries")
		if a.attempts == "" {
			a.attempts = me + "Unlimited"
		}
	default:
		jitter := a.jitter.text
		if !a.random {
			jitter = "0"
		}
		pol.help("avastDelays")
		pol.set("Backoff", fmt.Sprintf("avastDelays(%s, %s, %s, %v)", a.delay.text, jitter, a.most.text, a.double),
			fmt.Sprintf("the delays as they were; %sExponential{Initial: %s} spreads them more", me, a.delay.text))
	}
	if a.attemptsDefault {
		pol.set("Attempts", a.attempts, "avast/retry-go's default; 4 is the default here")
	} else {
		pol.set("Attempts", a.attempts, "")
	}
	pol.set("RetryIf", a.retryIf, "")
	if a.helper != "" {
		pol.help(a.helper)
	}
	pol.set("Decide", a.hook, "called for the last failure too, as OnRetry was; Observe is for retries only")
	return pol
}
