package retrygrpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What a server refuses in HTTP/2's own words was not looked at: it is retried even if the method isn't idempotent. What it
// breaks off may have taken effect.
func TestHTTP2(t *testing.T) {
	refuse := func(_ int64, s RawStream) { s.Framer.WriteRSTStream(s.ID, http2.ErrCodeRefusedStream) }
	goAway := func(_ int64, s RawStream) { s.Framer.WriteGoAway(0, http2.ErrCodeNo, nil) }
	envoy := func(reason string) func(int64, RawStream) {
		return func(_ int64, s RawStream) {
			s.Headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "14",
				"grpc-message", "upstream connect error or disconnect/reset before headers. reset reason: "+reason, "server", "envoy")
		}
	}
	for _, row := range []struct {
		name     string
		answer   func(int64, RawStream)
		add, get int64 // requests until the fifth, which is answered; grpc-go itself makes a refused one again, once in a call
	}{
		{"REFUSED_STREAM", refuse, 5, 5},
		{"GOAWAY", goAway, 5, 5},
		{"GOAWAY after it", func(_ int64, s RawStream) {
			s.Framer.WriteGoAway(s.ID, http2.ErrCodeNo, nil)
			s.Conn.Close()
		}, 1, 5},
		{"INTERNAL_ERROR", func(_ int64, s RawStream) { s.Framer.WriteRSTStream(s.ID, http2.ErrCodeInternal) }, 1, 5},
		{"NO_ERROR", func(_ int64, s RawStream) { s.Framer.WriteRSTStream(s.ID, http2.ErrCodeNo) }, 1, 5},
		{"ENHANCE_YOUR_CALM", func(_ int64, s RawStream) { s.Framer.WriteRSTStream(s.ID, http2.ErrCodeEnhanceYourCalm) }, 1, 1},
		{"headers, then cut", func(_ int64, s RawStream) {
			s.Headers(false, ":status", "200", "content-type", "application/grpc", "some", "thing")
			s.Conn.Close()
		}, 1, 5},
		{"message, then cut", func(_ int64, s RawStream) {
			s.Headers(false, ":status", "200", "content-type", "application/grpc")
			s.Message(9)
			s.Conn.Close()
		}, 1, 5},
		{"no trailers", func(_ int64, s RawStream) {
			s.Headers(false, ":status", "200", "content-type", "application/grpc")
			s.Framer.WriteData(s.ID, true, nil)
		}, 1, 5},
		{"a plain answer", func(_ int64, s RawStream) {
			s.Headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "14", "grpc-message", "no")
		}, 5, 5},
		{"Envoy, not sent", envoy("remote connection failure, transport failure reason: delayed connect error: 111"), 5, 5},
		{"Envoy, overflow", envoy("overflow"), 5, 5},
		{"Envoy, lost", envoy("connection termination"), 1, 5},
		{"Envoy, overloaded", func(_ int64, s RawStream) {
			s.Headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "14", "x-envoy-overloaded", "true")
		}, 1, 1},
		{"Linkerd", func(_ int64, s RawStream) {
			s.Headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "14", "l5d-proxy-error", "connection closed")
		}, 1, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			for method, want := range map[string]int64{Add: row.add, Get: row.get} {
				var requests atomic.Int64
				raw := NewRaw(t, func(n int64, s RawStream) {
					requests.Store(n)
					if n >= 5 {
						s.OK(7)
						return
					}
					row.answer(n, s)
				})
				conn := Dial(t, raw.Addr, retrygrpc.DialOptions(retry.Policy{Backoff: retry.List{0, 0, 0, 0, 0}}, unlimited)...)
				v, err := Call(t.Context(), conn, method, 7)
				if n := requests.Load(); n != want || want == 5 && (err != nil || v != 7) || want == 1 && err == nil {
					t.Errorf("%s: %d requests, want %d; %v, %v", method, n, want, v, err)
				}
			}
		})
	}
}

// A server that refuses a call and is gone has not looked at the call.
func TestRefusedAndGone(t *testing.T) {
	var raw *Raw
	ready := make(chan bool)
	raw = NewRaw(t, func(n int64, s RawStream) {
		<-ready
		raw.Close()
		s.Framer.WriteGoAway(0, http2.ErrCodeNo, nil)
	})
	close(ready)
	conn := Dial(t, raw.Addr, retrygrpc.DialOptions(quick)...)
	_, err := Call(t.Context(), conn, Add, 1)
	if errors.Is(err, retrygrpc.ErrUnknown) || !errors.Is(err, retry.ErrExhausted) {
		t.Error(err)
	}
}

// A proxy that answers in HTML says nothing of the call: it may have reached the server.
func TestHTML(t *testing.T) {
	for _, code := range []int{502, 503, 504, 429} {
		var requests atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			io.WriteString(w, "<html>not now</html>")
		}))
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
		defer s.Close()
		for method, want := range map[string]int64{Add: 1, Get: 4} {
			conn := Dial(t, s.Listener.Addr().String(), retrygrpc.DialOptions(quick, unlimited)...)
			requests.Store(0)
			_, err := Call(t.Context(), conn, method, 7)
			if status.Code(err) != codes.Unavailable || requests.Load() != want {
				t.Errorf("%d for %s: %d requests, want %d; %v", code, method, requests.Load(), want, err)
			}
		}
	}
}

// An interceptor further down that keeps the call options to itself makes the fate of calls unknown, not unsent.
func TestOptionsNotPassedOn(t *testing.T) {
	var proxy *Proxy
	var calls atomic.Int64
	_, addr := Serve(t, Service{Unary: func(_ context.Context, _ string, v int64) (int64, error) {
		calls.Add(1)
		proxy.CutAfter(0)
		return v, nil
	}})
	proxy = NewProxy(t, addr)
	forgetful := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, _ ...grpc.CallOption) error {
		return invoke(ctx, method, req, reply, cc)
	}
	conn := Dial(t, proxy.Addr, append(retrygrpc.DialOptions(quick), grpc.WithChainUnaryInterceptor(forgetful))...)
	_, err := Call(t.Context(), conn, Add, 1)
	if calls.Load() != 1 || !errors.Is(err, retrygrpc.ErrUnknown) {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// A connection that is closed while the call waits for its turn on it was not used.
func TestTooManyStreams(t *testing.T) {
	enter, leave := make(chan bool), make(chan bool)
	var calls atomic.Int64
	l := ownport.Listen(t)
	server := ServeOn(t, l, Service{Unary: func(ctx context.Context, method string, v int64) (int64, error) {
		calls.Add(1)
		if method == Put {
			enter <- true
			<-leave
		}
		return v, nil
	}}, grpc.MaxConcurrentStreams(1))
	conn := Dial(t, l.Addr().String(), retrygrpc.DialOptions(retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(10 * time.Millisecond)}, unlimited)...)
	go Call(t.Context(), conn, Put, 1)
	<-enter
	done := make(chan error)
	go func() { _, err := Call(t.Context(), conn, Add, 1); done <- err }()
	stopped := make(chan bool)
	go func() { server.GracefulStop(); close(stopped) }()
	leave <- true
	<-stopped
	l, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ServeOn(t, l, Service{})
	if err := <-done; err != nil {
		t.Error(err)
	}
}
