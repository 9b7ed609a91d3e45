package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

var backoffConsts = map[string]string{
	"DefaultInitialInterval": "500 * time.Millisecond", "DefaultRandomizationFactor": "0.5", "DefaultMultiplier": "1.5",
	"DefaultMaxInterval": "60 * time.Second", "DefaultMaxElapsedTime": "15 * time.Minute",
}

var backoffAdvice = map[string]string{
	"InitialInterval":       "Initial of retry.Exponential",
	"MaxInterval":           "Max of retry.Exponential",
	"Multiplier":            "Grow of retry.Exponential, which doubles without it",
	"RandomizationFactor":   "Jitter of retry.Exponential",
	"MaxElapsedTime":        "Policy.Within",
	"Clock":                 "nothing to do: time is testing/synctest's in tests",
	"WithMaxTries":          "Policy.Attempts",
	"WithMaxElapsedTime":    "Policy.Within",
	"WithBackOff":           "Policy.Backoff",
	"WithNotify":            "Policy.Observe",
	"NewTicker":             "range over (&retry.Loop{}).Attempts, which yields a context for each attempt",
	"NewTickerWithTimer":    "range over a retry.Loop's Attempts; time is testing/synctest's in tests",
	"RetryNotifyWithTimer":  "retry.Do with Policy.Observe; time is testing/synctest's in tests",
	"BackOff":               "a retry.Policy where it is given to a call, a retry.Backoff where only the delays matter",
	"BackOffContext":        "give the context to retry.Do",
	"ExponentialBackOff":    "a retry.Policy{Backoff: retry.Exponential{…}}: a value, which is safe to share",
	"NewExponentialBackOff": "a retry.Policy{Backoff: retry.Exponential{…}}: a value, which is safe to share",
	"NewConstantBackOff":    "retry.Constant(d), with Policy.Attempts or retry.Unlimited",
	"WithMaxRetries":        "Policy.Attempts: one more, since it includes the first attempt",
	"WithContext":           "give the context to retry.Do",
	"Permanent":             "retry.Stop",
	"PermanentError":        "retry.Stop marks an error that stays visible to errors.Is and errors.As; there is no type to look for",
	"NextBackOff":           "Policy.Next gives the delay that follows a failure; Backoff.Delays gives all of them",
	"Reset":                 "nothing to do: every call begins anew",
	"Stop":                  "a Backoff ends by ending: retry.List{0, time.Second}, or a retry.Seq that returns",
	"Notify":                "Policy.Observe",
	"Operation":             "func(context.Context) error",
	"RetryError":            "*retry.Error: Reason says why the call gave up, Last is the last failure",
	"AsRetryError":          "errors.AsType[*retry.Error](err)",
	"ErrExhausted":          "retry.ErrExhausted",
	"ErrMaxElapsedTime":     "retry.ErrTooLate",
	"ErrPermanent":          "a failure that isn't retried is returned as it is: look for the failure itself",
	"RetryAfterError":       "retry.After marks an error that stays visible to errors.Is and errors.As",
}

const backoffNote = "cenkalti/backoff: a call that gives up returns a *retry.Error around the failures instead of the last one: errors.Is and errors.As see them, == doesn't. " +
	"A context that is already over makes no attempt, a delay that would outlast the context's deadline isn't begun, and context.Canceled isn't retried."

var backoffV4 = &peer{
	path: "github.com/cenkalti/backoff/v4", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop"}, advice: backoffAdvice, notes: []string{backoffNote},
}

var backoffV5 = &peer{
	path: "github.com/cenkalti/backoff/v5", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop"}, advice: backoffAdvice, notes: []string{backoffNote},
}

var backoffV7 = &peer{
	path: "github.com/cenkalti/backoff/v7", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop"}, advice: backoffAdvice, notes: []string{backoffNote},
}

func init() { // not above, since the functions refer to the peers
	backoffV4.call = callBackoffV4
	backoffV5.call = callBackoffV5
	backoffV7.call = callBackoffV5
}

