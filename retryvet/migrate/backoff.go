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
	"RetryAfter":            "retry.After",
	"Retry":                 "retry.Do, or retry.Get for a value",
	"RetryWithData":         "retry.Get",
	"RetryNotify":           "retry.Do with Policy.Observe",
	"RetryNotifyWithData":   "retry.Get with Policy.Observe",
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
	b := &backoffs{p: p, of: backoffV4}
	if why := b.eval(e.Args[1]); why != "" {
		return why, true
	}
	if why := b.observe(notify); why != "" {
		return why, true
	}
	if why := p.moved(b.values, b.deletes, cur); why != "" {
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
	b := &backoffs{p: p, of: of}
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
	if why := p.moved(b.values, b.deletes, cur); why != "" {
		return why, true
	}
	pol := b.policy()
	pol.ctx = p.src(e.Args[0])
	return p.emit(&rewrite{cur: cur, call: e, of: of, target: "Get", policy: pol, op: e.Args[1], deletes: b.deletes}), true
}
