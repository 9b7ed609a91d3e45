package retrygrpc

import (
	"context"

	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// An attempt is one stream of grpc-go's, or the failure to make one.
type attempt struct {
	grpc.ClientStream
	err   error // if there is no stream
	probe probe
	rpc.Span
	over bool // it has failed; guarded by stream.mu
}

// An opener makes a stream.
type opener func(context.Context, []grpc.CallOption) (grpc.ClientStream, error)

// begin makes the stream.
func (a *attempt) begin(ctx context.Context, open opener, opts []grpc.CallOption) {
	a.ClientStream, a.err = open(ctx, a.probe.options(opts))
	if a.err != nil {
		a.ClientStream, a.over = nil, true
		a.End()
	}
}

// late is the failure of an attempt that ended with its context.
func late(err error) error { return status.FromContextError(err).Err() }