// callBackoffV4 rewrites Retry(op, b) and its relatives.
func callBackoffV4(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	target, notify := "", ast.Expr(nil)
	if fn.Signature().Recv() != nil {
		return "", false
	}
	switch fn.Name() {
	case "Retry":
		target = "Do"
	case "RetryWithData":
		target = "Get"
	case "RetryNotify", "RetryNotifyWithData":
		target, notify = "Do", e.Args[2]
		if fn.Name() == "RetryNotifyWithData" {
			target = "Get"
		}
	case "RetryNotifyWithTimer", "RetryNotifyWithTimerAndData":
		return "it has a Timer of its own; use testing/synctest", true
	default:
		return "", false
	}
	b := &backoffs{p: p, of: backoffV4}
	if why := b.eval(e.Args[1]); why != "" {
		return why, true
	}
	if why := b.observe(notify); why != "" {
		return why, true
	}
	pol, why := b.policy()
	if why != "" {
		return why, true
	}
	if !p.unchanged(b.values, b.from(e), e.Pos()) {
		return "what its backoff is made of changes before the call", true
	}
	return p.emit(&rewrite{cur: cur, call: e, of: backoffV4, target: target, policy: pol, op: e.Args[0], deletes: b.deletes}), true
}

// callBackoffV5 rewrites Retry(ctx, op, options…).
func callBackoffV5(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	of := peerOf(fn.Pkg().Path())
	if fn.Signature().Recv() != nil || fn.Name() != "Retry" {
		return "", false
	}
	if e.Ellipsis.IsValid() {
		return "its options are a slice", true
	}
	b := &backoffs{p: p, of: of}
	b.exponential()
	b.elapsed, b.elapsedDefault = "15 * time.Minute", true
	for _, o := range e.Args[2:] {
		name, args, ok := p.option(o, of)
		if !ok {
			return "an option isn't made here", true
		}
		switch name {
		case "WithBackOff":
			elapsed, isDefault := b.elapsed, b.elapsedDefault
			if why := b.eval(args[0]); why != "" {
				return why, true
			}
			b.elapsed, b.elapsedDefault = elapsed, isDefault
		case "WithMaxTries":
			text, ok := p.value(args[0], of)
			if !ok {
				return "its number of tries is made in the call", true
			}
			b.values = append(b.values, args[0])
			b.attempts, b.attemptsComment = text, ""
			if n, ok := p.constant(args[0]); ok && n == 0 {
				b.attempts = ""
			} else if !ok {
				b.attempts, b.variable = "int("+text+")", true
			}
		case "WithMaxElapsedTime":
			text, ok := p.value(args[0], of)
			if !ok {
				return "its limit of time is made in the call", true
			}
			b.values = append(b.values, args[0])
			b.elapsed, b.elapsedDefault = text, false
			if n, ok := p.constant(args[0]); ok && n == 0 {
				b.elapsed = ""
			}
		case "WithNotify":
			if why := b.observe(args[0]); why != "" {
				return why, true
			}
		default:
			return "of its option " + name, true
		}
	}
	pol, why := b.policy()
	if why != "" {
		return why, true
	}
	ctx, ok := p.value(e.Args[0], of)
	if !ok {
		ctx = p.src(e.Args[0])
	}
	pol.ctx = ctx
	if !p.unchanged(b.values, b.from(e), e.Pos()) {
		return "what its backoff is made of changes before the call", true
	}
	return p.emit(&rewrite{cur: cur, call: e, of: of, target: "Get", policy: pol, op: e.Args[1], deletes: b.deletes}), true
}

// backoffs collects what a backoff of cenkalti/backoff comes to.
type backoffs struct {
	p  *pkg
	of *peer

	kind                                  string // exponential, constant, or stop
	initial, most, multiplier, randomized string
	constant                              string
	elapsed                               string
	elapsedDefault                        bool
	attempts, attemptsComment             string
	variable                              bool // whether the number of attempts may be 0, for no limit
	ctx                                   string
	hook                                  string

	values  []ast.Expr
	deletes []ast.Stmt
	current types.Object // a variable whose value so far this is
}

func (b *backoffs) exponential() {
	b.kind, b.initial, b.most, b.multiplier, b.randomized = "exponential", "500 * time.Millisecond", "60 * time.Second", "1.5", "0.5"
}

// from returns where the first of what the backoff is made of stands.
func (b *backoffs) from(e *ast.CallExpr) (pos token.Pos) {
	pos = e.Pos()
	for _, s := range b.deletes {
		pos = min(pos, s.Pos())
	}
	return pos
}

