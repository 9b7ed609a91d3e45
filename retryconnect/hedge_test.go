package retryconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// spread sends each request to the next of several hosts, as a balancer does.
type spread struct {
	http.RoundTripper
	hosts []string
	n     atomic.Int64
}

func (s *spread) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = s.hosts[s.n.Add(1)%int64(len(s.hosts))]
	return s.RoundTripper.RoundTrip(req)
}

// One of three servers doesn't answer: its calls are answered by the others and canceled, and all of an answer is of one server.
func TestHedgeAgainstASlowServer(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var started atomic.Int64
		canceled := make(chan bool, 1000)
		balancer := &spread{RoundTripper: p.client(t).Transport}
		for i := range 3 {
			get := connect.NewUnaryHandler(get, func(ctx context.Context, req *connect.Request[value]) (*connect.Response[value], error) {
				if i == 1 {
					started.Add(1)
					<-ctx.Done()
					canceled <- true
					return nil, ctx.Err()
				}
				resp := connect.NewResponse(wrapperspb.Int64(int64(i)))
				resp.Header().Set("Server", fmt.Sprint(i))
				resp.Trailer().Set("Server-Too", fmt.Sprint(i))
				return resp, nil
			})
			balancer.hosts = append(balancer.hosts, serve(t, get)[len("http://"):])
		}
		// More than two attempts: where the losers of earlier calls get to the balancer late, a call's first two may both go to the slow server.
		hedge := retryconnect.WithHedge(retry.HedgeSettings{Delay: 5 * time.Millisecond, Attempts: 16, Unlimited: true})
		client := p.on(&http.Client{Transport: balancer}, get, retryconnect.NewInterceptor(retry.Policy{}, hedge))
		for n := 0; n < 20 || started.Load() == 0; n++ { // a call may be answered before the slow server has seen it
			resp, err := client.CallUnary(t.Context(), connect.NewRequest(wrapperspb.Int64(7)))
			if err != nil {
				t.Error(err)
				continue
			}
			v := fmt.Sprint(resp.Msg.Value)
			if v == "1" || resp.Header().Get("Server") != v || resp.Trailer().Get("Server-Too") != v {
				t.Errorf("%s, %v, %v", v, resp.Header(), resp.Trailer())
			}
		}
		for range started.Load() {
			<-canceled // hangs if one wasn't
		}
	})
}

// Only what may be sent twice is hedged, and all sendings have the same key; the caller's request is left as it was.
func TestHedgeOnlyWhereItIsSafe(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, row := range []struct {
			name, procedure, key string
			idempotent, info     bool
			sent                 int
		}{
			{"no side effects", get, "", false, false, 2},
			{"unknown", add, "", false, false, 1},
			{"key", add, "k1", false, false, 2},
			{"the caller's word", add, "", true, false, 2},
			{"call info", get, "", false, true, 1},
		} {
			var mu sync.Mutex
			var keys []string
			var told []int
			s := service{unary: func(_ context.Context, header http.Header, v int64) (int64, error) {
				mu.Lock()
				keys = append(keys, header.Get("Idempotency-Key"))
				told = append(told, retryconnect.ClientAttempt(header))
				mu.Unlock()
				time.Sleep(time.Second)
				return v, nil
			}}
			i := retryconnect.NewInterceptor(retry.Policy{}, retryconnect.WithHedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}))
			inMemory(t, p, s.handler(), func(t *testing.T, client *http.Client) {
				ctx, req := t.Context(), connect.NewRequest(wrapperspb.Int64(7))
				if row.key != "" {
					req.Header().Set("Idempotency-Key", row.key)
				}
				if row.idempotent {
					ctx = retryconnect.WithIdempotent(ctx)
				}
				var info connect.CallInfo
				if row.info {
					ctx, info = connect.NewClientContext(ctx)
				}
				resp, err := p.on(client, row.procedure, i).CallUnary(ctx, req)
				synctest.Wait()
				if err != nil || resp.Msg.Value != 7 || len(keys) != row.sent || row.sent == 2 && keys[0] != keys[1] || keys[0] != row.key {
					t.Errorf("%s: %v, keys %q, want %d", row.name, err, keys, row.sent)
				}
				if slices.Sort(told); row.sent == 2 && !slices.Equal(told, []int{1, 2}) || req.Header().Get("Grpc-Previous-Rpc-Attempts") != "" {
					t.Errorf("%s: told %v, and the caller %v", row.name, told, req.Header())
				}
				if row.info && len(info.ResponseHeader()) == 0 {
					t.Errorf("%s: nothing is known of the response", row.name)
				}
				time.Sleep(time.Minute) // the loser ends
			})
		}
	})
}

