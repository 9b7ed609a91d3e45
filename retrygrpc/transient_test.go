package retrygrpc

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func TestAnErrorWithoutEndIsNotTransient(t *testing.T) {
	for _, err := range []error{new(errtreetest.Itself), fmt.Errorf("%w", new(errtreetest.Itself)), errors.Join(errors.New("no"), new(errtreetest.Itself))} {
		if Transient(err) {
			t.Errorf("%T is to be retried", err)
		}
	}
}

// It is the caller's as it is, once.
func TestAnErrorWithoutEndEndsTheCall(t *testing.T) {
	cc, err := grpc.NewClient("passthrough:///nobody", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	for _, failure := range []error{new(errtreetest.Itself), new(errtreetest.Tree)} {
		if err := noMultiple(t.Context(), failure); err != failure {
			t.Errorf("of a handler: %v", err)
		}
		n := 0
		err := newClient(retry.Policy{}, nil).unary(t.Context(), "/a.B/c", nil, nil, cc, func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			n++
			return failure
		})
		if err != failure || n != 1 {
			t.Errorf("%v after %d attempts", err, n)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		err = newClient(retry.Policy{}, nil).unary(ctx, "/a.B/c", nil, nil, cc, func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			cancel(failure)
			return status.FromContextError(ctx.Err()).Err()
		})
		if status.Code(err) != codes.Canceled {
			t.Errorf("canceled: %T", err)
		}
	}
}
