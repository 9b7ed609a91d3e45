package retrygrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// An attempt is one stream of grpc-go's, or the failure to make one.
type attempt struct {
	grpc.ClientStream
	err    error // if there is no stream
	probe  probe
	ctx    context.Context    // of the stream, if it isn't the first
	cancel context.CancelFunc // nil if nothing but the caller's context limits the attempt
	over   bool               // it has failed; guarded by stream.mu
}

// newAttempt returns an attempt to be made while ctx lasts, whose stream then goes on while the caller's context does.
func newAttempt(ctx, caller context.Context) *attempt {
	a := &attempt{ctx: ctx}
	if ctx.Done() != caller.Done() {
		a.ctx, a.cancel = context.WithCancel(withValues{caller, ctx})
	}
	return a
}

// An opener makes a stream.
type opener func(context.Context, []grpc.CallOption) (grpc.ClientStream, error)

// begin makes the stream.
func (a *attempt) begin(ctx context.Context, open opener, opts []grpc.CallOption) {
	a.ClientStream, a.err = open(ctx, a.probe.options(opts))
	if a.err != nil {
		a.ClientStream, a.over = nil, true
		a.end()
	}
}

// limit runs f, and cancels the attempt if ctx ends before f does.
func (a *attempt) limit(ctx, caller context.Context, f func() error) error {
	if a.cancel == nil || ctx.Done() == caller.Done() {
		return f()
	}
	stop := context.AfterFunc(ctx, a.cancel)
	err := f()
	if !stop() && err == nil {
		return status.FromContextError(ctx.Err()).Err() // there was a message, but there won't be another
	}
	return err
}

func (a *attempt) end() {
	if a.cancel != nil {
		a.cancel()
	}
}

// withValues is a context with the values of another.
type withValues struct {
	context.Context
	values context.Context
}

func (c withValues) Value(key any) any { return c.values.Value(key) }
