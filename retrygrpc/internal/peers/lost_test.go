package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Of 200 calls that add something, 40 lose their answer. The others apply these twice; retrygrpc never does, and its caller is
// told of each that it is unknown.
func TestLostAnswers(t *testing.T) {
	const calls, every = 200, 5
	run := func(t *testing.T, w way, method string) (twice, unknown, failed int) {
		var proxy *Proxy
		var mu sync.Mutex
		applied := map[int64]int{}
		_, addr := Serve(t, Service{Unary: func(_ context.Context, _ string, id int64) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			if applied[id]++; applied[id] == 1 && id%every == 0 {
				proxy.CutAfter(0)
			}
			return id, nil
		}})
		proxy = NewProxy(t, addr)
		conn := Dial(t, proxy.Addr, w.opts...)
		for id := range int64(calls) {
			_, err := Call(t.Context(), conn, method, id)
			switch {
			case errors.Is(err, retrygrpc.ErrUnknown):
				unknown++
			case err != nil:
				failed++
			}
		}
		for id := range int64(calls) {
			switch n := applied[id]; {
			case n == 0:
				t.Errorf("call %d was never applied", id)
			case n > 1:
				twice++
			}
		}
		t.Logf("%s, %s: of %d calls with %d answers cut, %d were applied twice, %d unknown, %d failed otherwise", w.name, method, calls, calls/every, twice, unknown, failed)
		return twice, unknown, failed
	}
	const twiceApplied, kept = "200 calls that add, 40 answers cut: applied twice", "the same, calls that are declared idempotent: failures"
	t.Run("retrygrpc", func(t *testing.T) {
		w := ours(retry.Policy{Backoff: retry.Constant(0)}, noBudget) // as the others have none
		twice, unknown, failed := run(t, w, Add)
		if twice != 0 || unknown != calls/every || failed != 0 {
			t.Error("wrong")
		}
		table.Saw(twiceApplied, w.name, fmt.Sprintf("%d (%d are `ErrUnknown`)", twice, unknown))
		if _, unknown, failed = run(t, w, Put); unknown+failed != 0 {
			t.Error("a method that is declared idempotent has failures")
		}
		table.Saw(kept, w.name, unknown+failed)
	})
	for _, w := range append(others(), plain()) {
		t.Run(w.name, func(t *testing.T) {
			twice, _, _ := run(t, w, Add)
			if w.name != "plain" && twice < calls/every/2 {
				t.Error("this test's picture of it is out of date")
			}
			table.Saw(twiceApplied, w.name, roughly(twice))
			_, _, failed := run(t, w, Put)
			table.Saw(kept, w.name, roughly(failed))
		})
	}
}

// roughly says how many of the 40 it is: now and then one of the cuts hits something else than an answer.
func roughly(n int) string {
	if n >= 30 {
		return "nearly all"
	}
	return fmt.Sprint(n)
}

// A stream that breaks after its second message is begun again by go-grpc-middleware, which delivers the first two twice.
func TestMessagesTwice(t *testing.T) {
	const delivered = "a stream breaks after 2 of 3 messages: delivered"
	table.Saw(delivered, "failsafe-go", "no streams")
	for _, row := range []struct {
		way
		want []int64
		code codes.Code
	}{
		{ours(retry.Policy{Backoff: retry.Constant(0)}), []int64{1, 2}, codes.Unavailable},
		{others()[0], []int64{1, 2}, codes.Unavailable},
		{others()[1], []int64{1, 2, 1, 2, 3}, codes.OK},
		{plain(), []int64{1, 2}, codes.Unavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			first := true
			_, addr := Serve(t, Service{Stream: func(_ string, s grpc.ServerStream) error {
				for v := int64(1); v <= 3; v++ {
					if v == 3 && first {
						first = false
						return status.Error(codes.Unavailable, "broken")
					}
					s.SendMsg(wrapperspb.Int64(v))
				}
				return nil
			}})
			s, err := Open(t.Context(), Dial(t, addr, row.opts...), List, 3)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			v, err := Recv(s)
			for ; err == nil; v, err = Recv(s) {
				got = append(got, v)
			}
			if !slices.Equal(got, row.want) || row.code != codes.OK && status.Code(err) != row.code {
				t.Errorf("got %v, %v; want %v", got, err, row.want)
			}
			answer := strings.Trim(strings.ReplaceAll(fmt.Sprint(got), " ", ", "), "[]")
			if err != io.EOF {
				answer += ", error"
			}
			table.Saw(delivered, row.name, answer)
		})
	}
}

// One loop over another multiplies: this is what becomes of four attempts where the client's service config asks for four as well.
func TestTwoLoops(t *testing.T) {
	const question = "4 attempts, and a service config with 4: calls of the server"
	for _, w := range append(others(), plain(), ours(retry.Policy{Backoff: retry.Constant(0)}, noBudget)) {
		t.Run(w.name, func(t *testing.T) {
			calls := 0
			_, addr := Serve(t, Service{Unary: func(context.Context, string, int64) (int64, error) {
				calls++
				return 0, status.Error(codes.Unavailable, "no")
			}})
			conn := Dial(t, addr, append(w.opts, grpc.WithDefaultServiceConfig(serviceConfig))...)
			if _, err := Call(t.Context(), conn, Put, 1); err == nil {
				t.Error("it has succeeded")
			}
			if w.name == "retrygrpc" && calls != 4 {
				t.Errorf("%d calls", calls)
			}
			table.Saw(question, w.name, calls)
		})
	}
}
