package retrygrpc_test

import (
	"context"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// What the interceptor itself costs in a call that succeeds, without the call. See internal/peers for the whole.
//
//	go test -run '^$' -bench Interceptor -benchmem -count 5
func BenchmarkInterceptor(b *testing.B) {
	conn := Dial(b, "passthrough:///nobody")
	interceptor := retrygrpc.UnaryClientInterceptor(retry.Policy{})
	invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	in, out := wrapperspb.Int64(1), new(wrapperspb.Int64Value)
	ctx := b.Context()
	for b.Loop() {
		if err := interceptor(ctx, Add, in, out, conn, invoke); err != nil {
			b.Fatal(err)
		}
	}
}
