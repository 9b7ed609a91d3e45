package retryconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// start returns the URL of a server whose handler is given the number of the client's attempt.
func start(handle func(attempt int) error) (url string, end func()) {
	mux := http.NewServeMux()
	mux.Handle(add, connect.NewUnaryHandler(add, func(_ context.Context, req *connect.Request[value]) (*connect.Response[value], error) {
		if err := handle(retryconnect.ClientAttempt(req.Header())); err != nil {
			return nil, err
		}
		return connect.NewResponse(wrapperspb.Int64(2 * req.Msg.Value)), nil
	}))
	server := httptest.NewServer(mux)
	return server.URL + add, server.Close
}

func invoke(ctx context.Context, url string, again connect.Interceptor) error {
	client := connect.NewClient[value, value](http.DefaultClient, url, connect.WithInterceptors(again))
	_, err := client.CallUnary(ctx, connect.NewRequest(wrapperspb.Int64(21)))
	return err
}

// A server learns which attempt it serves, and says that there must be no other.
func ExampleClientAttempt() {
	url, end := start(func(attempt int) error {
		fmt.Println("attempt", attempt)
		err := connect.NewError(connect.CodeUnavailable, errors.New("overloaded"))
		if attempt == 2 {
			return retryconnect.DoNotRetry(err)
		}
		return err
	})
	defer end()
	err := invoke(context.Background(), url, retryconnect.NewInterceptor(retry.Policy{}))
	fmt.Println(connect.CodeOf(err))
	// Output:
	// attempt 1
	// attempt 2
	// unavailable
}

// These procedures may be called twice; there are no budgets.
func ExampleIdempotent() {
	url, end := start(func(attempt int) error {
		if attempt == 1 {
			panic(http.ErrAbortHandler) // after the work was done
		}
		return nil
	})
	defer end()
	again := retryconnect.NewInterceptor(retry.Policy{},
		retryconnect.Idempotent(add),
		retryconnect.WithBudget(func(host string) *retry.Budget { return nil }))
	fmt.Println(invoke(context.Background(), url, again))
	// Output: <nil>
}

// This call may be made twice.
func ExampleWithIdempotent() {
	url, end := start(func(attempt int) error {
		if attempt == 1 {
			panic(http.ErrAbortHandler)
		}
		return nil
	})
	defer end()
	ctx := retryconnect.WithIdempotent(context.Background())
	fmt.Println(invoke(ctx, url, retryconnect.NewInterceptor(retry.Policy{})))
	// Output: <nil>
}

// This call follows a policy of its own, which retries another code as well.
func ExampleWithPolicy() {
	url, end := start(func(attempt int) error {
		if attempt < 3 {
			return connect.NewError(connect.CodeAborted, errors.New("conflict"))
		}
		return nil
	})
	defer end()
	ctx := retryconnect.WithPolicy(context.Background(), retry.Policy{RetryIf: func(err error) bool {
		return retryconnect.Transient(err) || connect.CodeOf(err) == connect.CodeAborted
	}})
	fmt.Println(invoke(ctx, url, retryconnect.NewInterceptor(retry.Policy{Attempts: 1})))
	// Output: <nil>
}

// A recorder is told what a call took beyond its first attempt.
type counter struct{}

func (counter) RecordCall(_ context.Context, target, method string, retries, transparentRetries, hedges int, delay time.Duration) {
	fmt.Println(retries, "retries,", hedges, "hedges; waited:", delay > 0)
}

func ExampleWithRecorder() {
	url, end := start(func(attempt int) error {
		if attempt == 1 {
			return retryconnect.RetryLater(time.Millisecond)
		}
		return nil
	})
	defer end()
	var r retryconnect.Recorder = counter{}
	fmt.Println(invoke(context.Background(), url, retryconnect.NewInterceptor(retry.Policy{}, retryconnect.WithRecorder(r))))
	// Output:
	// 1 retries, 0 hedges; waited: true
	// <nil>
}

// A procedure that is idempotent is called a second time when its answer is slow.
func ExampleWithHedge() {
	second := make(chan struct{})
	url, end := start(func(attempt int) error {
		if attempt == 1 {
			<-second // slow, until the other one is there
			return nil
		}
		close(second)
		return nil
	})
	defer end()
	hedged := retryconnect.WithHedge(retry.HedgeSettings{Delay: 10 * time.Millisecond}, add)
	fmt.Println(invoke(context.Background(), url, retryconnect.NewInterceptor(retry.Policy{}, retryconnect.Idempotent(add), hedged)))
	// Output: <nil>
}
