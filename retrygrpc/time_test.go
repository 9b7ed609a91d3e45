package retrygrpc_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"
)

// inMemory runs f in a bubble with a client of the service that needs no network, so that time is synctest's.
func inMemory(t *testing.T, s Service, opts []grpc.DialOption, f func(t *testing.T, conn *grpc.ClientConn)) {
	synctest.Test(t, func(t *testing.T) {
		l := bufconn.Listen(1 << 20)
		server := ServeOn(t, l, s)
		conn := Dial(t, "passthrough:///memory", append(opts, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return l.DialContext(ctx)
		}))...)
		f(t, conn)
		conn.Close()
		server.Stop()
	})
}

func withInfo(code codes.Code, d time.Duration) error {
	st, err := status.New(code, "later").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
	if err != nil {
		panic(err)
	}
	return st.Err()
}

// A server's word on when to come back, or that it would rather not, is obeyed.
func TestHint(t *testing.T) {
	unavailable := status.Error(codes.Unavailable, "no")
	for _, row := range []struct {
		name     string
		err      error
		pushback []string
		calls    int
		wait     time.Duration
	}{
		{"none", unavailable, nil, 2, 10 * time.Millisecond},
		{"pushback", unavailable, []string{"2500"}, 2, 2500 * time.Millisecond},
		{"a shorter one", unavailable, []string{"1"}, 2, 10 * time.Millisecond},
		{"pushback of 0", unavailable, []string{"0"}, 2, 10 * time.Millisecond},
		{"negative", unavailable, []string{"-1"}, 1, 0},
		{"garbage", unavailable, []string{"soon"}, 1, 0},
		{"empty", unavailable, []string{""}, 1, 0},
		{"two", unavailable, []string{"1", "1"}, 1, 0},
		{"too long", unavailable, []string{"9223372036854775807"}, 1, 0},
		{"RetryInfo", withInfo(codes.Unavailable, 3*time.Second), nil, 2, 3 * time.Second},
		{"both", withInfo(codes.Unavailable, 3*time.Second), []string{"4000"}, 2, 4 * time.Second},
		{"negative RetryInfo", withInfo(codes.Unavailable, -3*time.Second), nil, 2, 10 * time.Millisecond},
		{"exhausted", status.Error(codes.ResourceExhausted, "no"), nil, 1, 0},
		{"exhausted, pushback", status.Error(codes.ResourceExhausted, "no"), []string{"1000"}, 2, time.Second},
		{"exhausted, RetryInfo", withInfo(codes.ResourceExhausted, time.Second), nil, 2, time.Second},
		{"exhausted, both, stop", withInfo(codes.ResourceExhausted, time.Second), []string{"-1"}, 1, 0},
		{"aborted, RetryInfo", withInfo(codes.Aborted, time.Second), nil, 1, 0},
		{"not found, pushback", status.Error(codes.NotFound, "no"), []string{"1000"}, 1, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := 0
			service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
				if calls++; calls > 1 {
					return v, nil
				}
				grpc.SetTrailer(ctx, metadata.MD{"grpc-retry-pushback-ms": row.pushback})
				return 0, row.err
			}}
			policy := retry.Policy{Backoff: retry.Constant(10 * time.Millisecond)}
			inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
				began := time.Now()
				v, err := Call(t.Context(), conn, Add, 7)
				if calls != row.calls || time.Since(began) != row.wait {
					t.Errorf("%d calls in %v, want %d in %v", calls, time.Since(began), row.calls, row.wait)
				}
				if row.calls == 2 && (err != nil || v != 7) {
					t.Error(v, err)
				}
				if row.calls == 1 && status.Code(err) != status.Code(row.err) {
					t.Error(err)
				}
			})
		})
	}
}

