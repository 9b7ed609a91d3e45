package retry

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/callagain/retry/internal/attempt"
)

// Attempt returns the number of the attempt that ctx, or a context that it was derived from, was given to. Where calls
// are nested it is the number of the innermost one. Outside of a call it is 1.
func Attempt(ctx context.Context) int {
	if a, ok := ctx.Value(attemptKey{}).(*attemptCtx); ok {
		return a.number
	}
	return 1
}

// Delay returns the delay that was planned before the attempt that ctx, or a context that it was derived from, was given to. It is 0
// before a first attempt that was made at once, and outside of a call.
func Delay(ctx context.Context) time.Duration {
	if a, ok := ctx.Value(attemptKey{}).(*attemptCtx); ok {
		return a.delay
	}
	return 0
}

type attemptKey struct{}

// An attemptCtx is the caller's context with an attempt's number. The first attempt is given the caller's context itself, unless
// that already has the number of an outer call's.
type attemptCtx struct {
	context.Context
	number int
	delay  time.Duration
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

// withNumber returns ctx with an attempt's number.
func withNumber(ctx context.Context, n int) *attemptCtx {
	numberedYet.Store(true)
	return &attemptCtx{Context: ctx, number: n}
}

// numberedYet says that there has been a context with a number in this program: until then, there is none to be found.
var numberedYet atomic.Bool

// nested reports whether ctx is that of another call's attempt.
func nested(ctx context.Context) bool {
	return numberedYet.Load() && ctx != context.Background() && ctx.Value(attemptKey{}) != nil
}

// numbered has the contexts of a call's second attempt and the next few: one allocation for all. They are
// never changed once they are given out, so an f that keeps its context for longer than it should does no harm.
type numbered [4]attemptCtx
