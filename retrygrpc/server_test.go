package retrygrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// RetryLater is heard by grpc-go's own retries and by ours; a fraction of a millisecond is rounded up.
func TestRetryLater(t *testing.T) {
	const config = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.001s",
		"maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`
	for _, opts := range [][]grpc.DialOption{
		retrygrpc.DialOptions(retry.Policy{Backoff: retry.Constant(0)}),
		{grpc.WithDefaultServiceConfig(config)},
	} {
		calls := 0
		service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
			if calls++; calls == 1 {
				return 0, retrygrpc.RetryLater(ctx, 1999*time.Microsecond+time.Second)
			}
			return v, nil
		}}
		inMemory(t, service, opts, func(t *testing.T, conn *grpc.ClientConn) {
			began := time.Now()
			if _, err := Call(t.Context(), conn, Add, 1); err != nil || time.Since(began) != 1002*time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

// DoNotRetry is heard by grpc-go's own retries and by ours, and doesn't change the error.
func TestDoNotRetry(t *testing.T) {
	const config = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.001s",
		"maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`
	for _, opts := range [][]grpc.DialOption{retrygrpc.DialOptions(quick), {grpc.WithDefaultServiceConfig(config)}} {
		var calls atomic.Int64
		_, addr := Serve(t, Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
			calls.Add(1)
			return 0, retrygrpc.DoNotRetry(ctx, status.Error(codes.Unavailable, "for good"))
		}})
		_, err := Call(t.Context(), Dial(t, addr, opts...), Get, 1)
		if st := status.Convert(err); calls.Load() != 1 || st.Code() != codes.Unavailable || st.Message() != "for good" {
			t.Errorf("%d calls, %v", calls.Load(), err)
		}
	}
}

// Three servers, of which each calls the next one: four attempts of four attempts are four, if the servers say so.
func TestServersDontMultiply(t *testing.T) {
	for _, row := range []struct {
		name string
		opts []grpc.ServerOption
		want int64
	}{
		{"with the interceptors", []grpc.ServerOption{
			grpc.UnaryInterceptor(retrygrpc.UnaryServerInterceptor()), grpc.StreamInterceptor(retrygrpc.StreamServerInterceptor()),
		}, 4},
		{"without", nil, 64},
	} {
		t.Run(row.name, func(t *testing.T) {
			last, calls := failing(1000, status.Error(codes.Unavailable, "no room"))
			last.Stream = func(_ string, s grpc.ServerStream) error {
				calls.Add(1)
				return status.Error(codes.Unavailable, "no room")
			}
			_, addr := Serve(t, last, row.opts...)
			for range 2 {
				conn := Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...)
				_, addr = Serve(t, Service{
					Unary: func(ctx context.Context, method string, v int64) (int64, error) { return Call(ctx, conn, method, v) },
					Stream: func(method string, s grpc.ServerStream) error {
						down, err := Open(s.Context(), conn, method, 1)
						if err == nil {
							_, err = all(down)
						}
						return err
					},
				}, row.opts...)
			}
			conn := Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...)
			_, err := Call(t.Context(), conn, Get, 1)
			if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "no room") || calls.Load() != row.want {
				t.Errorf("unary: %d calls, %v", calls.Load(), err)
			}
			calls.Store(0)
			s, err := Open(t.Context(), conn, List, 1)
			if err == nil {
				_, err = all(s)
			}
			if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "no room") || calls.Load() != row.want {
				t.Errorf("stream: %d calls, %v", calls.Load(), err)
			}
		})
	}
}

// Nonsense in the client's metadata is a first attempt.
func TestClientAttempt(t *testing.T) {
	for values, want := range map[string]int{"": 1, "0": 1, "1": 2, "41": 42, "-1": 1, "x": 1, "1,1": 1, "99999999999999999999": 1} {
		ctx := t.Context()
		if values != "" {
			md := metadata.MD{}
			md.Set("grpc-previous-rpc-attempts", strings.Split(values, ",")...)
			ctx = metadata.NewIncomingContext(ctx, md)
		}
		if got := retrygrpc.ClientAttempt(ctx); got != want {
			t.Errorf("%q: %d, want %d", values, got, want)
		}
	}
}

// Each target has a budget, shared by its calls and streams; a policy's own comes first, and so does an option's.
func TestBudgets(t *testing.T) {
	down, calls := failing(1000_000, status.Error(codes.Unavailable, "no"))
	down.Stream = func(string, grpc.ServerStream) error { calls.Add(1); return errNo }
	_, addr := Serve(t, down)
	_, other := Serve(t, down)
	retries := func(conn *grpc.ClientConn, n int, opts ...grpc.CallOption) int64 {
		calls.Store(0)
		for range n {
			_, err := Call(t.Context(), conn, Add, 1, opts...)
			if status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
			s, err := Open(t.Context(), conn, List, 1, opts...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Recv(s); status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
		}
		return calls.Load() - 2*int64(n)
	}
	opts := retrygrpc.DialOptions(quick)
	if n := retries(Dial(t, addr, opts...), 50); n != 3 {
		t.Errorf("100 calls to a server that is down made %d retries, want the 3 of a budget", n)
	}
	if n := retries(Dial(t, addr, opts...), 50); n != 0 {
		t.Errorf("another client of the same target made %d", n)
	}
	if n := retries(Dial(t, other, opts...), 50); n != 3 {
		t.Errorf("another target had %d", n)
	}
	if n := retries(Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...), 50); n != 300 {
		t.Errorf("without a budget there were %d, want 300", n)
	}
	own := quick
	own.Budget = &retry.Budget{Min: 5}
	if n := retries(Dial(t, addr, retrygrpc.DialOptions(own)...), 50); n != 5 {
		t.Errorf("with a budget of 5 there were %d", n)
	}
	var asked []string
	conn := Dial(t, addr, retrygrpc.DialOptions(quick, retrygrpc.WithBudget(func(target string) *retry.Budget {
		asked = append(asked, target)
		return nil
	}))...)
	if n := retries(conn, 1, retrygrpc.WithPolicy(retry.Policy{Backoff: retry.List{0, 0}})); n != 2 || !slices.Equal(asked, []string{addr, addr}) {
		t.Errorf("a call with its own policy: %d retries, asked for %v", n, asked)
	}
}

