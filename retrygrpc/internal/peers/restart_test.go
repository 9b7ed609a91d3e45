package peers

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// A replica is one of the servers behind a target.
type replica struct {
	t       *testing.T
	addr    string
	server  *grpc.Server
	handle  func(*replica, context.Context, int64) error
	order   atomic.Bool // the next call brings it down
	served  atomic.Int64
	drained bool
	up      chan bool
}

func (r *replica) start() {
	var l net.Listener
	if r.addr == "" {
		l = ownport.Listen(r.t)
		r.addr = l.Addr().String()
	} else {
		var err error
		if l, err = net.Listen("tcp", r.addr); err != nil {
			panic(err) // the test would wait for it
		}
	}
	r.server = ServeOn(r.t, l, Service{Unary: func(ctx context.Context, _ string, v int64) (int64, error) {
		r.served.Add(1)
		if r.order.CompareAndSwap(true, false) {
			go r.restart()
			if !r.drained {
				<-ctx.Done() // an answer that is never sent
				return 0, ctx.Err()
			}
		}
		return v, r.handle(r, ctx, v)
	}})
}

func (r *replica) restart() {
	if r.drained {
		r.server.GracefulStop()
	} else {
		r.server.Stop()
	}
	r.start()
	r.served.Store(0)
	r.up <- true
}

// Three replicas are restarted, one after the other, twice, while 16 callers call them. If they are killed, idempotent calls don't
// fail with retrygrpc, and do without; if they drain, no call fails, and none is applied twice.
func TestRollingRestart(t *testing.T) {
	run := func(t *testing.T, w way, method string, drained bool) (calls, failures int64) {
		var mu sync.Mutex
		applied := map[int64]int{}
		var replicas []*replica
		var addrs []resolver.Address
		for range 3 {
			r := &replica{t: t, drained: drained, up: make(chan bool, 1), handle: func(_ *replica, _ context.Context, v int64) error {
				mu.Lock()
				defer mu.Unlock()
				applied[v]++
				return nil
			}}
			r.start()
			replicas = append(replicas, r)
			addrs = append(addrs, resolver.Address{Addr: r.addr})
		}
		res := manual.NewBuilderWithScheme("replicas")
		res.InitialState(resolver.State{Addresses: addrs})
		spread := grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`) // first: one of the ways has its own
		conn := Dial(t, "replicas:///", append(append([]grpc.DialOption{spread}, w.opts...), grpc.WithResolvers(res),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1, MaxDelay: 10 * time.Millisecond}, MinConnectTimeout: time.Second}))...)

		var stop atomic.Bool
		var ids, bad atomic.Int64
		var wg sync.WaitGroup
		progress := make(chan bool)
		for range 16 {
			wg.Go(func() {
				for !stop.Load() {
					id := ids.Add(1)
					if _, err := Call(t.Context(), conn, method, id); err != nil {
						if bad.Add(1) <= 3 {
							t.Logf("%s: %v", w.name, err)
						}
					}
					select {
					case progress <- true:
					default:
					}
				}
			})
		}
		until := func(done func() bool) {
			for !done() {
				<-progress
			}
		}
		for range 2 {
			for _, r := range replicas {
				// All replicas are in use, as whoever restarts them would make sure.
				before := ids.Load()
				until(func() bool {
					for _, r := range replicas {
						if r.served.Load() < 20 {
							return false
						}
					}
					return ids.Load() > before+200
				})
				r.order.Store(true)
				for down := true; down; {
					select {
					case <-r.up:
						down = false
					case <-progress:
					}
				}
			}
		}
		stop.Store(true)
		done := make(chan bool)
		go func() { wg.Wait(); close(done) }()
		<-done
		mu.Lock()
		defer mu.Unlock()
		for id, n := range applied {
			if n > 1 && method == Add {
				t.Errorf("call %d was applied %d times", id, n)
			}
		}
		how := map[bool]string{true: "drained", false: "killed"}[drained]
		t.Logf("%s: %d failures of %d calls while six replicas in turn were %s", w.name, bad.Load(), ids.Load(), how)
		return ids.Load(), bad.Load()
	}
	const killed, drained = "3 replicas killed twice each, 16 callers, idempotent calls: calls fail", "3 replicas drained twice each, 16 callers, any calls: calls fail"
	some := func(failures int64) string { return map[bool]string{true: "some", false: "none"}[failures > 0] }
	// The peers may have bad luck: the best of three runs counts.
	best := func(t *testing.T, w way, method string, drained bool) (failures int64) {
		for range 3 {
			if _, failures = run(t, w, method, drained); failures == 0 {
				break
			}
		}
		return failures
	}
	t.Run("killed", func(t *testing.T) {
		_, failures := run(t, plain(), Put, false)
		if failures < 6 {
			t.Error("the plain client has no failures: nothing is shown")
		}
		table.Saw(killed, "plain", some(failures))
		if _, failures := run(t, ours(retry.Policy{}), Put, false); failures != 0 {
			t.Error("calls failed")
		}
		table.Saw(killed, "retrygrpc", "none")
		for _, w := range others() {
			table.Saw(killed, w.name, some(best(t, w, Put, false)))
		}
	})
	t.Run("drained", func(t *testing.T) {
		if _, failures := run(t, ours(retry.Policy{}), Add, true); failures != 0 {
			t.Error("calls failed")
		}
		table.Saw(drained, "retrygrpc", "none")
		for _, w := range append(others(), plain()) {
			table.Saw(drained, w.name, some(best(t, w, Add, true)))
		}
	})
}
