package retryconnect_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var errNo = connect.NewError(connect.CodeUnavailable, errors.New("no"))

// numbers is a service whose streams send the numbers from 1 to the one that the client sends first.
func numbers(before func(ctx context.Context, call int64) error, after func(call, v int64) error) service {
	var calls atomic.Int64
	return service{stream: func(ctx context.Context, receive func() (int64, error), send func(int64) error) error {
		call := calls.Add(1)
		n, err := receive()
		if err != nil {
			return err
		}
		if err := before(ctx, call); err != nil {
			return err
		}
		for v := int64(1); v <= n; v++ {
			if err := send(v); err != nil {
				return err
			}
			if err := after(call, v); err != nil {
				return err
			}
		}
		return nil
	}}
}

// all receives until the stream ends.
func all(s *connect.ServerStreamForClient[value]) (vs []int64, err error) {
	for s.Receive() {
		vs = append(vs, s.Msg().Value)
	}
	return vs, s.Err()
}

func open(ctx context.Context, c *connect.Client[value, value], n int64) (*connect.ServerStreamForClient[value], error) {
	return c.CallServerStream(ctx, connect.NewRequest(wrapperspb.Int64(n)))
}

// A stream that fails before its first message is retried, and not after it: no message is delivered twice.
func TestStream(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		url := serve(t, numbers(
			func(_ context.Context, call int64) error {
				if call <= 2 {
					return errNo
				}
				return nil
			},
			func(call, v int64) error {
				if call == 4 && v == 2 {
					return errNo
				}
				return nil
			}).handler())
		client := p.dial(t, url, list, retryconnect.NewInterceptor(quick))
		s, err := open(t.Context(), client, 3)
		if err != nil {
			t.Fatal(err)
		}
		if vs, err := all(s); err != nil || !slices.Equal(vs, []int64{1, 2, 3}) {
			t.Errorf("before the first: got %v, %v", vs, err)
		}
		s.Close()
		s, err = open(t.Context(), client, 3)
		if err != nil {
			t.Fatal(err)
		}
		if vs, err := all(s); connect.CodeOf(err) != connect.CodeUnavailable || !slices.Equal(vs, []int64{1, 2}) {
			t.Errorf("after the first: got %v, %v", vs, err)
		}
		s.Close()
	})
}

// A stream that was sent and whose answer was lost is retried only if that is safe.
func TestStreamLost(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, safe := range []bool{true, false} {
			var calls atomic.Int64
			url := serve(t, numbers(
				func(ctx context.Context, call int64) error {
					calls.Store(call)
					if call == 1 {
						connOf(ctx).cutAfter(0)
					}
					return nil
				}, func(int64, int64) error { return nil }).handler())
			ctx := t.Context()
			if safe {
				ctx = retryconnect.WithIdempotent(ctx)
			}
			s, err := open(ctx, p.dial(t, url, list, retryconnect.NewInterceptor(quick)), 3)
			if err != nil {
				t.Fatal(err)
			}
			vs, err := all(s)
			if safe && (err != nil || len(vs) != 3 || calls.Load() != 2) || !safe && (!errors.Is(err, retryconnect.ErrUnknown) || calls.Load() != 1) {
				t.Errorf("safe %v: %d calls, got %v, %v", safe, calls.Load(), vs, err)
			}
			s.Close()
		}
	})
}

// What was sent is sent again, in order and once, while the caller goes on sending.
func TestStreamSendsAgain(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var calls atomic.Int64
		var mu sync.Mutex
		var got []int64
		url := serve(t, service{stream: func(_ context.Context, receive func() (int64, error), send func(int64) error) error {
			call := calls.Add(1)
			var vs []int64
			for {
				v, err := receive()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
				vs = append(vs, v)
				if call <= 3 && v == 10*call {
					return errNo
				}
			}
			mu.Lock()
			got = vs
			mu.Unlock()
			return send(int64(len(vs)))
		}}.handler())
		i := retryconnect.NewInterceptor(quick, unlimited)

		up := p.dial(t, url, upload, i).CallClientStream(t.Context())
		up.RequestHeader().Set("Some", "thing")
		for v := range int64(1000) {
			if err := up.Send(wrapperspb.Int64(v)); err != nil {
				t.Fatalf("Send: %v", err)
			}
		}
		resp, err := up.CloseAndReceive()
		if err != nil || resp.Msg.Value != 1000 || calls.Load() != 4 {
			t.Errorf("upload: %v in %d calls", err, calls.Load())
		}
		if !p.http2 {
			return // which has no streams in both directions
		}
		calls.Store(0)
		bidi := p.dial(t, url, chat, i).CallBidiStream(t.Context())
		sent := make(chan error, 1)
		go func() {
			for v := range int64(1000) {
				if err := bidi.Send(wrapperspb.Int64(v)); err != nil {
					sent <- err
					return
				}
			}
			sent <- bidi.CloseRequest()
		}()
		m, err := bidi.Receive()
		if err != nil || m.Value != 1000 || calls.Load() != 4 {
			t.Errorf("chat: %v, %v in %d calls", m, err, calls.Load())
		}
		if err := <-sent; err != nil {
			t.Errorf("chat: Send: %v", err)
		}
		if !slices.IsSorted(got) {
			t.Errorf("out of order: %v", got)
		}
		bidi.CloseResponse()
	})
}