// What a policy can't do is an error at once, and a status.
func TestInvalidPolicy(t *testing.T) {
	service, calls := failing(0, nil)
	_, addr := Serve(t, service)
	conn := Dial(t, addr, retrygrpc.DialOptions(retry.Policy{Timeout: -1})...)
	_, err := Call(t.Context(), conn, Add, 1)
	if !errors.Is(err, retry.ErrInvalid) || status.Code(err) != codes.Internal || calls.Load() != 0 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// A caller's own RetryIf and Decide are asked, but don't make calls safe that aren't.
func TestRetryIf(t *testing.T) {
	for _, row := range []struct {
		code   codes.Code
		method string
		want   int64
	}{
		{codes.Aborted, Add, 4},
		{codes.Internal, Add, 1}, // it says nothing about what was done
		{codes.Internal, Get, 4},
		{codes.Unavailable, Get, 1},
	} {
		var calls atomic.Int64
		_, addr := Serve(t, Service{Unary: func(context.Context, string, int64) (int64, error) {
			calls.Add(1)
			return 0, status.Error(row.code, "no")
		}})
		policy := quick
		policy.RetryIf = func(failure error) bool { return status.Code(failure) != codes.Unavailable }
		conn := Dial(t, addr, retrygrpc.DialOptions(policy)...)
		if _, err := Call(t.Context(), conn, row.method, 1); status.Code(err) != row.code || calls.Load() != row.want {
			t.Errorf("%v for %s: %d calls, want %d; %v", row.code, row.method, calls.Load(), row.want, err)
		}
	}
	service, _ := failing(1, status.Error(codes.Unavailable, "no"))
	_, addr := Serve(t, service)
	policy := quick
	mine := fmt.Errorf("mine")
	policy.Decide = func(d *retry.Decision) { d.Err, d.Retry = mine, false }
	if _, err := Call(t.Context(), Dial(t, addr, retrygrpc.DialOptions(policy)...), Add, 1); err != mine {
		t.Errorf("got %v, want what Decide said", err)
	}
}

// With a policy of one attempt a call isn't retried, and its failure is the caller's to retry, server's hint included.
func TestOnce(t *testing.T) {
	once := retrygrpc.WithPolicy(retry.Policy{Attempts: 1})
	var calls atomic.Int64
	_, addr := Serve(t, Service{
		Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
			switch calls.Add(1) {
			case 1:
				return 0, status.Error(codes.Unavailable, "no")
			case 2:
				return 0, retrygrpc.RetryLater(ctx, 20*time.Millisecond)
			}
			return v, nil
		},
		Stream: func(string, grpc.ServerStream) error { return status.Error(codes.Unavailable, "no") },
	})
	conn := Dial(t, addr, retrygrpc.DialOptions(quick)...)
	if _, err := Call(t.Context(), conn, Add, 1, once); calls.Load() != 1 || err == nil || err.Error() != "rpc error: code = Unavailable desc = no" {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
	calls.Store(0)
	var delays []time.Duration
	outer := retry.Policy{Backoff: retry.Constant(0), Observe: func(_ context.Context, e retry.Event) {
		if e.Retry {
			delays = append(delays, e.Delay)
		}
	}}
	err := retry.Do(t.Context(), outer, func(ctx context.Context) error {
		_, err := Call(ctx, conn, Add, 1, once)
		return err
	})
	if err != nil || calls.Load() != 3 || !slices.Equal(delays, []time.Duration{0, 20 * time.Millisecond}) {
		t.Errorf("%d calls after %v, %v", calls.Load(), delays, err)
	}
	s, err := Open(t.Context(), conn, List, 1, once)
	if err == nil {
		_, err = Recv(s)
	}
	if err == nil || err.Error() != "rpc error: code = Unavailable desc = no" {
		t.Error(err)
	}
}

// With the server's interceptors, the handler's context has the number of the client's attempt, in streams as well.
func TestAttemptInTheHandlersContext(t *testing.T) {
	var numbers []int
	see := func(ctx context.Context) error {
		if numbers = append(numbers, retry.Attempt(ctx)); len(numbers)%3 != 0 {
			return status.Error(codes.Unavailable, "no")
		}
		return nil
	}
	_, addr := Serve(t, Service{
		Unary:  func(ctx context.Context, _ string, v int64) (int64, error) { return v, see(ctx) },
		Stream: func(_ string, s grpc.ServerStream) error { return see(s.Context()) },
	}, grpc.UnaryInterceptor(retrygrpc.UnaryServerInterceptor()), grpc.StreamInterceptor(retrygrpc.StreamServerInterceptor()))
	conn := Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...)
	if _, err := Call(t.Context(), conn, Add, 1); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), conn, List, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Recv(s); err != io.EOF {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3, 1, 2, 3}; !slices.Equal(numbers, want) {
		t.Errorf("the handler saw %v, want %v", numbers, want)
	}
}
