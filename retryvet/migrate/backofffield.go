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
