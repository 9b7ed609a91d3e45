package docs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrysim"
	"github.com/callagain/retry/retrytest"
)

// The code of anti-patterns.md. Each example prints what the wrong way does and what the right one does; the page quotes both.

var errDown = errors.New("503 Service Unavailable")

// down is a service that is down. It counts the attempts to call it.
type down struct{ attempts int }

func (d *down) call(context.Context) error { d.attempts++; return errDown }

// quick takes the waiting out of an example.
func quick() context.Context {
	ctx, _ := retrytest.Context(context.Background(), retrytest.Settings{})
	return ctx
}

// slow takes 20ms; or, if ctx has a deadline, until then: no machine is so busy that it would be done before.
func slow(ctx context.Context) error {
	if _, limited := ctx.Deadline(); limited {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	time.Sleep(20 * time.Millisecond)
	return nil
}

//retryvet:ignore this is the mistake
func Example_outerContext() {
	ctx := context.Background()
	policy := retry.Policy{Attempts: 1, Timeout: time.Millisecond}

	dont := func() error {
		return retry.Do(ctx, policy, func(context.Context) error { return slow(ctx) })
	}
	do := func() error {
		return retry.Do(ctx, policy, func(ctx context.Context) error { return slow(ctx) })
	}
	fmt.Println("don't: timed out:", errors.Is(dont(), retry.ErrTimeout))
	fmt.Println("do: timed out:", errors.Is(do(), retry.ErrTimeout))
	// Output:
	// don't: timed out: false
	// do: timed out: true
}

//retryvet:ignore this is the mistake
func Example_nested() {
	ctx, service := quick(), &down{}
	three := retry.Policy{Attempts: 3}

	client := func(ctx context.Context) error { return retry.Do(ctx, three, service.call) }
	dont := func() (err error) {
		for range 3 { // the handler's loop
			for range 3 { // that of the package in between
				if err = client(ctx); err == nil {
					return nil
				}
			}
		}
		return err
	}
	dont()
	fmt.Println("don't:", service.attempts, "attempts")

	service.attempts = 0
	do := func() error {
		return retry.Do(ctx, three, func(ctx context.Context) error { return retry.Do(ctx, three, client) })
	}
	do()
	fmt.Println("do:", service.attempts, "attempts")
	// Output:
	// don't: 27 attempts
	// do: 3 attempts
}

func Example_budgetPerRequest() {
	ctx, service := quick(), &down{}

	dont := func(http.ResponseWriter, *http.Request) {
		policy := retry.Policy{Budget: &retry.Budget{}}
		retry.Do(ctx, policy, service.call)
	}
	for range 1000 {
		dont(nil, nil)
	}
	fmt.Println("don't:", service.attempts, "attempts for 1000 requests")

	service.attempts = 0
	var policy = retry.Policy{Budget: &retry.Budget{Name: "search"}} // once, in a package variable
	do := func(http.ResponseWriter, *http.Request) {
		retry.Do(ctx, policy, service.call)
	}
	for range 1000 {
		do(nil, nil)
	}
	fmt.Println("do:", service.attempts, "attempts for 1000 requests")
	// Output:
	// don't: 4000 attempts for 1000 requests
	// do: 1003 attempts for 1000 requests
}

func Example_sharedBudget() {
	ctx, search := quick(), &down{}
	blip := func() func(context.Context) error { // fails once
		failed := false
		return func(context.Context) error {
			if !failed {
				failed = true
				return errDown
			}
			return nil
		}
	}

	all := &retry.Budget{}
	for range 10 {
		retry.Do(ctx, retry.Policy{Budget: all}, search.call)
	}
	fmt.Println("don't: an order while search is down:", retry.Do(ctx, retry.Policy{Budget: all}, blip()))

	searches, orders := &retry.Budget{Name: "search"}, &retry.Budget{Name: "orders"}
	for range 10 {
		retry.Do(ctx, retry.Policy{Budget: searches}, search.call)
	}
	fmt.Println("do: an order while search is down:", retry.Do(ctx, retry.Policy{Budget: orders}, blip()))
	// Output:
	// don't: an order while search is down: 503 Service Unavailable (retry: gave up after 1 attempt: retry budget exhausted)
	// do: an order while search is down: <nil>
}

//retryvet:ignore this is the mistake
func Example_bodyMadeOutside() {
	ctx := quick()
	var got []string
	send := func(body io.Reader) error { // the first answer is lost
		data, _ := io.ReadAll(body)
		got = append(got, string(data))
		if len(got) == 1 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}

	body := strings.NewReader("tea")
	dont := func(context.Context) error { return send(body) }
	retry.Do(ctx, retry.Policy{}, dont)
	fmt.Printf("don't: %q\n", got)

	got = nil
	do := func(context.Context) error { return send(strings.NewReader("tea")) }
	retry.Do(ctx, retry.Policy{}, do)
	fmt.Printf("do: %q\n", got)
	// Output:
	// don't: ["tea" ""]
	// do: ["tea" "tea"]
}

// shop takes orders. It takes the first one and breaks the connection before it answers. It knows an order by its key.
func shop() (orders func() int, server *httptest.Server) {
	var mu sync.Mutex
	n, requests, keys := 0, 0, map[string]bool{}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		io.Copy(io.Discard, r.Body)
		if key := r.Header.Get("Idempotency-Key"); key == "" || !keys[key] {
			n++
			keys[key] = true
		}
		if requests++; requests == 1 {
			panic(http.ErrAbortHandler)
		}
	}))
	return func() int { mu.Lock(); defer mu.Unlock(); return n }, server
}

