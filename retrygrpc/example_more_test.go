package retrygrpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
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

// invoke calls the service at addr.
func invoke(addr string, dial []grpc.DialOption, opts ...grpc.CallOption) (int64, error) {
	conn, err := grpc.NewClient(addr, append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	answer := new(wrapperspb.Int64Value) // of the generated code's Add(ctx, …)
	err = conn.Invoke(context.Background(), grpctest.Add, wrapperspb.Int64(21), answer, opts...)
	return answer.Value, err
}

// A server learns which attempt it serves, and says that there must be no other.
func ExampleClientAttempt() {
	server, addr := listen(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		attempt := retrygrpc.ClientAttempt(ctx)
		fmt.Println("attempt", attempt)
		err := status.Error(codes.Unavailable, "overloaded")
		if attempt == 2 {
			return 0, retrygrpc.DoNotRetry(ctx, err)
		}
		return 0, err
	}})
	defer server.Stop()
	_, err := invoke(addr, retrygrpc.DialOptions(retry.Policy{}))
	fmt.Println(status.Code(err))
	// Output:
	// attempt 1
	// attempt 2
	// Unavailable
}

// listenAndBreak is listen with a function that breaks all connections.
func listenAndBreak(s grpctest.Service) (server *grpc.Server, addr string, disconnect func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	kept := &keeping{Listener: l}
	server = grpc.NewServer()
	s.Register(server)
	go server.Serve(kept)
	return server, l.Addr().String(), kept.disconnect
}

// A keeping listener knows its connections.
type keeping struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (k *keeping) Accept() (net.Conn, error) {
	c, err := k.Listener.Accept()
	if err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.conns = append(k.conns, c)
	}
	return c, err
}

func (k *keeping) disconnect() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		c.Close()
	}
	k.conns = nil
}

// A call whose answer was lost isn't retried unless that does no harm.
func ExampleErrUnknown() {
	var disconnect func()
	server, addr, disconnect := listenAndBreak(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		if retrygrpc.ClientAttempt(ctx) == 1 {
			disconnect() // before the answer; who knows what the call has done
		}
		return 2 * n, nil
	}})
	defer server.Stop()

	_, err := invoke(addr, retrygrpc.DialOptions(retry.Policy{}))
	fmt.Println(errors.Is(err, retrygrpc.ErrUnknown))

	fmt.Println(invoke(addr, retrygrpc.DialOptions(retry.Policy{}), retrygrpc.Idempotent()))
	// Output:
	// true
	// 42 <nil>
}

// The interceptors by themselves: retries of the service config must be turned off, too.
func ExampleUnaryClientInterceptor() {
	server, addr := listen(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		if retrygrpc.ClientAttempt(ctx) < 3 {
			return 0, status.Error(codes.Unavailable, "starting up")
		}
		return 2 * n, nil
	}})
	defer server.Stop()

	policy := retry.Policy{Attempts: 5}
	noBudget := retrygrpc.WithBudget(func(target string) *retry.Budget { return nil })
	fmt.Println(invoke(addr, []grpc.DialOption{
		grpc.WithDisableRetry(),
		grpc.WithChainUnaryInterceptor(retrygrpc.UnaryClientInterceptor(policy, noBudget)),
		grpc.WithChainStreamInterceptor(retrygrpc.StreamClientInterceptor(policy, noBudget)),
	}))
	// Output: 42 <nil>
}

// A server that has retried what it calls itself tells its clients not to retry.
func ExampleUnaryServerInterceptor() {
	calls := 0
	server, addr := listen(grpctest.Service{Unary: func(context.Context, string, int64) (int64, error) {
		calls++
		err := retry.Do(context.Background(), retry.Policy{Attempts: 1}, func(context.Context) error {
			return status.Error(codes.Unavailable, "the database is down")
		})
		return 0, err
	}},
		grpc.UnaryInterceptor(retrygrpc.UnaryServerInterceptor()),
		grpc.StreamInterceptor(retrygrpc.StreamServerInterceptor()))
	defer server.Stop()
	_, err := invoke(addr, retrygrpc.DialOptions(retry.Policy{RetryIf: func(error) bool { return true }}))
	fmt.Println(calls, err != nil)
	// Output: 1 true
}

// A recorder is told what a call took beyond its first attempt.
type recorder struct{}

func (recorder) RecordCall(_ context.Context, target, method string, retries, transparentRetries, hedges int, delay time.Duration) {
	fmt.Println(retries, "retries,", hedges, "hedges; waited:", delay > 0)
}

func ExampleWithRecorder() {
	server, addr := listen(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		if retrygrpc.ClientAttempt(ctx) == 1 {
			return 0, status.Error(codes.Unavailable, "starting up")
		}
		return 2 * n, nil
	}})
	defer server.Stop()
	var r retrygrpc.Recorder = recorder{}
	fmt.Println(invoke(addr, retrygrpc.DialOptions(retry.Policy{}, retrygrpc.WithRecorder(r))))
	// Output:
	// 1 retries, 0 hedges; waited: true
	// 42 <nil>
}

// A method that is idempotent is called a second time when its answer is slow.
func ExampleWithHedge() {
	server, addr := listen(grpctest.Service{Unary: func(ctx context.Context, _ string, n int64) (int64, error) {
		if retrygrpc.ClientAttempt(ctx) == 1 {
			<-ctx.Done() // slow, until the other one has answered
			return 0, ctx.Err()
		}
		return 2 * n, nil
	}})
	defer server.Stop()
	hedged := retrygrpc.WithHedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}, grpctest.Add)
	fmt.Println(invoke(addr, retrygrpc.DialOptions(retry.Policy{}, retrygrpc.Idempotent(grpctest.Add), hedged)))
	// Output: 42 <nil>
}
