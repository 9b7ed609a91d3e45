package retry

import (
	"context"
	"reflect"
	"sync/atomic"

	"github.com/callagain/retry/internal/attempt"
)

// Attempt returns the number, from 1, of the attempt that was given ctx or a context
// made from it. Where calls are nested it is the innermost call's. It is 1 outside any.
func Attempt(ctx context.Context) int {
	if a, ok := ctx.Value(attemptKey{}).(*attemptCtx); ok {
		return a.number
	}
	return 1
}

type attemptKey struct{}

// An attemptCtx is the caller's context with an attempt's number. The first attempt
// is given the caller's context itself, unless that already has the number of an outer call's.
type attemptCtx struct {
	context.Context
	number int
}

func (a *attemptCtx) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func init() {
	attempt.With = func(ctx context.Context, n int) context.Context { return withNumber(ctx, n) }
}

// numberedYet says that there has been a context with a number in this program: until
// then, there is none to be found.
var numberedYet atomic.Bool

// nested reports whether ctx is that of another call's attempt.
func nested(ctx context.Context) bool {
	return numberedYet.Load() && ctx.Value(attemptKey{}) != nil
}

// numbered holds the contexts of a call's second attempt and the next few. They are
// never changed, so every call under the same parent can use the same ones, and an
// f that keeps its context for longer than it should does no harm.
type numbered [4]attemptCtx

// number returns the caller's context with the number of the current attempt.
func (c *call) number() context.Context {
	if c.attempts == 1 && !nested(c.ctx) {
		return c.ctx
	}
	i := c.attempts - 2
	if i == 0 && c.extra != nil {
		c.prepare()
	}
	if c.extra == nil || c.extra.numbers == nil || i < 0 || i >= len(numbered{}) {
		return withNumber(c.ctx, c.attempts)
	}
	return &c.extra.numbers[i]
}

// prepare makes a set of contexts, unless that of an earlier call will do.
func (c *call) prepare() {
	if set := c.extra.numbers; set != nil && set[0].Context == c.ctx {
		return
	}
	c.extra.numbers = nil
	if !shareable(c.ctx) {
		return
	}
	numberedYet.Store(true)
	set := new(numbered)
	for i := range set {
		set[i] = attemptCtx{c.ctx, i + 2}
	}
	c.extra.numbers = set
}

// withNumber returns ctx with an attempt's number.
func withNumber(ctx context.Context, n int) *attemptCtx {
	numberedYet.Store(true)
	return &attemptCtx{ctx, n}
}

// shareable reports whether a set of ctx may be kept for other calls: whether comparing it can't panic.
func shareable(ctx context.Context) bool {
	return reflect.TypeOf(ctx).Kind() == reflect.Pointer || ctx == context.Background() || ctx == context.TODO()
}
