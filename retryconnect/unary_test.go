package retryconnect_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// each runs f for each protocol.
func each(t *testing.T, f func(t *testing.T, p protocol)) {
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) { f(t, p) })
	}
}

// What the server says it can't do now is retried, whether the procedure is idempotent or not; what fails otherwise isn't.
func TestAnswered(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for code, want := range map[connect.Code]int64{
			connect.CodeUnavailable: 3, connect.CodeResourceExhausted: 1, connect.CodeAborted: 1, connect.CodeDeadlineExceeded: 1,
			connect.CodeCanceled: 1, connect.CodeInternal: 1, connect.CodeUnknown: 1, connect.CodeNotFound: 1,
		} {
			for _, procedure := range []string{add, get} {
				var calls atomic.Int64
				url := serve(t, service{unary: func(_ context.Context, _ http.Header, v int64) (int64, error) {
					if calls.Add(1) <= 2 {
						return 0, connect.NewError(code, errors.New("no"))
					}
					return v, nil
				}}.handler())
				v, err := call(t.Context(), p.dial(t, url, procedure, retryconnect.NewInterceptor(quick)), 7)
				if calls.Load() != want || want == 3 && (err != nil || v != 7) || want == 1 && connect.CodeOf(err) != code {
					t.Errorf("%s: %v: %d calls, want %d; %v, %v", procedure, code, calls.Load(), want, v, err)
				}
			}
		}
	})
}

// A call to nobody is retried: it was never sent.
func TestUnsent(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		_, err := call(t.Context(), p.dial(t, "http://127.0.0.1:1", add, retryconnect.NewInterceptor(quick)), 1)
		var e *retry.Error
		if !errors.As(err, &e) || e.Attempts != 4 || !errors.Is(err, retry.ErrExhausted) {
			t.Errorf("got %v, want 4 attempts", err)
		}
		if connect.CodeOf(err) != connect.CodeUnavailable || errors.Is(err, retryconnect.ErrUnknown) {
			t.Errorf("code %v: %v", connect.CodeOf(err), err)
		}
	})
}

// A call that was sent and whose answer was lost is retried only if that is safe, wherever the answer was cut.
func TestLost(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, row := range []struct {
			name, procedure string
			ctx             context.Context
			key             string
			opts            []retryconnect.Option
			again           bool
		}{
			{"unknown", add, t.Context(), "", nil, false},
			{"declared", get, t.Context(), "", nil, true},
			{"key", add, t.Context(), "k1", nil, true},
			{"context", add, retryconnect.WithIdempotent(t.Context()), "", nil, true},
			{"option", add, t.Context(), "", []retryconnect.Option{retryconnect.Idempotent(add)}, true},
			{"option for the service", add, t.Context(), "", []retryconnect.Option{retryconnect.Idempotent("/callagain.test.Counter/")}, true},
			{"option for another", add, t.Context(), "", []retryconnect.Option{retryconnect.Idempotent(get)}, false},
		} {
			var calls, after atomic.Int64
			var conn atomic.Pointer[cutConn] // of the first request
			url := serve(t, service{unary: func(ctx context.Context, _ http.Header, v int64) (int64, error) {
				if calls.Add(1) == 1 {
					conn.Store(connOf(ctx))
					conn.Load().cutAfter(after.Load())
				}
				return v, nil
			}}.handler())
			client := p.dial(t, url, row.procedure, retryconnect.NewInterceptor(quick, append(row.opts, unlimited)...))
			lost, unknown, step := 0, 0, int64(8)
			if row.name != "unknown" && row.name != "declared" {
				step = 3000 // that idempotency is recognized has little to do with where the answer is cut
			}
			for n := int64(0); ; n += step {
				after.Store(n)
				calls.Store(0)
				req := connect.NewRequest(wrapperspb.Int64(7))
				if row.key != "" {
					req.Header().Set("Idempotency-Key", row.key)
				}
				_, err := client.CallUnary(row.ctx, req)
				if calls.Load() == 1 && err == nil {
					if conn.Load().pending() || n > 2000 {
						break // the answer is shorter than n
					}
				} else {
					lost++
				}
				if row.again && (err != nil || calls.Load() > 3) { // the second may be sent on the connection that is being cut
					t.Errorf("%s: cut after %d bytes: %d calls, %v", row.name, n, calls.Load(), err)
				}
				if errors.Is(err, retryconnect.ErrUnknown) {
					unknown++
				} else if !row.again && (calls.Load() != 1 || err != nil) {
					t.Errorf("%s: cut after %d bytes: %d calls, %v", row.name, n, calls.Load(), err)
				}
			}
			if least := int(32 / step); lost < max(least, 1) || !row.again && unknown < max(least, 1) {
				t.Errorf("%s: only %d answers were cut, of which %d are unknown", row.name, lost, unknown)
			}
		}
	})
}

