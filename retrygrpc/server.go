package retrygrpc

import (
	"context"
	"strconv"
	"time"

	"github.com/callagain/retry"
	numbers "github.com/callagain/retry/internal/attempt"
	"github.com/callagain/retry/internal/errtree"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// RetryLater returns an error for a server's handler to return: UNAVAILABLE, and the wish that the client comes back after d and
// not sooner. It must not be used by a handler that has done something already. ctx is the handler's. A d that isn't positive asks
// for no wait in particular.
//
// It is said twice, since clients look in different places: by google.rpc.RetryInfo in the status, and by the trailer
// grpc-retry-pushback-ms, rounded up to a millisecond.
func RetryLater(ctx context.Context, d time.Duration) error {
	d = max(d, 0)
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	grpc.SetTrailer(ctx, metadata.Pairs(pushbackKey, strconv.FormatInt(ms, 10)))
	st := status.New(codes.Unavailable, "overloaded, please retry later")
	if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(d)}); err == nil {
		st = with
	}
	return st.Err()
}

// DoNotRetry returns err for a server's handler to return, and tells the client not to retry, whatever its code, by a
// trailer grpc-retry-pushback-ms of -1. ctx is the handler's.
func DoNotRetry(ctx context.Context, err error) error {
	grpc.SetTrailer(ctx, metadata.Pairs(pushbackKey, "-1"))
	return err
}

// ClientAttempt returns the number of the client's attempt, given the context of a server's handler. It is 1 unless the client
// says otherwise. Any client can send any number, so nothing should depend on it that a client must not choose.
func ClientAttempt(ctx context.Context) int {
	values := metadata.ValueFromIncomingContext(ctx, attemptsKey)
	if len(values) != 1 {
		return 1
	}
	n, err := strconv.ParseUint(values[0], 10, 20)
	if err != nil {
		return 1
	}
	return int(n) + 1
}

// UnaryServerInterceptor returns an interceptor that gives the handler's context the number of the client's attempt, see [ClientAttempt],
// so that [retry.Attempt] returns it in what the handler calls: work that is already being retried further out should try less hard itself.
//
// It adds [DoNotRetry] to what a handler returns if that is, according to errors.As, a [*retry.Error], or what a client of this package
// returned since a server had said DoNotRetry. What the handler itself has called was retried enough, so that its client's retries would
// only multiply that.
func UnaryServerInterceptor() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		reply, err := handler(attempted(ctx), req)
		return reply, noMultiple(ctx, err)
	}
}

// StreamServerInterceptor is like [UnaryServerInterceptor] for methods with streams.
func StreamServerInterceptor() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return noMultiple(ss.Context(), handler(srv, attemptedStream{ss}))
	}
}

// attempted returns ctx with the number of the client's attempt.
func attempted(ctx context.Context) context.Context {
	if n := ClientAttempt(ctx); n > 1 {
		return numbers.With(ctx, n)
	}
	return ctx
}

type attemptedStream struct{ grpc.ServerStream }

func (s attemptedStream) Context() context.Context { return attempted(s.ServerStream.Context()) }

func noMultiple(ctx context.Context, err error) error {
	_, gaveUp := errtree.AsType[*retry.Error](err)
	_, wasRefused := errtree.AsType[*refused](err)
	if gaveUp || wasRefused {
		return DoNotRetry(ctx, err)
	}
	return err
}
