package retrygrpc_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var errNo = status.Error(codes.Unavailable, "no")

func send(s interface{ SendMsg(any) error }, v int64) error { return s.SendMsg(wrapperspb.Int64(v)) }

// all receives until the stream ends.
func all(s Receiver) (vs []int64, err error) {
	for {
		v, err := Recv(s)
		if err == io.EOF {
			return vs, nil
		}
		if err != nil {
			return vs, err
		}
		vs = append(vs, v)
	}
}

// numbers is a service whose streams send the numbers from 1 to n, which the client asks for.
func numbers(before func(call int64, s grpc.ServerStream) error, after func(call, v int64) error) Service {
	var calls atomic.Int64
	return Service{Stream: func(_ string, s grpc.ServerStream) error {
		call := calls.Add(1)
		n, err := Recv(s)
		if err != nil {
			return err
		}
		if err := before(call, s); err != nil {
			return err
		}
		for v := int64(1); v <= n; v++ {
			if err := send(s, v); err != nil {
				return err
			}
			if err := after(call, v); err != nil {
				return err
			}
		}
		return nil
	}}
}

func never(int64, grpc.ServerStream) error { return nil }
func nothing(_, _ int64) error             { return nil }

// A stream that fails before its first message is retried.
func TestStreamBeforeFirstMessage(t *testing.T) {
	for _, method := range []string{List, Watch} {
		_, addr := Serve(t, numbers(func(call int64, s grpc.ServerStream) error {
			if call <= 2 {
				return errNo
			}
			s.SetTrailer(metadata.Pairs("call", "3"))
			return nil
		}, nothing))
		conn := Dial(t, addr, retrygrpc.DialOptions(quick)...)
		s, err := Open(t.Context(), conn, method, 3)
		if err != nil {
			t.Fatal(err)
		}
		if vs, err := all(s); err != nil || !slices.Equal(vs, []int64{1, 2, 3}) {
			t.Errorf("%s: got %v, %v", method, vs, err)
		}
		if got := s.Trailer()["call"]; !slices.Equal(got, []string{"3"}) {
			t.Errorf("%s: the trailer is %v", method, got)
		}
		if _, err := Recv(s); err != io.EOF {
			t.Errorf("%s: after the end: %v", method, err)
		}
	}
}

// A stream that fails after its first message isn't retried: no message is delivered twice.
func TestStreamAfterFirstMessage(t *testing.T) {
	var calls int64
	_, addr := Serve(t, numbers(never, func(call, v int64) error {
		calls = call
		if v == 2 {
			return errNo
		}
		return nil
	}))
	var outcomes []string
	policy := quick
	policy.Observe = func(_ context.Context, e retry.Event) { outcomes = append(outcomes, e.Outcome()) }
	conn := Dial(t, addr, retrygrpc.DialOptions(policy)...)
	s, err := Open(t.Context(), conn, List, 3)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := all(s)
	if status.Code(err) != codes.Unavailable || !slices.Equal(vs, []int64{1, 2}) || calls != 1 {
		t.Errorf("got %v, %v in %d calls", vs, err, calls)
	}
	if !slices.Equal(outcomes, []string{"succeeded"}) { // with the first message
		t.Errorf("the observer was told %v", outcomes)
	}
}

// A stream that was sent and whose answer was lost is retried only if that is safe.
func TestStreamLost(t *testing.T) {
	for method, want := range map[string]int64{List: 2, Watch: 1} {
		var proxy *Proxy
		var calls atomic.Int64
		_, addr := Serve(t, numbers(func(call int64, s grpc.ServerStream) error {
			calls.Store(call)
			if call == 1 {
				proxy.CutAfter(0)
			}
			return nil
		}, nothing))
		proxy = NewProxy(t, addr)
		conn := Dial(t, proxy.Addr, retrygrpc.DialOptions(quick)...)
		s, err := Open(t.Context(), conn, method, 3)
		if err != nil {
			t.Fatal(err)
		}
		vs, err := all(s)
		if calls.Load() != want || want == 2 && (err != nil || len(vs) != 3) || want == 1 && !errors.Is(err, retrygrpc.ErrUnknown) {
			t.Errorf("%s: %d calls, got %v, %v", method, calls.Load(), vs, err)
		}
	}
}

