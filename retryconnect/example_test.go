package retryconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// A client retries what its server can't do at the moment, when the server says that it may.
func ExampleNewInterceptor() {
	var calls atomic.Int64
	mux := http.NewServeMux()
	mux.Handle(add, connect.NewUnaryHandler(add, func(_ context.Context, req *connect.Request[value]) (*connect.Response[value], error) {
		if calls.Add(1) <= 2 {
			return nil, retryconnect.RetryLater(time.Millisecond)
		}
		return connect.NewResponse(wrapperspb.Int64(2 * req.Msg.Value)), nil
	}))
	server := httptest.NewServer(mux)
	defer server.Close()

	again := retryconnect.NewInterceptor(retry.Policy{})
	client := connect.NewClient[value, value](http.DefaultClient, server.URL+add, connect.WithInterceptors(again))
	resp, err := client.CallUnary(context.Background(), connect.NewRequest(wrapperspb.Int64(21)))
	fmt.Println(resp.Msg.Value, err)
	// Output: 42 <nil>
}

// Whoever calls a server that doesn't answer is told that the call may have taken effect.
func ExampleErrUnknown() {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler) // after the work was done
	}))
	defer server.Close()
	again := connect.WithInterceptors(retryconnect.NewInterceptor(retry.Policy{}))
	client := connect.NewClient[value, value](http.DefaultClient, server.URL+add, again)
	_, err := client.CallUnary(context.Background(), connect.NewRequest(wrapperspb.Int64(21)))
	fmt.Println(errors.Is(err, retryconnect.ErrUnknown), connect.CodeOf(err))
	// Output: true unavailable
}
