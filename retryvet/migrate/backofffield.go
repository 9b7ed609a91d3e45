package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
)

// literal follows &ExponentialBackOff{…} and the like.
func (b *backoffs) literal(lit *ast.CompositeLit) string {
	named, ok := b.p.TypesInfo.TypeOf(lit).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || peerOf(named.Obj().Pkg().Path()) != b.of {
		return "its backoff isn't one of the library"
	}
	switch named.Obj().Name() {
	case "ZeroBackOff":
		b.kind, b.constant = "constant", fixed("0", 0)
		return ""
	case "StopBackOff":
		b.kind = "stop"
		return ""
	case "ConstantBackOff", "ExponentialBackOff":
	default:
		return "of its backoff " + named.Obj().Name()
	}
	none := fixed("0", 0)
	b.kind, b.initial, b.most, b.multiplier, b.randomized = "exponential", none, none, none, none
	if named.Obj().Name() == "ConstantBackOff" {
		b.kind, b.constant = "constant", none
	}
	set := map[string]bool{}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			return "its backoff is a literal without names"
		}
		name := kv.Key.(*ast.Ident).Name
		set[name] = true
		if why := b.field(name, kv.Value); why != "" {
			return why
		}
	}
	if b.kind == "exponential" && !(set["InitialInterval"] && set["MaxInterval"] && set["Multiplier"]) || b.elapsed != "" && !set["Stop"] {
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
	a, ok := b.p.amount(v, b.of)
	if !ok {
		return "the " + name + " of its backoff is made in the call"
	}
	b.values = append(b.values, v)
	switch name {
	case "InitialInterval":
		b.initial = a
	case "MaxInterval":
		b.most = a
	case "Multiplier":
		b.multiplier = a
	case "RandomizationFactor":
		b.randomized = a
	case "MaxElapsedTime":
		if f, ok := a.float(); ok && f < 0 {
			return "the MaxElapsedTime of its backoff is negative"
		}
		b.elapsed, b.elapsedDefault = a.text, false
		if a.is(0) {
			b.elapsed = ""
		}
	case "Interval":
		b.constant = a
	default:
		return "its backoff has a " + name
	}
	return ""
}

// observe makes Policy.Observe of a Notify.
func (b *backoffs) observe(notify ast.Expr) string {
	b.hook, b.helper = "", ""
	if notify == nil || b.p.TypesInfo.Types[notify].IsNil() {
		return ""
	}
	h, ok := b.p.hook(notify, b.cur, []string{"e", "event", "retryEvent"}, "%[1]s.Err", "%[1]s.Delay")
	switch {
	case ok:
		b.hook = "func(_ context.Context, " + h.param + " " + me + "Event) {\nif !" + h.param + ".Retry" + h.or + " {\nreturn\n}\n" + h.text + "\n}"
	case b.p.foreign(notify) == nil:
		b.hook, b.helper = "backoffNotify("+b.p.src(notify)+")", "backoffNotify"
	default:
		return "its Notify isn't a function of the program"
	}
	return ""
}

// policy returns the policy that does the same.
func (b *backoffs) policy() *policy {
	pol := &policy{ctx: b.ctx}
	endless := b.attempts == ""
	one := fixed("1", 1)
	if b.variable && b.kind == "constant" { // 0 is no limit for a Seq
		b.kind, b.initial, b.most, b.multiplier, b.randomized = "exponential", b.constant, b.constant, one, fixed("0", 0)
	}
	switch b.kind {
	case "stop":
		pol.set("Attempts", "1", "")
		return pol
	case "constant":
		pol.set("Backoff", me+"Constant("+b.constant.text+")", b.constant.comment(endless))
		if endless {
			pol.set("Attempts", me+"Unlimited", "")
		}
	case "exponential":
		if b.randomized.is(0) && !b.variable && schedule(b.initial, b.most, b.multiplier) {
			grow := ""
			if !b.multiplier.is(2) {
				grow = fmt.Sprintf(", Grow: func(d time.Duration) time.Duration { return time.Duration(float64(d) * %s) }", b.multiplier.text)
			}
			pol.set("Backoff", fmt.Sprintf("%sExponential{Initial: %s, Max: %s%s, Jitter: %sNoJitter}", me, b.initial.text, b.most.text, grow, me), "without jitter; leave NoJitter out to spread retries")
			if endless {
				pol.set("Attempts", me+"Unlimited", "")
			}
			break
		}
		pol.help("backoffDelays")
		pol.set("Backoff", fmt.Sprintf("backoffDelays(%s, %s, %s, %s)", b.initial.text, b.most.text, b.multiplier.text, b.randomized.text),
			fmt.Sprintf("the delays as they were; %sExponential{Initial: %s} spreads them more", me, b.initial.text))
	}
	if !endless {
		pol.set("Attempts", b.attempts, b.attemptsComment)
	}
	if b.elapsed != "" {
		comment := ""
		if b.elapsedDefault {
			comment = "cenkalti/backoff's default; set what your caller can wait for"
		}
		pol.set("Within", b.elapsed, comment)
	}
	if b.helper != "" {
		pol.help(b.helper)
	}
	pol.set("Observe", b.hook, "")
	return pol
}
