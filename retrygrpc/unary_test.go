package retrygrpc_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// quick is a policy that doesn't wait.
var quick = retry.Policy{Backoff: retry.List{0, 0, 0, 0}}

// unlimited has no budget.
var unlimited = retrygrpc.WithBudget(func(string) *retry.Budget { return nil })

// failing returns a service whose unary methods fail the first n times.
func failing(n int64, err error) (Service, *atomic.Int64) {
	calls := new(atomic.Int64)
	return Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
		if calls.Add(1) <= n {
			return 0, err
		}
		return v, nil
	}}, calls
}

// What the server says it can't do now is retried, whether the method is idempotent or not; what fails otherwise isn't.
func TestAnswered(t *testing.T) {
	for _, row := range []struct {
		code  codes.Code
		calls int64
	}{
		{codes.Unavailable, 3},
		{codes.ResourceExhausted, 1},
		{codes.Aborted, 1},
		{codes.DeadlineExceeded, 1},
		{codes.Canceled, 1},
		{codes.Internal, 1},
		{codes.Unknown, 1},
		{codes.NotFound, 1},
	} {
		for _, method := range []string{Add, Get} {
			t.Run(fmt.Sprint(row.code, method), func(t *testing.T) {
				service, calls := failing(2, status.Error(row.code, "no"))
				_, addr := Serve(t, service)
				conn := Dial(t, addr, retrygrpc.DialOptions(quick)...)
				v, err := Call(t.Context(), conn, method, 7)
				if calls.Load() != row.calls {
					t.Errorf("%d calls, want %d", calls.Load(), row.calls)
				}
				if row.calls == 3 && (err != nil || v != 7) {
					t.Errorf("got %v, %v", v, err)
				}
				if row.calls == 1 && (status.Code(err) != row.code || status.Convert(err).Message() != "no") {
					t.Errorf("got %v, want the failure as it is", err)
				}
			})
		}
	}
}

// A call to nobody is retried: it was never sent.
func TestUnsent(t *testing.T) {
	conn := Dial(t, ownport.Closed(t), retrygrpc.DialOptions(quick)...)
	_, err := Call(t.Context(), conn, Add, 1)
	var e *retry.Error
	if !errors.As(err, &e) || e.Attempts != 4 || !errors.Is(err, retry.ErrExhausted) {
		t.Errorf("got %v, want 4 attempts", err)
	}
	if status.Code(err) != codes.Unavailable {
		t.Errorf("the status is %v", status.Code(err))
	}
	if errors.Is(err, retrygrpc.ErrUnknown) {
		t.Errorf("it is unknown whether it took effect: %v", err)
	}
}

// A call that was sent and whose answer was lost is retried only if that is safe, wherever the answer was cut.
func TestLost(t *testing.T) {
	key := metadata.AppendToOutgoingContext(t.Context(), "idempotency-key", "k1")
	for _, row := range []struct {
		name   string
		ctx    context.Context
		method string
		opts   []grpc.CallOption
		again  bool
	}{
		{"unknown", t.Context(), Add, nil, false},
		{"IDEMPOTENT", t.Context(), Put, nil, true},
		{"NO_SIDE_EFFECTS", t.Context(), Get, nil, true},
		{"key", key, Add, nil, true},
		{"option", t.Context(), Add, []grpc.CallOption{retrygrpc.Idempotent()}, true},
		{"option for the method", t.Context(), Add, []grpc.CallOption{retrygrpc.Idempotent(Add)}, true},
		{"option for the service", t.Context(), Add, []grpc.CallOption{retrygrpc.Idempotent("/callagain.test.Counter/")}, true},
		{"option for another method", t.Context(), Add, []grpc.CallOption{retrygrpc.Idempotent(Add + "s")}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var proxy *Proxy
			var cut, calls atomic.Int64
			_, addr := Serve(t, Service{Unary: func(_ context.Context, _ string, v int64) (int64, error) {
				if calls.Add(1) == 1 {
					proxy.CutAfter(cut.Load())
				}
				return v, nil
			}})
			proxy = NewProxy(t, addr)
			conn := Dial(t, proxy.Addr, retrygrpc.DialOptions(quick, unlimited)...)
			lost, step := 0, int64(1)
			if len(row.opts) > 0 || row.name == "key" {
				step = 10 // that idempotency is recognized has little to do with where the answer is cut
			}
			for n := int64(0); ; n += step {
				cut.Store(n)
				calls.Store(0)
				v, err := Call(row.ctx, conn, row.method, 7, row.opts...)
				if whole := calls.Load() == 1 && err == nil; whole && n > 30 {
					proxy.Pending()
					break // the answer is shorter than n
				} else if !whole {
					lost++
				}
				if row.again && (err != nil || v != 7 || calls.Load() > 2) {
					t.Fatalf("cut after %d bytes: %d calls, %v", n, calls.Load(), err)
				}
				if !row.again && (calls.Load() != 1 || err != nil && !errors.Is(err, retrygrpc.ErrUnknown)) {
					t.Fatalf("cut after %d bytes: %d calls, %v", n, calls.Load(), err)
				}
			}
			if lost < int(20/step) {
				t.Errorf("only %d answers were cut", lost)
			}
		})
	}
}

// Four attempts over a service config of four are four, and not sixteen.
func TestOneLoop(t *testing.T) {
	const config = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.001s",
		"maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`
	for _, row := range []struct {
		name  string
		opts  []grpc.DialOption
		calls int64
	}{
		{"DialOptions", retrygrpc.DialOptions(quick), 4},
		{"the interceptor alone", []grpc.DialOption{grpc.WithUnaryInterceptor(retrygrpc.UnaryClientInterceptor(quick))}, 16},
		{"twice", append(retrygrpc.DialOptions(quick), retrygrpc.DialOptions(quick)...), 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			service, calls := failing(1000, status.Error(codes.Unavailable, "no"))
			_, addr := Serve(t, service)
			conn := Dial(t, addr, append(row.opts, grpc.WithDefaultServiceConfig(config))...)
			if _, err := Call(t.Context(), conn, Add, 1); status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
			if calls.Load() != row.calls {
				t.Errorf("%d calls, want %d", calls.Load(), row.calls)
			}
		})
	}
}

// From the second attempt on the server is told the number, also if the caller passes on one that it has got itself.
func TestAttemptIsTold(t *testing.T) {
	var mu sync.Mutex
	var told [][]string
	var numbers []int
	_, addr := Serve(t, Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, metadata.ValueFromIncomingContext(ctx, "grpc-previous-rpc-attempts"))
		numbers = append(numbers, retrygrpc.ClientAttempt(ctx))
		if len(told)%3 != 0 {
			return 0, status.Error(codes.Unavailable, "no")
		}
		return v, nil
	}})
	conn := Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...)
	if _, err := Call(t.Context(), conn, Add, 1); err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "grpc-previous-rpc-attempts", "9")
	if _, err := Call(ctx, conn, Add, 1); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(told, numbers), "[[] [1] [2] [9] [1] [2]] [1 2 3 10 2 3]"; got != want {
		t.Errorf("the server was told %v, want %v", got, want)
	}
}