// eval follows an expression of type BackOff. It returns why that isn't possible, or "".
func (b *backoffs) eval(e ast.Expr) string {
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok {
		if lit, ok := u.X.(*ast.CompositeLit); ok {
			return b.literal(lit)
		}
	}
	if lit, ok := e.(*ast.CompositeLit); ok {
		return b.literal(lit)
	}
	if name, args, ok := b.p.option(e, b.of); ok {
		return b.made2(name, args)
	}
	if id, ok := e.(*ast.Ident); ok && b.current != nil && b.p.TypesInfo.Uses[id] == b.current {
		return ""
	}
	l, why := b.p.local(e, b.consumes)
	if l == nil {
		return "of its backoff: " + why
	}
	if why := b.eval(l.init); why != "" {
		return why
	}
	defer func(old types.Object) { b.current = old }(b.current)
	b.current = l.obj
	for _, again := range l.again {
		if why := b.eval(again); why != "" {
			return why
		}
	}
	for name, v := range l.fields {
		if why := b.field(name, v); why != "" {
			return why
		}
	}
	b.deletes = append(b.deletes, l.def.Node().(ast.Stmt))
	b.deletes = append(b.deletes, l.stmts...)
	return ""
}

// consumes reports whether a use of a variable is as the backoff of a call, or in what is.
func (b *backoffs) consumes(use inspector.Cursor) bool {
	kind, i := use.ParentEdge()
	if kind != edge.CallExpr_Args {
		return false
	}
	fn, lib := b.p.callee(use.Parent().Node().(*ast.CallExpr))
	if lib != b.of || fn.Signature().Recv() != nil {
		return false
	}
	switch fn.Name() {
	case "Retry", "RetryWithData", "RetryNotify", "RetryNotifyWithData":
		return i == 1 && b.once(use)
	case "WithMaxRetries", "WithContext", "WithBackOff":
		return i == 0 && b.once(use)
	}
	return false
}

// once reports whether a use is the only one that neither sets a field nor makes the variable into something else: the
// statements that make the variable go away with it.
func (b *backoffs) once(use inspector.Cursor) bool { return b.p.once(use) }

func (b *backoffs) made2(name string, args []ast.Expr) string {
	value := func(e ast.Expr) (string, bool) {
		b.values = append(b.values, e)
		return b.p.value(e, b.of)
	}
	switch name {
	case "NewExponentialBackOff":
		b.exponential()
		if b.of == backoffV4 {
			b.elapsed, b.elapsedDefault = "15 * time.Minute", true
		}
		for _, o := range args {
			opt, args, ok := b.p.option(o, b.of)
			if !ok {
				return "an option of its backoff isn't made here"
			}
			field := map[string]string{"WithInitialInterval": "InitialInterval", "WithMaxInterval": "MaxInterval", "WithMultiplier": "Multiplier",
				"WithRandomizationFactor": "RandomizationFactor", "WithMaxElapsedTime": "MaxElapsedTime"}[opt]
			if field == "" {
				return "of the option " + opt + " of its backoff"
			}
			if why := b.field(field, args[0]); why != "" {
				return why
			}
		}
	case "NewConstantBackOff":
		text, ok := value(args[0])
		if !ok {
			return "the delay of its backoff is made in the call"
		}
		b.kind, b.constant = "constant", text
	case "WithMaxRetries":
		if why := b.eval(args[0]); why != "" {
			return why
		}
		text, ok := value(args[1])
		if !ok {
			return "its number of retries is made in the call"
		}
		if n, ok := b.p.constant(args[1]); ok {
			b.attempts = fmt.Sprint(n + 1)
			b.attemptsComment = fmt.Sprintf("were %d retries; attempts include the first", n)
		} else {
			b.attempts = "int(" + text + ") + 1"
			b.attemptsComment = "were retries; attempts include the first"
		}
	case "WithContext":
		if why := b.eval(args[0]); why != "" {
			return why
		}
		text, ok := value(args[1])
		if !ok {
			return "its context is made in the call"
		}
		b.ctx = text
	default:
		return "of its backoff " + name
	}
	return ""
}

// literal follows &ExponentialBackOff{…} and the like.
func (b *backoffs) literal(lit *ast.CompositeLit) string {
	named, ok := b.p.TypesInfo.TypeOf(lit).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || peerOf(named.Obj().Pkg().Path()) != b.of {
		return "its backoff isn't one of the library"
	}
	switch named.Obj().Name() {
	case "ZeroBackOff":
		b.kind, b.constant = "constant", "0"
		return ""
	case "StopBackOff":
		b.kind = "stop"
		return ""
	case "ConstantBackOff", "ExponentialBackOff":
	default:
		return "of its backoff " + named.Obj().Name()
	}
	b.kind, b.initial, b.most, b.multiplier, b.randomized = "exponential", "0", "0", "0", "0"
	if named.Obj().Name() == "ConstantBackOff" {
		b.kind, b.constant = "constant", "0"
	}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			return "its backoff is a literal without names"
		}
		if why := b.field(kv.Key.(*ast.Ident).Name, kv.Value); why != "" {
			return why
		}
	}
	if b.kind == "exponential" && (b.initial == "0" || b.most == "0" || b.multiplier == "0") {
		return "its backoff is a literal that leaves out what it needs"
	}
	return ""
}

