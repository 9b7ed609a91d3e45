package rpc

import "context"

// A Span is how long the stream of an attempt lasts: the attempt is over with its first message, and the stream goes on.
type Span struct {
	Ctx    context.Context    // of the stream, if the Span is of NewSpan
	Cancel context.CancelFunc // nil if nothing but the caller's context limits the attempt
}

// NewSpan returns the Span of an attempt to be made while ctx lasts, whose stream then goes on while the caller's context does.
func NewSpan(ctx, caller context.Context) Span {
	if ctx.Done() == caller.Done() {
		return Span{Ctx: ctx}
	}
	ctx, cancel := context.WithCancel(withValues{caller, ctx})
	return Span{ctx, cancel}
}

// Limit runs f, and cancels the stream if ctx, the attempt's, ends before f does. If f returns nil all the same, there was a message but there
// won't be another, and Limit returns late of the context's error.
func (s Span) Limit(ctx, caller context.Context, late func(error) error, f func() error) error {
	if s.Cancel == nil || ctx.Done() == caller.Done() {
		return f()
	}
	stop := context.AfterFunc(ctx, s.Cancel)
	err := f()
	if !stop() && err == nil {
		return late(ctx.Err())
	}
	return err
}

// End ends the stream.
func (s Span) End() {
	if s.Cancel != nil {
		s.Cancel()
	}
}

// withValues is a context with the values of another.
type withValues struct {
	context.Context
	values context.Context
}

func (c withValues) Value(key any) any { return c.values.Value(key) }
