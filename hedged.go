package retry

import "context"

// Hedged returns the number of the attempt of [Hedge] that ctx, or a context that it was derived from, was given to: 1 for the first. It
// is apart from [Attempt], the number of the retry. Outside of a Hedge it is 1.
func Hedged(ctx context.Context) int {
	if h, ok := ctx.Value(hedgedKey{}).(*hedgedCtx); ok {
		return h.number
	}
	return 1
}

// A hedgedCtx is the context of an attempt of a hedge.
type hedgedCtx struct {
	context.Context
	number int
}

func (h *hedgedCtx) Value(key any) any {
	if key == (hedgedKey{}) {
		return h
	}
	return h.Context.Value(key)
}

type hedgedKey struct{}
