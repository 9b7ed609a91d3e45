// Connect is a program of somebody who uses Connect.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	calls := 0
	const name = "/example.v1.Example/Do"
	mux := http.NewServeMux()
	mux.Handle(name, connect.NewUnaryHandler(name, func(context.Context, *connect.Request[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
		if calls++; calls < 3 {
			return nil, retryconnect.RetryLater(time.Millisecond)
		}
		return connect.NewResponse(new(emptypb.Empty)), nil
	}))
	server := httptest.NewServer(mux)
	defer server.Close()

	again := connect.WithInterceptors(retryconnect.NewInterceptor(retry.Policy{}))
	client := connect.NewClient[emptypb.Empty, emptypb.Empty](http.DefaultClient, server.URL+name, again)
	_, err := client.CallUnary(context.Background(), connect.NewRequest(new(emptypb.Empty)))
	fmt.Println(calls, err)
}
