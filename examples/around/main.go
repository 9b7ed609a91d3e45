// Command around shows a circuit breaker, a rate limit and a semaphore around each attempt of a call.
//
//	go -C examples/around run .
//
// A server is down until ten attempts were kept from it. Ten calls at a time are made to it, through a breaker that opens after five
// failures in a row. What it refuses costs the server nothing; each call waits until the breaker lets somebody through again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "around:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	var reached, refused atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reached.Add(1); refused.Load() < 10 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()

	breaker := gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Timeout:     200 * time.Millisecond, // until it lets one through again
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		IsExcluded:  Left,
	})
	policy := retry.Policy{
		Name:     "server",
		Attempts: retry.Unlimited,
		Backoff:  retry.Exponential{Initial: 50 * time.Millisecond, Max: 200 * time.Millisecond},
		Within:   time.Minute,
		Around: Both(Share(semaphore.NewWeighted(3)), // at most three attempts at the same time,
			Both(Break(breaker), // none while the breaker is open,
				Limit(rate.NewLimiter(100, 10)))), // and those that pass it at 100 a second
		Decide: func(d *retry.Decision) {
			if Refused(d.Err) {
				refused.Add(1)
			}
		},
	}
	get := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return retry.Stop(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	}
	var calls sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		calls.Go(func() { errs[i] = retry.Do(ctx, policy, get) })
	}
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintf(w, "10 calls succeeded; %d attempts reached the server, the breaker refused %d\n", reached.Load(), refused.Load())
	return nil
}