// A proxy that answers in HTML says nothing of the call: it may have reached the server.
func TestHTML(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, code := range []int{502, 503, 504, 429} {
			var requests atomic.Int64
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(code)
				io.WriteString(w, "<html>not now</html>")
			}))
			for procedure, want := range map[string]int64{add: 1, get: 4} {
				requests.Store(0)
				_, err := call(t.Context(), p.dial(t, url, procedure, retryconnect.NewInterceptor(quick, unlimited)), 1)
				if connect.CodeOf(err) != connect.CodeUnavailable || requests.Load() != want || errors.Is(err, retryconnect.ErrUnknown) != (want == 1) {
					t.Errorf("%d for %s: %d requests, want %d; %v", code, procedure, requests.Load(), want, err)
				}
			}
		}
	})
}

// A gateway that answers in JSON of its own is no handler of the Connect protocol, and says nothing of the call. In the other protocols it isn't
// understood at all. A handler is, also one that has nothing to say but its code.
func TestGateway(t *testing.T) {
	for _, row := range []struct {
		name, body, accepts string
		retried             bool
	}{
		{"no code", `{"message": "no healthy upstream"}`, "", false},
		{"an unknown code", `{"code": "gateway_timeout", "message": "no"}`, "", false},
		{"a number", `{"code": 503, "message": "no"}`, "", false},
		{"empty", `{}`, "", false},
		{"a handler of connect-go", `{"code": "unavailable"}`, "gzip", true},
		{"a handler with details", `{"code": "unavailable", "details": [{"type": "google.protobuf.Int64Value", "value": "CAc"}]}`, "", true},
	} {
		each(t, func(t *testing.T, p protocol) {
			for _, status := range []int{429, 502, 503, 504} {
				var requests atomic.Int64
				url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					io.Copy(io.Discard, r.Body)
					w.Header().Set("Content-Type", "application/json")
					if row.accepts != "" {
						w.Header().Set("Accept-Encoding", row.accepts)
					}
					w.WriteHeader(status)
					io.WriteString(w, row.body)
				}))
				handler := row.retried && len(p.opts) == 0
				for procedure, want := range map[string]int64{add: 1, get: 4} {
					if handler {
						want = 4
					}
					requests.Store(0)
					_, err := call(t.Context(), p.dial(t, url, procedure, retryconnect.NewInterceptor(quick, unlimited)), 1)
					if connect.CodeOf(err) != connect.CodeUnavailable || requests.Load() != want || errors.Is(err, retryconnect.ErrUnknown) != (want == 1) {
						t.Errorf("%s, %d for %s: %d requests, want %d; %v", row.name, status, procedure, requests.Load(), want, err)
					}
				}
			}
		})
	}
}

// From the second attempt on the server is told the number, and the caller's request is left as it was.
func TestAttemptIsTold(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var mu sync.Mutex
		var numbers []int
		url := serve(t, service{unary: func(_ context.Context, h http.Header, v int64) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			numbers = append(numbers, retryconnect.ClientAttempt(h))
			if len(numbers)%3 != 0 {
				return 0, connect.NewError(connect.CodeUnavailable, errors.New("no"))
			}
			return v, nil
		}}.handler())
		client := p.dial(t, url, add, retryconnect.NewInterceptor(quick, unlimited))
		req := connect.NewRequest(wrapperspb.Int64(7))
		for range 2 {
			if _, err := client.CallUnary(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		if want := []int{1, 2, 3, 1, 2, 3}; !slices.Equal(numbers, want) {
			t.Errorf("the server was told %v, want %v", numbers, want)
		}
		if v := req.Header()["Grpc-Previous-Rpc-Attempts"]; v != nil {
			t.Errorf("the request says %v", v)
		}
	})
}