// A stream to nobody fails after the attempts, and goes on failing.
func TestStreamUnsent(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		s, err := open(t.Context(), p.dial(t, "http://127.0.0.1:1", list, retryconnect.NewInterceptor(quick)), 3)
		if err == nil {
			_, err = all(s)
			s.Close()
		}
		var e *retry.Error
		if !errors.As(err, &e) || e.Attempts != 4 || connect.CodeOf(err) != connect.CodeUnavailable {
			t.Error(err)
		}
	})
}

// Headers that the caller has seen aren't replaced by those of another attempt.
func TestStreamHeaderCommits(t *testing.T) {
	var calls atomic.Int64
	url := serve(t, numbers(func(_ context.Context, call int64) error { calls.Store(call); return errNo }, nil).handler())
	s, err := open(t.Context(), protocols["connect"].dial(t, url, list, retryconnect.NewInterceptor(quick)), 3)
	if err != nil {
		t.Fatal(err)
	}
	if s.ResponseHeader().Get("Content-Type") == "" {
		t.Error("no headers")
	}
	if _, err := all(s); connect.CodeOf(err) != connect.CodeUnavailable || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// Policy.Timeout limits the wait for the first message, and not the stream, nor does Within; and the deadline of the caller
// is told by each attempt.
func TestStreamTimeout(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		var deadlines []string
		handler := numbers(
			func(_ context.Context, call int64) error {
				if call == 1 {
					time.Sleep(20 * time.Second)
				}
				return nil
			},
			func(_, v int64) error {
				time.Sleep(10 * time.Minute)
				return nil
			}).handler()
		policy := retry.Policy{Timeout: 10 * time.Second, Within: time.Minute, Backoff: retry.List{0, 2 * time.Second}}
		inMemory(t, p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			deadlines = append(deadlines, r.Header.Get("Connect-Timeout-Ms")+r.Header.Get("Grpc-Timeout"))
			handler.ServeHTTP(w, r)
		}), func(t *testing.T, client *http.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			p.opts = append(slices.Clip(p.opts), connect.WithInterceptors(retryconnect.NewInterceptor(policy)))
			c := connect.NewClient[value, value](client, "http://memory"+list, p.opts...)
			began := time.Now()
			s, err := open(retryconnect.WithIdempotent(ctx), c, 3)
			if err != nil {
				t.Fatal(err)
			}
			if vs, err := all(s); err != nil || len(vs) != 3 || time.Since(began) != 30*time.Minute+12*time.Second {
				t.Errorf("got %v, %v in %v", vs, err, time.Since(began))
			}
			s.Close()
			left := func(s string) string { return strings.TrimRight(s, "mun") }
			if len(deadlines) != 2 || left(deadlines[0]) != "3600000" || left(deadlines[1]) != "3588000" {
				t.Errorf("the server was told %q", deadlines)
			}
		})
	})
}

// A message that the caller uses again after Send is sent again as it was.
func TestStreamKeepsCopies(t *testing.T) {
	var calls atomic.Int64
	var got []int64
	url := serve(t, service{stream: func(_ context.Context, receive func() (int64, error), send func(int64) error) error {
		call := calls.Add(1)
		got = nil
		for {
			v, err := receive()
			if errors.Is(err, io.EOF) {
				break
			}
			got = append(got, v)
		}
		if call == 1 {
			return errNo
		}
		return send(1)
	}}.handler())
	s := protocols["gRPC"].dial(t, url, upload, retryconnect.NewInterceptor(quick)).CallClientStream(t.Context())
	m := new(value)
	for v := range int64(5) {
		m.Value = v
		if err := s.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.CloseAndReceive(); err != nil || !slices.Equal(got, []int64{0, 1, 2, 3, 4}) {
		t.Errorf("the server got %v; %v", got, err)
	}
}

// What is sent is kept up to a limit; a stream that has sent more isn't retried.
func TestStreamKeepsSoMuch(t *testing.T) {
	var calls atomic.Int64
	url := serve(t, service{stream: func(_ context.Context, receive func() (int64, error), send func(int64) error) error {
		calls.Add(1)
		for {
			if _, err := receive(); err != nil {
				return errNo
			}
		}
	}}.handler())
	s := connect.NewClient[wrapperspb.BytesValue, value](protocols["gRPC"].client(t), url+upload, connect.WithGRPC(),
		connect.WithIdempotency(connect.IdempotencyIdempotent), connect.WithInterceptors(retryconnect.NewInterceptor(quick))).CallClientStream(t.Context())
	for range 5 {
		if err := s.Send(wrapperspb.Bytes(make([]byte, 60_000))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.CloseAndReceive(); connect.CodeOf(err) != connect.CodeUnavailable || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}