// An answer that another server would give as well is the result at once; one that says that the server is in trouble is it only if there is no
// better one. What the servers ask for holds for the call.
func TestWhichAnswersWin(t *testing.T) {
	no := func(code connect.Code, pushback string) error {
		e := connect.NewError(code, errors.New("no"))
		if pushback != "" {
			e.Meta().Set("Grpc-Retry-Pushback-Ms", pushback)
		}
		return e
	}
	each(t, func(t *testing.T, p protocol) {
		for _, row := range []struct {
			name          string
			first, second error
			took          time.Duration
			code          connect.Code // 0 for success
			sent          int64
		}{
			{"success", nil, nil, 100 * time.Millisecond, 0, 2},
			{"an answer", nil, no(connect.CodeNotFound, ""), 100 * time.Millisecond, connect.CodeNotFound, 2},
			{"in trouble", nil, no(connect.CodeUnavailable, ""), time.Second, 0, 2},
			{"all in trouble, and one wants no retry", no(connect.CodeUnavailable, ""), no(connect.CodeUnavailable, "-1"), time.Second, connect.CodeUnavailable, 2},
		} {
			var sent atomic.Int64
			s := service{unary: func(_ context.Context, _ http.Header, v int64) (int64, error) {
				if sent.Add(1) == 1 {
					time.Sleep(time.Second)
					return v, row.first
				}
				return v, row.second
			}}
			i := retryconnect.NewInterceptor(retry.Policy{}, retryconnect.WithHedge(retry.HedgeSettings{Delay: 100 * time.Millisecond}))
			inMemory(t, p, s.handler(), func(t *testing.T, client *http.Client) {
				began := time.Now()
				_, err := call(t.Context(), p.on(client, get, i), 7)
				if took := time.Since(began); took != row.took || (err == nil) != (row.code == 0) || err != nil && connect.CodeOf(err) != row.code || sent.Load() != row.sent {
					t.Errorf("%s: %v after %v, sent %d times", row.name, err, took, sent.Load())
				}
				time.Sleep(time.Minute)
			})
		}
	})
}

// A recorder is told of retries, hedges and delays, once for each call that had some.
func TestRecorder(t *testing.T) {
	var calls atomic.Int64
	s := service{unary: func(context.Context, http.Header, int64) (int64, error) {
		if calls.Add(1) < 3 {
			return 0, connect.NewError(connect.CodeUnavailable, errors.New("no"))
		}
		time.Sleep(time.Second)
		return 7, nil
	}}
	var r recorded
	i := retryconnect.NewInterceptor(retry.Policy{Backoff: retry.Constant(time.Second)}, retryconnect.WithRecorder(&r), retryconnect.WithHedge(retry.HedgeSettings{Delay: time.Millisecond}, get))
	p := protocols["connect"]
	inMemory(t, p, s.handler(), func(t *testing.T, client *http.Client) {
		for _, procedure := range []string{add, get, add} {
			if _, err := call(t.Context(), p.on(client, procedure, i), 1); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute)
	})
	if want := []string{"memory callagain.test.Counter/Add 2 0 0 2s", "memory callagain.test.Counter/Get 0 0 1 0s"}; !slices.Equal(r, want) {
		t.Errorf("%q, want %q", []string(r), want)
	}
}

type recorded []string

func (r *recorded) RecordCall(_ context.Context, target, method string, retries, transparent, hedges int, delay time.Duration) {
	*r = append(*r, fmt.Sprintf("%s %s %d %d %d %v", target, method, retries, transparent, hedges, delay))
}

// A caller may change its request for the next call when it has the answer. A sending that isn't waited for any more may not have noticed yet.
func TestRequestMayBeChangedAfterTheAnswer(t *testing.T) {
	begun, changed, saw := make(chan bool), make(chan bool), make(chan string)
	var n atomic.Int64
	slowToLeave := connect.UnaryInterceptorFunc(func(connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			if n.Add(1) == 1 {
				<-begun
				return connect.NewResponse(wrapperspb.Int64(7)), nil
			}
			close(begun)
			<-changed
			saw <- fmt.Sprintf("%d %s %s %s", req.Any().(*value).Value, req.Header().Get("Part"), req.Spec().Procedure, req.Peer().Addr)
			return nil, ctx.Err()
		}
	})
	hedge := retryconnect.NewInterceptor(retry.Policy{}, retryconnect.WithHedge(retry.HedgeSettings{AtOnce: true, Unlimited: true}))
	client := protocols["connect"].dial(t, "http://nobody", get, hedge, slowToLeave)
	req := connect.NewRequest(wrapperspb.Int64(1))
	req.Header().Set("Part", "one")
	resp, err := client.CallUnary(t.Context(), req)
	req.Msg.Value = 2
	req.Header().Set("Part", "two")
	close(changed)
	if v := <-saw; err != nil || resp.Msg.Value != 7 || v != "1 one "+get+" nobody" {
		t.Errorf("%v; a hedge sent %s", err, v)
	}
}
