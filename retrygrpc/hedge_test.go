package retrygrpc_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// One of three servers doesn't answer: its calls are answered by the others and canceled, and all of an answer is of one server.
func TestHedgeAgainstASlowServer(t *testing.T) {
	var started atomic.Int64
	canceled := make(chan bool, 1000)
	var slow atomic.Bool
	addrs := make([]resolver.Address, 3)
	for i := range addrs {
		_, addrs[i].Addr = Serve(t, Service{Unary: func(ctx context.Context, _ string, _ int64) (int64, error) {
			grpc.SetHeader(ctx, metadata.Pairs("server", fmt.Sprint(i)))
			grpc.SetTrailer(ctx, metadata.Pairs("server", fmt.Sprint(i)))
			if i == 1 && slow.Load() {
				started.Add(1)
				<-ctx.Done()
				canceled <- true
				return 0, status.FromContextError(ctx.Err()).Err()
			}
			return int64(i), nil
		}})
	}
	several := manual.NewBuilderWithScheme("several")
	several.InitialState(resolver.State{Addresses: addrs})
	// More than two attempts: where the losers of earlier calls get to the balancer late, a call's first two may both go to the slow server.
	hedge := retrygrpc.WithHedge(retry.HedgeSettings{Delay: 5 * time.Millisecond, Attempts: 16, Unlimited: true})
	conn := Dial(t, "several:///servers", append(retrygrpc.DialOptions(retry.Policy{}, hedge),
		grpc.WithResolvers(several), grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))...)
	for ready := map[int64]bool{}; len(ready) < 3; { // until then there is one server to choose from
		v, err := Call(t.Context(), conn, Get, 7)
		if err != nil {
			t.Fatal(err)
		}
		ready[v] = true
	}
	slow.Store(true)
	for n := 0; n < 60 || started.Load() == 0; n++ { // a call may be answered before the slow server has seen it
		var header, trailer metadata.MD
		var p peer.Peer
		var finished []error
		v, err := Call(t.Context(), conn, Get, 7, grpc.Header(&header), grpc.Trailer(&trailer), grpc.Peer(&p), grpc.OnFinish(func(err error) { finished = append(finished, err) }))
		if err != nil || v == 1 || fmt.Sprint(header["server"], trailer["server"]) != fmt.Sprintf("[%d] [%d]", v, v) || p.Addr.String() != addrs[v].Addr {
			t.Errorf("%v, %v, %v, %v, %v", v, err, header, trailer, p.Addr)
		}
		if len(finished) != 1 || finished[0] != nil {
			t.Errorf("the call was finished with %v", finished)
		}
	}
	for range started.Load() {
		<-canceled // hangs if one wasn't
	}
}

// Only what may be sent twice is hedged, and all sendings have the same key.
func TestHedgeOnlyWhereItIsSafe(t *testing.T) {
	for _, row := range []struct {
		name, method, key string
		opts              []grpc.CallOption
		sent              int
	}{
		{"no side effects", Get, "", nil, 2},
		{"idempotent", Put, "", nil, 2},
		{"unknown", Add, "", nil, 1},
		{"key", Add, "k1", nil, 2},
		{"the caller's word", Add, "", []grpc.CallOption{retrygrpc.Idempotent()}, 2},
		{"not among the methods", Get, "", []grpc.CallOption{retrygrpc.WithHedge(retry.HedgeSettings{Attempts: 1}), retrygrpc.WithHedge(retry.HedgeSettings{AtOnce: true}, Put)}, 1},
		{"off for the call", Get, "", []grpc.CallOption{retrygrpc.WithHedge(retry.HedgeSettings{Attempts: 1})}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			var mu sync.Mutex
			var keys, told [][]string
			service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
				mu.Lock()
				keys = append(keys, metadata.ValueFromIncomingContext(ctx, "idempotency-key"))
				told = append(told, metadata.ValueFromIncomingContext(ctx, "grpc-previous-rpc-attempts"))
				mu.Unlock()
				time.Sleep(time.Second)
				return v, nil
			}}
			opts := retrygrpc.DialOptions(retry.Policy{}, retrygrpc.WithHedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}))
			inMemory(t, service, opts, func(t *testing.T, conn *grpc.ClientConn) {
				ctx := t.Context()
				if row.key != "" {
					ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", row.key)
				}
				v, err := Call(ctx, conn, row.method, 7, row.opts...)
				synctest.Wait()
				if err != nil || v != 7 || len(keys) != row.sent {
					t.Errorf("%d, %v; sent %d times, want %d", v, err, len(keys), row.sent)
				}
				if row.key != "" && fmt.Sprint(keys[0]) != "["+row.key+"]" {
					t.Errorf("the key is %v", keys[0])
				}
				if row.sent == 2 && (fmt.Sprint(keys[0]) != fmt.Sprint(keys[1]) || fmt.Sprint(told) != "[[] [1]]") {
					t.Errorf("keys %v, previous attempts %v", keys, told)
				}
				time.Sleep(time.Minute) // until the loser's handler has ended
			})
		})
	}
}

