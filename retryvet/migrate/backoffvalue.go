package migrate

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// backoffs collects what a backoff of cenkalti/backoff comes to.
type backoffs struct {
	p   *pkg
	of  *peer
	cur inspector.Cursor // of the call

	kind                                  string // exponential, constant, or stop
	initial, most, multiplier, randomized amount
	constant                              amount
	elapsed                               string
	elapsedDefault                        bool
	attempts, attemptsComment             string
	variable                              bool // whether the number of attempts may be 0, for no limit
	ctx                                   string
	hook, helper                          string // the helper is one that hook needs

	values  []ast.Expr
	deletes []ast.Stmt
	current types.Object // a variable whose value so far this is
}

func (b *backoffs) exponential() {
	b.kind = "exponential"
	b.initial, b.most = fixed("500 * time.Millisecond", 5e8), fixed("60 * time.Second", 6e10)
	b.multiplier, b.randomized = fixed("1.5", 1.5), fixed("0.5", .5)
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
		return b.made(name, args)
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

func (b *backoffs) made(name string, args []ast.Expr) string {
	value := func(e ast.Expr) (amount, bool) {
		b.values = append(b.values, e)
		return b.p.amount(e, b.of)
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
		d, ok := value(args[0])
		if !ok {
			return "the delay of its backoff is made in the call"
		}
		b.kind, b.constant = "constant", d
	case "WithMaxRetries":
		if why := b.eval(args[0]); why != "" {
			return why
		}
		if b.attempts != "" {
			return "it limits the retries twice"
		}
		n, ok := value(args[1])
		if !ok {
			return "its number of retries is made in the call"
		}
		b.attempts, b.attemptsComment = b.p.retries(args[1], n.text)
	case "WithContext":
		if why := b.eval(args[0]); why != "" {
			return why
		}
		if b.ctx != "" {
			return "it has two contexts"
		}
		ctx, ok := value(args[1])
		if !ok {
			return "its context is made in the call"
		}
		b.ctx = ctx.text
	default:
		return "of its backoff " + name
	}
	return ""
}
