package migrate

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"math"
)

// An amount is a number or a duration of a policy: its source, and its value if that is a constant.
type amount struct {
	text  string
	value constant.Value // nil if it isn't known
}

// fixed returns an amount that the tool itself writes down.
func fixed(text string, n float64) amount { return amount{text, constant.MakeFloat64(n)} }

// amount returns the amount that e is; see value.
func (p *pkg) amount(e ast.Expr, of *peer) (amount, bool) {
	text, ok := p.value(e, of)
	return amount{text, p.TypesInfo.Types[e].Value}, ok
}

func (a amount) float() (float64, bool) {
	if a.value == nil || a.value.Kind() != constant.Int && a.value.Kind() != constant.Float {
		return 0, false
	}
	f, _ := constant.Float64Val(a.value)
	return f, true
}

// is reports whether a is known to be n.
func (a amount) is(n float64) bool {
	f, ok := a.float()
	return ok && f == n
}

// comment returns what to say of a delay that is always the same.
func (a amount) comment(endless bool) string {
	if a.is(0) && endless {
		return "there was no delay at all; now there is at least a millisecond, and " + me + "Exponential{} is kind to what is called"
	}
	return "without jitter; " + me + "Exponential{} spreads retries"
}

// schedule reports whether a first delay, a longest one and a factor are known to mean the same in a retry.Exponential, for which
// 0 is a default, and no delay exceeds the longest one.
func schedule(initial, most, factor amount) bool {
	i, iOK := initial.float()
	m, mOK := most.float()
	f, fOK := factor.float()
	return iOK && mOK && fOK && 0 < i && i <= m && f >= 1
}

// attempts returns the value of Policy.Attempts for a number of attempts, or of retries if more is 1. What no program can
// count to is retry.Unlimited.
func (p *pkg) attempts(e ast.Expr, text string, more int64) string {
	v := p.TypesInfo.Types[e].Value
	if v == nil {
		if more == 0 {
			return "int(min(" + text + ", math.MaxInt))"
		}
		return "int(min(" + text + ", math.MaxInt-1)) + 1"
	}
	n, exact := constant.Int64Val(constant.ToInt(v))
	switch {
	case !exact || n >= math.MaxInt32:
		return me + "Unlimited"
	case more == 0 && p.untypedConst(e):
		return text
	case more == 0:
		return "int(" + text + ")"
	}
	return fmt.Sprint(n + more)
}

// retries returns the value of Policy.Attempts for a number of retries, and what to say about it.
func (p *pkg) retries(e ast.Expr, text string) (attempts, comment string) {
	comment = "were retries; attempts include the first"
	if v := p.TypesInfo.Types[e].Value; v != nil {
		comment = fmt.Sprintf("were %s retries; attempts include the first", constant.ToInt(v))
		if n, ok := constant.Int64Val(constant.ToInt(v)); ok && n == 1 {
			comment = "was 1 retry; attempts include the first"
		}
	}
	return p.attempts(e, text, 1), comment
}

// untypedConst reports whether a constant expression is one of any numeric type.
func (p *pkg) untypedConst(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			ok = false
		case *ast.Ident:
			if c, isConst := p.TypesInfo.Uses[n].(*types.Const); isConst {
				b, isBasic := c.Type().(*types.Basic)
				ok = ok && isBasic && b.Info()&types.IsUntyped != 0
			}
		}
		return ok
	})
	return ok
}