// An answer that another server would give as well is the result at once; one that says that the server is in trouble is it only if there is no
// better one.
func TestWhichAnswersWin(t *testing.T) {
	const slow = time.Second
	hedge := retry.HedgeSettings{Delay: 100 * time.Millisecond}
	for _, row := range []struct {
		name          string
		first, second error
		pushback      string // of the second
		took          time.Duration
		code          codes.Code
		sent          int
	}{
		{"success", nil, nil, "", 100 * time.Millisecond, codes.OK, 2},
		{"an answer", nil, status.Error(codes.NotFound, "no"), "", 100 * time.Millisecond, codes.NotFound, 2},
		{"in trouble", nil, status.Error(codes.Unavailable, "no"), "", slow, codes.OK, 2},
		{"a failure of the server", nil, status.Error(codes.Internal, "no"), "", slow, codes.OK, 2},
		{"all in trouble", status.Error(codes.Unavailable, "no"), status.Error(codes.Unavailable, "no"), "", slow, codes.Unavailable, 2},
		{"all in trouble, and one wants no retry", status.Error(codes.Unavailable, "no"), status.Error(codes.Unavailable, "no"), "-1", slow, codes.Unavailable, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			var sent atomic.Int64
			service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
				if sent.Add(1) == 1 {
					time.Sleep(slow)
					return v, row.first
				}
				if row.pushback != "" {
					grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", row.pushback))
				}
				return v, row.second
			}}
			policy := retry.Policy{Attempts: 1}
			if row.pushback != "" {
				policy.Attempts = 4
			}
			inMemory(t, service, retrygrpc.DialOptions(policy, retrygrpc.WithHedge(hedge)), func(t *testing.T, conn *grpc.ClientConn) {
				began := time.Now()
				v, err := Call(t.Context(), conn, Get, 7)
				if took := time.Since(began); took != row.took || status.Code(err) != row.code || err == nil && v != 7 || int(sent.Load()) != row.sent {
					t.Errorf("%d, %v after %v, sent %d times; want %v after %v, %d times", v, err, took, sent.Load(), row.code, row.took, row.sent)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

// Each method of a target has latencies of its own: a slow method doesn't make hedges of a fast one late, nor a fast one those of a slow one early.
func TestHedgeKnowsEachMethod(t *testing.T) {
	usual := map[string]time.Duration{Get: 10 * time.Millisecond, Put: time.Second}
	var stall atomic.Bool
	service := Service{Unary: func(ctx context.Context, method string, v int64) (int64, error) {
		took := usual[method]
		if stall.CompareAndSwap(true, false) {
			took = time.Minute
		}
		select {
		case <-time.After(took):
		case <-ctx.Done():
		}
		return v, nil
	}}
	inMemory(t, service, retrygrpc.DialOptions(retry.Policy{}, retrygrpc.WithHedge(retry.HedgeSettings{})), func(t *testing.T, conn *grpc.ClientConn) {
		for range 30 {
			for method := range usual {
				if _, err := Call(t.Context(), conn, method, 1); err != nil {
					t.Fatal(err)
				}
			}
		}
		for method, took := range usual {
			stall.Store(true)
			began := time.Now()
			_, err := Call(t.Context(), conn, method, 1)
			if got := time.Since(began).Round(time.Millisecond); err != nil || got != 2*took {
				t.Errorf("%s: %v after %v, want %v: the usual time twice", method, err, got, 2*took)
			}
		}
	})
}

// Hedges of a server that has become slow as a whole are what the budget grants, and not as many as the calls.
func TestHedgesHaveABudget(t *testing.T) {
	var sent atomic.Int64
	service := Service{Unary: func(_ context.Context, _ string, v int64) (int64, error) {
		sent.Add(1)
		time.Sleep(time.Second)
		return v, nil
	}}
	inMemory(t, service, retrygrpc.DialOptions(retry.Policy{}, retrygrpc.WithHedge(retry.HedgeSettings{Delay: time.Millisecond})), func(t *testing.T, conn *grpc.ClientConn) {
		for range 200 {
			if _, err := Call(t.Context(), conn, Get, 1); err != nil {
				t.Fatal(err)
			}
		}
		if more := sent.Load() - 200; more < 3 || more > 40 {
			t.Errorf("%d hedges for 200 calls", more)
		}
		time.Sleep(time.Minute)
	})
}

// A hedge is part of its attempt: Policy.Timeout ends all sendings, and the policy makes another attempt. The caller's cancellation ends the call.
func TestHedgeAndTimeout(t *testing.T) {
	var sent, canceled atomic.Int64
	service := Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
		if sent.Add(1) > 2 {
			return v, nil
		}
		<-ctx.Done()
		canceled.Add(1)
		return 0, status.FromContextError(ctx.Err()).Err()
	}}
	opts := retrygrpc.DialOptions(retry.Policy{Timeout: time.Second, Backoff: retry.Constant(0)}, retrygrpc.WithHedge(retry.HedgeSettings{Delay: 100 * time.Millisecond}))
	inMemory(t, service, opts, func(t *testing.T, conn *grpc.ClientConn) {
		began := time.Now()
		v, err := Call(t.Context(), conn, Get, 7)
		if err != nil || v != 7 || time.Since(began) != time.Second || sent.Load() != 3 {
			t.Errorf("%d, %v after %v, sent %d times", v, err, time.Since(began), sent.Load())
		}
		synctest.Wait()
		if canceled.Load() != 2 {
			t.Errorf("%d were canceled", canceled.Load())
		}
		sent.Store(0)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		if _, err := Call(ctx, conn, Get, 7); status.Code(err) != codes.Canceled || errors.Is(err, retrygrpc.ErrUnknown) || sent.Load() != 2 {
			t.Errorf("%v, sent %d times", err, sent.Load())
		}
	})
}

// Nonsense is told when the client is made, and not by its first call.
func TestHedgeSettingsAreChecked(t *testing.T) {
	defer func() {
		if v := recover(); v == nil {
			t.Error("a negative delay is accepted")
		}
	}()
	retrygrpc.WithHedge(retry.HedgeSettings{Delay: -1})
}

// A caller may change its messages for the next call when it has the answer. A sending that isn't waited for any more may not have noticed yet.
func TestMessagesMayBeChangedAfterTheAnswer(t *testing.T) {
	begun, changed, saw := make(chan bool), make(chan bool), make(chan int64)
	var n atomic.Int64
	slowToLeave := func(ctx context.Context, _ string, req, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		if n.Add(1) == 1 {
			<-begun
			reply.(*wrapperspb.Int64Value).Value = 7
			return nil
		}
		close(begun)
		<-changed
		reply.(*wrapperspb.Int64Value).Value = 8
		saw <- req.(*wrapperspb.Int64Value).Value
		return ctx.Err()
	}
	conn := Dial(t, "passthrough:///nobody")
	hedge := retrygrpc.WithHedge(retry.HedgeSettings{AtOnce: true, Unlimited: true})
	in, out := wrapperspb.Int64(1), new(wrapperspb.Int64Value)
	err := retrygrpc.UnaryClientInterceptor(retry.Policy{}, hedge)(t.Context(), Get, in, out, conn, slowToLeave)
	in.Value = 2
	close(changed)
	if v := <-saw; err != nil || v != 1 || out.Value != 7 {
		t.Errorf("%v; a hedge sent %d, and the answer is %d", err, v, out.Value)
	}
}