func Example_postWithoutKey() {
	ctx := quick()

	orders, server := shop()
	dont := func(ctx context.Context) error {
		resp, err := http.Post(server.URL, "text/plain", strings.NewReader("tea"))
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	err := retry.Do(ctx, retry.Policy{}, dont)
	fmt.Println("don't:", orders(), "orders; an error:", err != nil)
	server.Close()

	orders, server = shop()
	do := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader("tea"))
		if err != nil {
			return err
		}
		req.Header.Set("Idempotency-Key", "order-7")
		resp, err := retryhttp.NewClient(retry.Policy{}).Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	err = do(ctx)
	fmt.Println("do:", orders(), "order; an error:", err != nil)
	server.Close()
	// Output:
	// don't: 2 orders; an error: false
	// do: 1 order; an error: false
}

func Example_finalFailure() {
	ctx := quick()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.NotFound(w, r)
	}))
	defer server.Close()

	dont := func(context.Context) error {
		resp, err := http.Get(server.URL)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	}
	retry.Do(ctx, retry.Policy{}, dont)
	fmt.Println("don't:", requests, "requests")

	requests = 0
	do := func(context.Context) error {
		resp, err := http.Get(server.URL)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return retryhttp.Check(resp)
	}
	retry.Do(ctx, retry.Policy{RetryIf: retryhttp.Transient}, do)
	fmt.Println("do:", requests, "request")
	// Output:
	// don't: 4 requests
	// do: 1 request
}

func Example_noDeadline() {
	dont := retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: time.Second}}
	do := retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: time.Second}, Timeout: 2 * time.Second, Within: 10 * time.Second}
	for _, p := range []retry.Policy{dont, do} {
		plan, err := p.Plan()
		fmt.Println("a call may wait", plan.MaxWait, err)
	}
	// Output:
	// a call may wait 6m7s <nil>
	// a call may wait 10s <nil>
}

func Example_noJitter() {
	busiest := func(jitter retry.Jitter) float64 { // 20ms, as a multiple of the usual load
		r, err := retrysim.Run(context.Background(), retrysim.Scenario{
			Policy:   retry.Policy{Backoff: retry.Exponential{Jitter: jitter}},
			Clients:  1000,
			Arrivals: retrysim.Poisson(1),
			Network:  retrysim.Exp(200 * time.Millisecond),
			Server:   retrysim.Server{Workers: 100, Service: retrysim.Fixed(10 * time.Millisecond)},
			Faults:   []retrysim.Fault{{From: time.Second, To: 1010 * time.Millisecond, Cut: true}},
			For:      3 * time.Second,
			Step:     20 * time.Millisecond,
		})
		if err != nil {
			panic(err)
		}
		var most int64
		for _, s := range r.Steps {
			most = max(most, s.Attempts)
		}
		return float64(most) / 20
	}
	fmt.Printf("don't: %.1f times the load when all connections are cut\n", busiest(retry.NoJitter))
	fmt.Printf("do: %.1f times the load when all connections are cut\n", busiest(retry.FullJitter))
	// Output:
	// don't: 19.8 times the load when all connections are cut
	// do: 5.3 times the load when all connections are cut
}

