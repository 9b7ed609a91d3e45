package migrate

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

var avastAdvice = map[string]string{
	"Do":                           "retry.Do(ctx, retry.Policy{…}, f)",
	"Attempts":                     "Policy.Attempts",
	"Delay":                        "Initial of retry.Exponential, or retry.Constant",
	"MaxDelay":                     "Max of retry.Exponential",
	"MaxJitter":                    "Jitter of retry.Exponential",
	"RetryIf":                      "Policy.RetryIf",
	"Error":                        "*retry.Error: Failures has the first failure and the latest ones",
	"IsRecoverable":                "whether to retry is asked by Policy.RetryIf; retry.Stop marks are seen there by the call itself",
	"Option":                       "a retry.Policy",
	"New":                          "a retry.Policy, given to retry.Do with the context of each call",
	"NewWithData":                  "a retry.Policy, given to retry.Get with the context of each call",
	"RetryableFunc":                "func(context.Context) error",
	"DelayTypeFunc":                "a retry.Seq, or Policy.Decide where the delay depends on the failure",
	"DelayType":                    "a retry.Seq, or Policy.Decide where the delay depends on the failure",
	"AttemptsForError":             "Policy.Decide: d.Retry = d.Count(\"kind\") < n",
	"WithTimer":                    "nothing to do: time is testing/synctest's in tests",
	"WithThrottle":                 "Policy.Budget: a shared retry.Budget",
	"OnRetry":                      "Policy.Observe",
	"Unrecoverable":                "retry.Stop",
	"WithFixedTokenBucketThrottle": "Policy.Budget: a shared retry.Budget",
}

const avastNote = "avast/retry-go: a call that gives up returns a *retry.Error around the failures instead of a retry-go Error, or the last failure: errors.Is and errors.As see them, " +
	"but the text is another one. With a RetryIf of its own, Unrecoverable was retried; retry.Stop never is. retry.Get returns the last value with an error too. " +
	manyNote

var avastV4 = &peer{path: "github.com/avast/retry-go/v4", name: "retry", marks: map[string]string{"Unrecoverable": "Stop"},
	advice: avastAdvice, notes: []string{avastNote}}

var avastV5 = &peer{path: "github.com/avast/retry-go/v5", name: "retry", marks: map[string]string{"Unrecoverable": "Stop"},
	advice: avastAdvice, notes: []string{avastNote}}

func init() {
	avastV4.call = callAvastV4
	avastV5.call = callAvastV5
}

// callAvastV4 rewrites Do(op, options…).
func callAvastV4(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	target := map[string]string{"Do": "Do", "DoWithData": "Get"}[fn.Name()]
	if target == "" || fn.Signature().Recv() != nil {
		return "", false
	}
	if e.Ellipsis.IsValid() {
		return "its options are a slice", true
	}
	return p.avast(cur, e, avastV4, target, e.Args[0], e.Args[1:]), true
}

// callAvastV5 rewrites New(options…).Do(op).
func callAvastV5(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	if fn.Signature().Recv() == nil || fn.Name() != "Do" {
		return "", false
	}
	sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !ok {
		return "it isn't called as a method", true
	}
	made, ok := ast.Unparen(sel.X).(*ast.CallExpr)
	if !ok {
		return "its Retrier isn't made in the call", true
	}
	if made.Ellipsis.IsValid() {
		return "its options are a slice", true
	}
	name, args, ok := p.option(made, avastV5)
	target := map[string]string{"New": "Do", "NewWithData": "Get"}[name]
	if !ok || target == "" {
		return "its Retrier isn't made in the call", true
	}
	return p.avast(cur, e, avastV5, target, e.Args[0], args), true
}

func (p *pkg) avast(cur inspector.Cursor, e *ast.CallExpr, of *peer, target string, op ast.Expr, options []ast.Expr) string {
	tenth := fixed("100 * time.Millisecond", 1e8)
	a := &avastOptions{p: p, of: of, attempts: "10", attemptsDefault: true, delay: tenth, most: fixed("0", 0), jitter: tenth, double: true, random: true}
	for _, o := range options {
		name, args, ok := p.option(o, of)
		if !ok {
			return "an option isn't made here"
		}
		if why := a.add(name, args); why != "" {
			return why
		}
	}
	return p.emit(&rewrite{cur: cur, call: e, of: of, target: target, policy: a.policy(), op: op})
}

// avastOptions collects what options of avast/retry-go come to.
type avastOptions struct {
	p  *pkg
	of *peer

	attempts            string
	attemptsDefault     bool
	variable            bool // whether the number of attempts may be 0, for no limit
	delay, most, jitter amount
	double, random      bool // BackOffDelay or FixedDelay; RandomDelay
	ctx, retryIf, hook  string
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
		}
	case "OnRetry":
		a.hook = ""
		if a.p.TypesInfo.Types[args[0]].IsNil() {
			break
		}
		h, ok := a.p.hook(args[0], []string{"d", "decision", "retryDecision"}, "uint(%[1]s.Attempt-1)", "%[1]s.Err")
		if !ok {
			return "its OnRetry isn't a function of the program"
		}
		a.hook = "func(" + h.param + " *" + me + "Decision) {\nif !" + h.param + ".Retry" + h.or + " {\nreturn\n}\n" + h.text + "\n}"
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
	pol.set("Decide", a.hook, "called for the last failure too, as OnRetry was; Observe is for retries only")
	return pol
}