func (b *backoffs) field(name string, v ast.Expr) string {
	if name == "Clock" || name == "Stop" {
		if id := b.p.foreign(v); id != nil && (id.Name == "SystemClock" || id.Name == "Stop") {
			return ""
		}
		return "its backoff has a " + name + " of its own"
	}
	text, ok := b.p.value(v, b.of)
	if !ok {
		return "the " + name + " of its backoff is made in the call"
	}
	b.values = append(b.values, v)
	switch name {
	case "InitialInterval":
		b.initial = text
	case "MaxInterval":
		b.most = text
	case "Multiplier":
		b.multiplier = text
	case "RandomizationFactor":
		b.randomized = text
		if n := b.p.TypesInfo.Types[v].Value; n != nil && n.String() == "0" {
			b.randomized = "0"
		}
	case "MaxElapsedTime":
		b.elapsed, b.elapsedDefault = text, false
		if n, ok := b.p.constant(v); ok && n == 0 {
			b.elapsed = ""
		}
	case "Interval":
		b.constant = text
	default:
		return "its backoff has a " + name
	}
	return ""
}

// observe makes Policy.Observe of a Notify.
func (b *backoffs) observe(notify ast.Expr) string {
	if notify == nil || b.p.TypesInfo.Types[notify].IsNil() {
		return ""
	}
	text, ok := b.p.funcText(notify, "e.Err", "e.Delay")
	if !ok {
		return "its Notify isn't a function of the program"
	}
	b.hook = text
	return ""
}

// policy returns the policy that does the same.
func (b *backoffs) policy() (*policy, string) {
	pol := &policy{ctx: b.ctx}
	endless := b.attempts == ""
	if b.variable && b.kind == "constant" { // 0 is no limit for a Seq
		b.kind, b.initial, b.most, b.multiplier, b.randomized = "exponential", b.constant, b.constant, "1", "0"
	}
	switch b.kind {
	case "stop":
		pol.set("Attempts", "1", "")
		return pol, ""
	case "constant":
		comment := "without jitter; " + me + "Exponential{} spreads retries"
		if b.constant == "0" && endless {
			comment = "there was no delay at all; now there is at least a millisecond, and " + me + "Exponential{} is kind to what is called"
		}
		pol.set("Backoff", me+"Constant("+b.constant+")", comment)
		if endless {
			pol.set("Attempts", me+"Unlimited", "")
		}
	case "exponential":
		pol.need("time")
		if b.randomized == "0" && !b.variable {
			grow := ""
			if b.multiplier != "2" {
				grow = fmt.Sprintf(", Grow: func(d time.Duration) time.Duration { return time.Duration(float64(d) * %s) }", b.multiplier)
			}
			pol.set("Backoff", fmt.Sprintf("%sExponential{Initial: %s, Max: %s%s, Jitter: %sNoJitter}", me, b.initial, b.most, grow, me), "without jitter; leave NoJitter out to spread retries")
			if endless {
				pol.set("Attempts", me+"Unlimited", "")
			}
			break
		}
		pol.help("backoffDelays")
		pol.set("Backoff", fmt.Sprintf("backoffDelays(%s, %s, %s, %s)", b.initial, b.most, b.multiplier, b.randomized),
			fmt.Sprintf("the delays as they were; %sExponential{Initial: %s} spreads them more", me, b.initial))
	}
	if !endless {
		pol.set("Attempts", b.attempts, b.attemptsComment)
	}
	if b.elapsed != "" {
		comment := ""
		if b.elapsedDefault {
			pol.need("time")
			comment = "cenkalti/backoff's default; set what your caller can wait for"
		}
		pol.set("Within", b.elapsed, comment)
	}
	if b.hook != "" {
		pol.need("context")
		pol.set("Observe", "func(_ context.Context, e "+me+"Event) {\nif !e.Retry {\nreturn\n}\n"+b.hook+"\n}", "")
	}
	return pol, ""
}
