package migrate

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

var backoffConsts = map[string]string{
	"DefaultInitialInterval": "500 * time.Millisecond", "DefaultRandomizationFactor": "0.5", "DefaultMultiplier": "1.5",
	"DefaultMaxInterval": "60 * time.Second", "DefaultMaxElapsedTime": "15 * time.Minute",
}

const backoffNote = "cenkalti/backoff: a call that gives up returns a *retry.Error around the failures instead of the last one: errors.Is and errors.As see them, == doesn't. " +
	"A context that is already over makes no attempt, and a delay that would outlast the context's deadline isn't begun. " +
	manyNote

var backoffV4 = &peer{
	path: "github.com/cenkalti/backoff/v4", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop"}, advice: backoffAdvice, notes: []string{backoffNote},
}

var backoffV5 = &peer{
	path: "github.com/cenkalti/backoff/v5", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop", "RetryAfter": "After"}, advice: backoffAdvice, notes: []string{backoffNote},
}

var backoffV7 = &peer{
	path: "github.com/cenkalti/backoff/v7", name: "backoff", consts: backoffConsts,
	marks: map[string]string{"Permanent": "Stop", "RetryAfter": "After"}, advice: backoffAdvice, notes: []string{backoffNote},
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
	b := &backoffs{p: p, of: backoffV4, cur: cur}
	if why := b.eval(e.Args[1]); why != "" {
		return why, true
	}
	if why := b.observe(notify); why != "" {
		return why, true
	}
	if why := p.moved(b.values, cur); why != "" {
		return why, true
	}
	return p.emit(&rewrite{cur: cur, call: e, of: backoffV4, target: target, policy: b.policy(), op: e.Args[0], deletes: b.deletes}), true
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
	b := &backoffs{p: p, of: of, cur: cur}
	if p.foreign(e.Args[0]) != nil {
		return "its context is made by the library", true
	}
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
			n, ok := p.amount(args[0], of)
			if !ok {
				return "its number of tries is made in the call", true
			}
			b.values = append(b.values, args[0])
			b.attempts, b.attemptsComment, b.variable = p.attempts(args[0], n.text, 0), "", n.value == nil
			if n.is(0) {
				b.attempts = ""
			}
		case "WithMaxElapsedTime":
			d, ok := p.amount(args[0], of)
			if !ok {
				return "its limit of time is made in the call", true
			}
			b.values = append(b.values, args[0])
			b.elapsed, b.elapsedDefault = d.text, false
			if f, ok := d.float(); ok && f <= 0 {
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
	if why := p.moved(b.values, cur); why != "" {
		return why, true
	}
	pol := b.policy()
	pol.ctx = p.src(e.Args[0])
	return p.emit(&rewrite{cur: cur, call: e, of: of, target: "Get", policy: pol, op: e.Args[1], deletes: b.deletes}), true
}