func Example_impatient() {
	outage := func(policy retry.Policy) string {
		r, err := retrysim.Run(context.Background(), retrysim.Scenario{
			Policy:   policy,
			Clients:  1000,
			Arrivals: retrysim.Poisson(1),
			Network:  retrysim.Exp(5 * time.Millisecond),
			Server:   retrysim.Server{Workers: 12, Service: retrysim.Fixed(10 * time.Millisecond)},
			Faults:   []retrysim.Fault{{From: 20 * time.Second, To: 22 * time.Second, Fail: 1}},
			For:      100 * time.Second,
		})
		if err != nil {
			return err.Error()
		}
		return r.String()
	}
	dont := retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: 10 * time.Millisecond}, Timeout: time.Second}
	do := retry.Policy{Budget: &retry.Budget{}, Timeout: time.Second}
	fmt.Println("don't:", outage(dont))
	fmt.Println("do:", outage(do))
	// Output:
	// don't: 1000 clients made 100240 calls with 7.61 attempts each; 25.2 % of them succeeded; they didn't recover in the 1m18s after the last fault
	// do: 1000 clients made 100240 calls with 1.03 attempts each; 98.1 % of them succeeded; they recovered as soon as the last fault was over
}

func Example_ignoredError() {
	ctx, service := quick(), &down{}

	dont := func() { retry.Do(ctx, retry.Policy{Name: "save"}, service.call) }
	dont()
	fmt.Println("don't: saved")

	do := func() error {
		if err := retry.Do(ctx, retry.Policy{Name: "save"}, service.call); err != nil {
			return fmt.Errorf("not saved: %w", err)
		}
		return nil
	}
	fmt.Println("do:", errors.Is(do(), retry.ErrExhausted), service.attempts)
	// Output:
	// don't: saved
	// do: true 8
}

func Example_whoseDeadline() {
	late := func() error { // the attempt's own timeout
		return retry.Do(context.Background(), retry.Policy{Attempts: 1, Timeout: time.Millisecond}, slow)
	}
	left := func() error { // the caller's deadline
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		return retry.Do(ctx, retry.Policy{Attempts: 1}, slow)
	}
	fmt.Println("don't:", errors.Is(late(), context.DeadlineExceeded), errors.Is(left(), context.DeadlineExceeded))
	fmt.Println("do:", errors.Is(late(), retry.ErrTimeout), errors.Is(left(), retry.ErrTimeout))
	// Output:
	// don't: true true
	// do: true false
}

func Example_sleepingInTests() {
	// The program: it retries twice.
	attempts := 0
	load := func(ctx context.Context) (string, error) {
		return retry.Get(ctx, retry.Policy{Name: "load"}, func(context.Context) (string, error) {
			if attempts++; attempts < 3 {
				return "", errDown
			}
			return "tea", nil
		})
	}

	// don't: var delay = 100 * time.Millisecond // set to 0 by tests
	// don't: if time.Since(began) > time.Second { t.Error("too slow") }

	ctx, record := retrytest.Context(context.Background(), retrytest.Settings{})
	v, err := load(ctx)
	fmt.Println("do:", v, err, record.Delays("load"))
	// Output:
	// do: tea <nil> [100ms 200ms]
}

func Example_alertOnRetries() {
	var alerts, attempts, calls, gaveUp int
	policy := retry.Policy{Observe: func(_ context.Context, e retry.Event) {
		if e.Retry {
			alerts++ // don't: this is what the library is for
			return
		}
		calls++
		attempts += e.Attempt
		if e.Reason != nil {
			gaveUp++
		}
	}}
	ctx := quick()
	for n := range 1000 {
		retry.Do(ctx, policy, func(ctx context.Context) error {
			if n%20 == 0 && retry.Attempt(ctx) == 1 {
				return errDown // one in twenty fails once
			}
			return nil
		})
	}
	fmt.Println("don't:", alerts, "alerts")
	fmt.Printf("do: %.2f attempts for each call, %d calls gave up\n", float64(attempts)/float64(calls), gaveUp)
	// Output:
	// don't: 50 alerts
	// do: 1.05 attempts for each call, 0 calls gave up
}

func Example_outerLoop() {
	service := &down{}
	budget := &retry.Budget{}
	ctx, record := retrytest.Context(context.Background(), retrytest.Settings{})

	policy := retry.Policy{Name: "poll", Budget: budget}
	dont := func() {
		for range 1000 { // a worker's loop: forever
			if retry.Do(ctx, policy, service.call) == nil {
				break
			}
		}
	}
	dont()
	fmt.Println("don't:", service.attempts, "attempts in", record.Total())

	worker := retry.Policy{Name: "worker", Attempts: 1000, Backoff: retry.Exponential{Initial: time.Second, Max: time.Minute}}
	service.attempts = 0
	ctx, record = retrytest.Context(context.Background(), retrytest.Settings{})
	do := func() error { return retry.Do(ctx, worker, service.call) }
	do()
	fmt.Println("do:", service.attempts, "attempts in", record.Total())
	// Output:
	// don't: 1003 attempts in 700ms
	// do: 1000 attempts in 16h34m3s
}