// A stream to nobody fails in RecvMsg, after the attempts.
func TestStreamUnsent(t *testing.T) {
	conn := Dial(t, ownport.Closed(t), retrygrpc.DialOptions(quick)...)
	s, err := Open(t.Context(), conn, Watch, 3)
	if err != nil {
		t.Fatal(err)
	}
	if md, err := s.Header(); md != nil || err != nil {
		t.Error(md, err)
	}
	_, err = Recv(s)
	var e *retry.Error
	if !errors.As(err, &e) || e.Attempts != 4 || status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
	if _, again := Recv(s); again != err {
		t.Errorf("then it is %v", again)
	}
	if err := send(s, 1); err != io.EOF {
		t.Errorf("SendMsg after the end: %v", err)
	}
	if s.Trailer() != nil || s.Context() == nil {
		t.Error("no trailer, and no context")
	}
}

// What was sent is sent again, in order and once, while the caller goes on sending.
func TestStreamSendsAgain(t *testing.T) {
	for _, method := range []string{Upload, Chat} {
		var calls atomic.Int64
		var mu sync.Mutex
		var got []int64
		_, addr := Serve(t, Service{Stream: func(_ string, s grpc.ServerStream) error {
			call := calls.Add(1)
			var vs []int64
			for {
				v, err := Recv(s)
				if err == io.EOF {
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
			return send(s, int64(len(vs)))
		}})
		conn := Dial(t, addr, retrygrpc.DialOptions(quick, unlimited)...)
		s, err := Open(t.Context(), conn, method, 0)
		if err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() {
			for v := range int64(1000) {
				if err := send(s, v); err != nil {
					sent <- err
					return
				}
			}
			sent <- s.CloseSend()
		}()
		n, err := Recv(s)
		if err != nil || n != 1000 || calls.Load() != 4 {
			t.Errorf("%s: %d messages in %d calls, %v", method, n, calls.Load(), err)
		}
		if err := <-sent; err != nil {
			t.Errorf("%s: SendMsg: %v", method, err)
		}
		if !slices.IsSorted(got) {
			t.Errorf("%s: out of order: %v", method, got)
		}
	}
}

// What is sent is kept up to a limit; a stream that has sent more isn't retried.
func TestStreamKeepsSoMuch(t *testing.T) {
	var calls atomic.Int64
	_, addr := Serve(t, Service{Stream: func(_ string, s grpc.ServerStream) error {
		calls.Add(1)
		for {
			if _, err := Recv(s); err != nil {
				return errNo
			}
		}
	}})
	conn := Dial(t, addr, retrygrpc.DialOptions(quick)...)
	s, err := Open(t.Context(), conn, Upload, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := s.SendMsg(wrapperspb.Bytes(make([]byte, 60_000))); err != nil {
			t.Fatal(err)
		}
	}
	s.CloseSend()
	if _, err := Recv(s); status.Code(err) != codes.Unavailable || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// Headers that the caller has seen aren't replaced by those of another attempt.
func TestStreamHeaderCommits(t *testing.T) {
	var calls atomic.Int64
	_, addr := Serve(t, numbers(func(call int64, s grpc.ServerStream) error {
		calls.Store(call)
		s.SendHeader(metadata.Pairs("call", "1"))
		return errNo
	}, nothing))
	conn := Dial(t, addr, retrygrpc.DialOptions(quick)...)
	s, err := Open(t.Context(), conn, List, 3)
	if err != nil {
		t.Fatal(err)
	}
	md, err := s.Header()
	if err != nil || !slices.Equal(md["call"], []string{"1"}) {
		t.Fatal(md, err)
	}
	if _, err := Recv(s); status.Code(err) != codes.Unavailable || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// A stream without messages is a success.
func TestStreamEmpty(t *testing.T) {
	_, addr := Serve(t, numbers(never, nothing))
	events := 0
	policy := quick
	policy.Observe = func(_ context.Context, e retry.Event) {
		if events++; e.Outcome() != "succeeded" || e.Name != List {
			t.Errorf("%s: %v", e.Name, e.Outcome())
		}
	}
	conn := Dial(t, addr, retrygrpc.DialOptions(policy)...)
	s, err := Open(t.Context(), conn, List, 0)
	if err != nil {
		t.Fatal(err)
	}
	if vs, err := all(s); len(vs) != 0 || err != nil || events != 1 {
		t.Error(vs, err, events)
	}
}

// Policy.Timeout limits the wait for the first message, and not the stream; nor does Within.
func TestStreamTimeout(t *testing.T) {
	service := numbers(func(call int64, s grpc.ServerStream) error {
		if call == 1 {
			<-s.Context().Done()
			return s.Context().Err()
		}
		return nil
	}, func(call, v int64) error {
		time.Sleep(time.Minute)
		return nil
	})
	policy := retry.Policy{Timeout: time.Second, Within: 30 * time.Second, Backoff: retry.Constant(time.Second)}
	inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		s, err := Open(ctx, conn, List, 3)
		if err != nil {
			t.Fatal(err)
		}
		vs, err := all(s)
		if err != nil || len(vs) != 3 || time.Since(began) != 3*time.Minute+2*time.Second {
			t.Errorf("got %v, %v in %v", vs, err, time.Since(began))
		}
	})
}

// The caller's deadline is told to the server by each attempt, although Policy.Timeout is shorter.
func TestStreamDeadline(t *testing.T) {
	var left []time.Duration
	service := numbers(func(call int64, s grpc.ServerStream) error {
		d, _ := s.Context().Deadline()
		left = append(left, time.Until(d).Round(time.Second))
		if call == 1 {
			return errNo
		}
		return nil
	}, nothing)
	policy := retry.Policy{Timeout: 5 * time.Second, Backoff: retry.Constant(2 * time.Second)}
	inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s, err := Open(ctx, conn, List, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all(s); err != nil || !slices.Equal(left, []time.Duration{time.Hour, time.Hour - 2*time.Second}) {
			t.Error(left, err)
		}
	})
}

// A stream that is left leaves nothing behind: the bubble would say so.
func TestStreamCanceled(t *testing.T) {
	service := Service{Stream: func(_ string, s grpc.ServerStream) error {
		<-s.Context().Done()
		return s.Context().Err()
	}}
	policy := retry.Policy{Timeout: time.Hour}
	inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := Open(ctx, conn, Chat, 1)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, cancel)
		if _, err := Recv(s); status.Code(err) != codes.Canceled {
			t.Error(err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		if _, err := Open(ctx, conn, Chat, 1); err != nil {
			t.Fatal(err)
		}
		cancel()
	})
}

// A stream that has ended leaves nothing with the caller's context, however long that lasts.
func TestStreamLeavesNoContext(t *testing.T) {
	service := Service{Stream: func(method string, s grpc.ServerStream) error {
		if method == Upload {
			return send(s, 1)
		}
		return nil
	}}
	policy := retry.Policy{Timeout: time.Hour}
	inMemory(t, service, retrygrpc.DialOptions(policy), func(t *testing.T, conn *grpc.ClientConn) {
		ctx := &counting{Context: t.Context()}
		for _, method := range []string{Upload, List, Chat} {
			s, err := Open(ctx, conn, method, 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Recv(s); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			if n := ctx.n.Load(); n != 0 {
				t.Errorf("%s: %d contexts are left", method, n)
			}
		}
	})
}

// A counting context counts the contexts that wait for its end.
type counting struct {
	context.Context
	n atomic.Int64
}

func (c *counting) Done() <-chan struct{} { return make(chan struct{}) } // unlike its parent's, so that AfterFunc is asked
func (c *counting) AfterFunc(func()) func() bool {
	c.n.Add(1)
	return func() bool { c.n.Add(-1); return true }
}