// With the interceptor, the handler's context has the number of the client's attempt, in streams as well.
func TestAttemptInTheHandlersContext(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var mu sync.Mutex
		var numbers []int
		see := func(ctx context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if numbers = append(numbers, retry.Attempt(ctx)); len(numbers)%3 != 0 {
				return connect.NewError(connect.CodeUnavailable, errors.New("no"))
			}
			return nil
		}
		i := retryconnect.NewInterceptor(quick, unlimited)
		mux := http.NewServeMux()
		mux.Handle(add, connect.NewUnaryHandler(add, func(ctx context.Context, req *connect.Request[value]) (*connect.Response[value], error) {
			return connect.NewResponse(req.Msg), see(ctx)
		}, connect.WithInterceptors(i)))
		mux.Handle(list, connect.NewServerStreamHandler(list, func(ctx context.Context, _ *connect.Request[value], _ *connect.ServerStream[value]) error {
			return see(ctx)
		}, connect.WithInterceptors(i)))
		url := serve(t, mux)
		if _, err := call(t.Context(), p.dial(t, url, add, i), 1); err != nil {
			t.Fatal(err)
		}
		s, err := open(t.Context(), p.dial(t, url, list, i), 1)
		if err == nil {
			_, err = all(s)
			s.Close()
		}
		if want := []int{1, 2, 3, 1, 2, 3}; err != nil || !slices.Equal(numbers, want) {
			t.Errorf("%v; the handler saw %v, want %v", err, numbers, want)
		}
	})
}

// Nonsense in the client's header is a first attempt.
func TestClientAttempt(t *testing.T) {
	for value, want := range map[string]int{"0": 1, "41": 42, "-1": 1, "x": 1, "": 1, "99999999999999999999": 1} {
		if got := retryconnect.ClientAttempt(http.Header{"Grpc-Previous-Rpc-Attempts": {value}}); got != want {
			t.Errorf("%q: %d, want %d", value, got, want)
		}
	}
}

// Each host has a budget; a policy's own comes first.
func TestBudgets(t *testing.T) {
	var calls atomic.Int64
	url := serve(t, service{unary: func(context.Context, http.Header, int64) (int64, error) {
		calls.Add(1)
		return 0, connect.NewError(connect.CodeUnavailable, errors.New("no"))
	}}.handler())
	retries := func(ctx context.Context, i connect.Interceptor) int64 {
		calls.Store(0)
		client := protocols["connect"].dial(t, url, add, i)
		for range 100 {
			if _, err := call(ctx, client, 1); connect.CodeOf(err) != connect.CodeUnavailable {
				t.Error(err)
			}
		}
		return calls.Load() - 100
	}
	i := retryconnect.NewInterceptor(quick)
	for _, want := range []int64{3, 0} { // two clients of one host
		if n := retries(t.Context(), i); n != want {
			t.Errorf("%d retries, want %d", n, want)
		}
	}
	if n := retries(t.Context(), retryconnect.NewInterceptor(quick, unlimited)); n != 300 {
		t.Errorf("without a budget: %d, want 300", n)
	}
	own := quick
	own.Budget = &retry.Budget{Min: 5}
	if n := retries(retryconnect.WithPolicy(t.Context(), own), i); n != 5 {
		t.Errorf("a policy's own: %d, want 5", n)
	}
}

// A call whose attempts were cut as those of another one isn't mistaken for it: 200 calls, 40 answers cut, 0 applied twice.
func TestLostAnswers(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var mu sync.Mutex
		applied := map[int64]int{}
		url := serve(t, service{unary: func(ctx context.Context, _ http.Header, v int64) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			if applied[v]++; applied[v] == 1 && v%5 == 0 {
				connOf(ctx).cutAfter(0)
			}
			return v, nil
		}}.handler())
		client := p.dial(t, url, add, retryconnect.NewInterceptor(quick, unlimited))
		unknown := 0
		for v := range int64(200) {
			if _, err := call(t.Context(), client, v); errors.Is(err, retryconnect.ErrUnknown) {
				unknown++
			} else if err != nil {
				t.Errorf("call %d: %v", v, err)
			}
		}
		for v := range int64(200) {
			if applied[v] != 1 {
				t.Errorf("call %d was applied %d times", v, applied[v])
			}
		}
		if unknown != 40 {
			t.Errorf("%d calls are unknown, want 40", unknown)
		}
	})
}
