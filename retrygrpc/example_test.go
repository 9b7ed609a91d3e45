package retrygrpc_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	"github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// listen returns a server of the service, and its address.
func listen(s grpctest.Service, opts ...grpc.ServerOption) (*grpc.Server, string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(opts...)
	s.Register(server)
	go server.Serve(l)
	return server, l.Addr().String()
}

// A client retries what its server can't do at the moment.
func ExampleDialOptions() {
	var calls atomic.Int64
	server, addr := listen(grpctest.Service{Unary: func(_ context.Context, _ string, n int64) (int64, error) {
		if calls.Add(1) <= 2 {
			return 0, status.Error(codes.Unavailable, "starting up")
		}
		return 2 * n, nil
	}})
	defer server.Stop()

	opts := append(retrygrpc.DialOptions(retry.Policy{}), grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(addr, opts...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	answer := new(wrapperspb.Int64Value) // of the generated code's Add(ctx, …)
	err = conn.Invoke(context.Background(), grpctest.Add, wrapperspb.Int64(21), answer)
	fmt.Println(answer.Value, err)
	// Output: 42 <nil>
}

// A stream that breaks after its first message goes on where it broke, if the server lets a client say where: here by the
// last number it has seen. The call of the stream itself isn't retried, so that one policy decides. Every message
// makes that policy begin again; without that a stream that breaks once a day would be given up on the fourth day.
func Example_resume() {
	var streams atomic.Int64
	server, addr := listen(grpctest.Service{Stream: func(_ string, s grpc.ServerStream) error {
		after, err := grpctest.Recv(s)
		if err != nil {
			return err
		}
		breaks := after + 2 // each stream after two messages, and every other one before the first
		if streams.Add(1)%2 == 0 {
			return status.Error(codes.Unavailable, "no")
		}
		for n := after + 1; n <= 6; n++ {
			if n > breaks {
				return status.Error(codes.Unavailable, "broken")
			}
			s.SendMsg(wrapperspb.Int64(n))
		}
		return nil
	}})
	defer server.Stop()
	opts := append(retrygrpc.DialOptions(retry.Policy{}), grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(addr, opts...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	var last int64 // the resume token: it would be stored with what the message has changed
	policy := retry.Policy{Backoff: retry.Constant(10 * time.Millisecond), RetryIf: retrygrpc.Transient}
	err = retry.Do(context.Background(), policy, func(ctx context.Context) error {
		stream, err := grpctest.Open(ctx, conn, grpctest.List, last, retrygrpc.WithPolicy(retry.Policy{Attempts: 1}))
		if err != nil {
			return err
		}
		progress := false
		for {
			n, err := grpctest.Recv(stream)
			switch {
			case err == io.EOF:
				return nil
			case err != nil && progress:
				return retry.Progress(err)
			case err != nil:
				return err
			}
			fmt.Println(n)
			last, progress = n, true
		}
	})
	fmt.Println(err, streams.Load())
	// Output:
	// 1
	// 2
	// 3
	// 4
	// 5
	// 6
	// <nil> 5
}

// A server that has as much to do as it can tells further clients when to come back, before it has done anything for
// them.
func ExampleRetryLater() {
	room := make(chan bool, 1)
	limit := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		select {
		case room <- true:
			defer func() { <-room }()
			return handler(ctx, req)
		default:
			return nil, retrygrpc.RetryLater(ctx, 10*time.Millisecond)
		}
	}
	busy, done, first := make(chan bool), make(chan bool), make(chan error, 1)
	var calls atomic.Int64
	server, addr := listen(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		if calls.Add(1) == 1 {
			close(busy)
			<-done
		}
		return n, nil
	}}, grpc.ChainUnaryInterceptor(retrygrpc.UnaryServerInterceptor(), limit))
	defer server.Stop()

	policy := retry.Policy{Backoff: retry.Constant(0), Observe: func(_ context.Context, e retry.Event) {
		if e.Retry {
			fmt.Println("told to wait:", e.Delay, status.Convert(e.Err).Code())
			close(done)
			fmt.Println("the first:", <-first) // and there is room again
		}
	}}
	opts := append(retrygrpc.DialOptions(policy), grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(addr, opts...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, err := grpctest.Call(context.Background(), conn, grpctest.Add, 1)
		first <- err
	}()
	<-busy
	n, err := grpctest.Call(context.Background(), conn, grpctest.Add, 2)
	fmt.Println("the second:", n, err)
	// Output:
	// told to wait: 10ms Unavailable
	// the first: <nil>
	// the second: 2 <nil>
}