// A server's hint that the caller's time can't hold ends the call at once, and says so.
func TestHintTooLate(t *testing.T) {
	service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
		return 0, retrygrpc.RetryLater(ctx, time.Minute)
	}}
	inMemory(t, service, retrygrpc.DialOptions(retry.Policy{}), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		_, err := Call(ctx, conn, Add, 1)
		if !errors.Is(err, retry.ErrTooLate) || time.Since(began) != 0 || status.Code(err) != codes.Unavailable {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Policy.Timeout is for an attempt: what is known to be safe is retried. The caller's deadline isn't.
func TestTimeout(t *testing.T) {
	hangs := func(calls *atomic.Int64) Service {
		return Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return 0, status.FromContextError(ctx.Err()).Err()
			}
			return v, nil
		}}
	}
	policy := retry.Policy{Timeout: time.Second, Backoff: retry.Constant(0)}
	for method, want := range map[string]int64{Get: 2, Add: 1} {
		var calls atomic.Int64
		inMemory(t, hangs(&calls), retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
			_, err := Call(t.Context(), conn, method, 7)
			if calls.Load() != want || want == 2 && err != nil || want == 1 && (status.Code(err) != codes.DeadlineExceeded || !errors.Is(err, retrygrpc.ErrUnknown)) {
				t.Errorf("%s: %d calls, %v", method, calls.Load(), err)
			}
		})
	}
	var calls atomic.Int64
	inMemory(t, hangs(&calls), retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		_, err := Call(ctx, conn, Get, 7)
		if calls.Load() != 1 || status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("the caller's deadline: %d calls, %v", calls.Load(), err)
		}
	})
	calls.Store(0)
	inMemory(t, hangs(&calls), retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		_, err := Call(ctx, conn, Get, 7)
		if calls.Load() != 1 || status.Code(err) != codes.Canceled {
			t.Errorf("canceled by the caller: %d calls, %v", calls.Load(), err)
		}
	})
}

// The server, who is told Policy.Timeout as its deadline, may say that it is over a little before the client notices. What it says
// long before that is about something else.
func TestTimeoutToldByServer(t *testing.T) {
	for _, row := range []struct {
		method  string
		after   time.Duration
		calls   int
		unknown bool
	}{
		{Get, 950 * time.Millisecond, 2, false},
		{Get, 500 * time.Millisecond, 1, false},
		{Add, 950 * time.Millisecond, 1, true},
	} {
		calls := 0
		service := Service{Unary: func(_ context.Context, _ string, v int64) (int64, error) {
			if calls++; calls == 1 {
				time.Sleep(row.after)
				return 0, status.Error(codes.DeadlineExceeded, "over")
			}
			return v, nil
		}}
		policy := retry.Policy{Timeout: time.Second, Backoff: retry.Constant(0)}
		inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := Call(ctx, conn, row.method, 7)
			if calls != row.calls || (err == nil) != (row.calls == 2) || errors.Is(err, retrygrpc.ErrUnknown) != row.unknown {
				t.Errorf("%s after %v: %d calls, %v", row.method, row.after, calls, err)
			}
		})
	}
}

// A call that was canceled in a delay keeps its failure, and has the status of its context.
func TestCanceledInDelay(t *testing.T) {
	service, _ := failing(100, status.Error(codes.Unavailable, "no room"))
	inMemory(t, service, retrygrpc.DialOptions(retry.Policy{Backoff: retry.Constant(time.Second)}), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		_, err := Call(ctx, conn, Add, 7)
		var e *retry.Error
		if !errors.As(err, &e) || e.Attempts != 2 || status.Code(err) != codes.Canceled || status.Code(e.Last()) != codes.Unavailable {
			t.Errorf("%v", err)
		}
	})
}

// An attempt that ran out of its time before there was a connection was never sent.
func TestTimeoutUnsent(t *testing.T) {
	policy := retry.Policy{Timeout: time.Second, Backoff: retry.Constant(0)}
	nobody := grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody there") })
	inMemory(t, Service{}, nil, func(t *testing.T, _ *grpc.ClientConn) {
		conn := Dial(t, "passthrough:///nobody", append(retrygrpc.DialOptions(policy), nobody)...)
		defer conn.Close()
		_, err := Call(t.Context(), conn, Add, 1, grpc.WaitForReady(true))
		var e *retry.Error
		if !errors.As(err, &e) || e.Attempts != 4 || errors.Is(err, retrygrpc.ErrUnknown) || status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
	})
}
