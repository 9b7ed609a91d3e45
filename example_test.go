package retry_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
)

// A database that refuses its first connections.
type flakyDB struct{ refuse atomic.Int32 }

func (f *flakyDB) Driver() driver.Driver { return nil }
func (f *flakyDB) Connect(context.Context) (driver.Conn, error) {
	if f.refuse.Add(-1) >= 0 {
		return nil, errors.New("connection refused")
	}
	return conn{}, nil
}

type conn struct{}

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (conn) Close() error                        { return nil }
func (conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func connector() *flakyDB { f := &flakyDB{}; f.refuse.Store(2); return f }

// Wait for a database to accept connections.
func Example() {
	ctx := context.Background()
	db := sql.OpenDB(connector())
	policy := retry.Policy{Name: "db", Attempts: 5, Timeout: time.Second, Within: 30 * time.Second}
	if err := retry.Do(ctx, policy, db.PingContext); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("connected")
	// Output: connected
}

type job struct {
	State  string
	checks int
}

var errNotDone = errors.New("job not done")

func (j *job) check(context.Context) (string, error) {
	if j.checks++; j.checks < 4 {
		return "running", errNotDone
	}
	return "done", nil
}

// Poll a job until it is done.
func ExampleConstant() {
	j := &job{}
	poll := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(10 * time.Millisecond), RetryIf: retry.On(errNotDone)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	state, err := retry.Get(ctx, poll, j.check)
	fmt.Println(state, err, j.checks)
	// Output: done <nil> 4
}

// Poll every minute, and take a last look ten seconds before the deadline instead of giving up early. Next says when, without waiting.
func ExampleDecision_lastLook() {
	const lastLook = 10 * time.Second
	poll := retry.Policy{
		Attempts: retry.Unlimited,
		Backoff:  retry.Constant(time.Minute),
		Within:   100 * time.Second,
		Decide: func(d *retry.Decision) {
			if d.Left > lastLook {
				d.Delay = min(d.Delay, d.Left-lastLook)
			}
		},
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at, wait, err := poll.Next(retry.Position{}, now, nil)
	for err == nil {
		now = now.Add(wait)
		fmt.Println("look at", now.Format(time.TimeOnly))
		at, wait, err = poll.Next(at, now, errNotDone)
	}
	fmt.Println(err)
	// Output:
	// look at 12:00:00
	// look at 12:01:00
	// look at 12:01:30
	// job not done (retry: gave up after 3 attempts in 1m30s: no time left: the next delay is 1m, with 10s left)
}

// slowServer doesn't answer its first request.
func slowServer() *httptest.Server {
	var requests atomic.Int32
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, `{"Item":"tea"}`)
	}))
}

type order struct{ Item string }

// An HTTP request with a limit for each attempt and one for the whole call.
func ExampleGet() {
	server := slowServer()
	defer server.Close()
	policy := retry.Policy{Name: "orders", Timeout: time.Second, Within: time.Minute}
	o, err := retry.Get(context.Background(), policy, func(ctx context.Context) (o order, err error) {
		req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		if err != nil {
			return o, retry.Stop(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return o, err
		}
		defer resp.Body.Close()
		return o, json.NewDecoder(resp.Body).Decode(&o)
	})
	fmt.Println(o.Item, err)
	// Output: tea <nil>
}

var (
	errTooMany     = errors.New("429 Too Many Requests")
	errLockTimeout = errors.New("lock timeout")
	errNotFound    = errors.New("404 Not Found")
	errBusy        = errors.New("503 Service Unavailable")
)

// failing returns a function that fails with each of errs in turn, and then succeeds.
func failing(errs ...error) func(context.Context) error {
	return func(ctx context.Context) error {
		if len(errs) == 0 {
			return nil
		}
		err := errs[0]
		errs = errs[1:]
		return err
	}
}

// Delays that depend on the failure: 429 waits 30ms (30 seconds, say), lock timeouts don't wait at all.
func ExampleDecision() {
	policy := retry.Policy{
		Backoff: retry.Constant(5 * time.Millisecond),
		Decide: func(d *retry.Decision) {
			switch {
			case errors.Is(d.Err, errTooMany):
				d.Delay = 30 * time.Millisecond
			case errors.Is(d.Err, errLockTimeout):
				d.Delay = 0
			}
		},
		Observe: func(_ context.Context, e retry.Event) { fmt.Println(e.Outcome(), e.Err, e.Delay) },
	}
	retry.Do(context.Background(), policy, failing(errTooMany, errLockTimeout, errBusy))
	// Output:
	// retrying 429 Too Many Requests 30ms
	// retrying lock timeout 0s
	// retrying 503 Service Unavailable 5ms
	// succeeded <nil> 0s
}

// Tolerate exactly one 404 in each call.
func ExampleDecision_Count() {
	policy := retry.Policy{
		Backoff: retry.Constant(0),
		Decide: func(d *retry.Decision) {
			if errors.Is(d.Err, errNotFound) {
				d.Retry = d.Count("not found") <= 1
			}
		},
	}
	fmt.Println(retry.Do(context.Background(), policy, failing(errNotFound, errBusy)))
	fmt.Println(retry.Do(context.Background(), policy, failing(errNotFound, errBusy, errNotFound)))
	// Output:
	// <nil>
	// 404 Not Found
}

var ErrNoOrder = errors.New("no such order")

// Translate an error for the caller.
func ExampleDecision_translate() {
	policy := retry.Policy{Decide: func(d *retry.Decision) {
		if errors.Is(d.Err, sql.ErrNoRows) {
			d.Err, d.Retry = ErrNoOrder, false
		}
	}}
	err := retry.Do(context.Background(), policy, failing(sql.ErrNoRows))
	fmt.Println(err, err == ErrNoOrder)
	// Output: no such order true
}

// gauge remembers how many attempts ran at once.
type gauge struct{ now, most atomic.Int32 }

func (g *gauge) enter() {
	for n := g.now.Add(1); ; {
		if old := g.most.Load(); n <= old || g.most.CompareAndSwap(old, n) {
			return
		}
	}
}

// atMost returns a function for Policy.Around that lets n attempts run at a time.
func atMost(n int) func(context.Context, func(context.Context) error) error {
	slots := make(chan struct{}, n)
	return func(ctx context.Context, attempt func(context.Context) error) error {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			return attempt(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// 10,000 calls share a budget, with at most 100 attempts at a time.
func ExampleStart() {
	var g gauge
	policy := retry.Policy{Backoff: retry.Exponential{Initial: time.Millisecond}, Budget: &retry.Budget{}, Around: atMost(100)}
	var calls []*retry.Call[int]
	for i := range 10_000 {
		calls = append(calls, retry.Start(context.Background(), policy, func(ctx context.Context) (int, error) {
			g.enter()
			defer g.now.Add(-1)
			if i%20 == 19 && retry.Attempt(ctx) == 1 {
				return 0, errBusy // one in twenty fails once
			}
			return i, nil
		}))
	}
	succeeded := 0
	for _, call := range calls {
		if _, err := call.Result(); err == nil {
			succeeded++
		}
	}
	fmt.Println(succeeded > 9_900, g.most.Load() <= 100)
	// Output: true true
}

// The same as Get, in the body of a range loop.
func ExampleLoop() {
	fetch := failing(errBusy, errBusy)
	load := func(ctx context.Context) (string, error) {
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, retry.Policy{Backoff: retry.Constant(0)}) {
			err := fetch(ctx)
			if loop.Done(err) {
				return "tea", nil
			}
			fmt.Println("attempt", retry.Attempt(ctx), "failed:", err)
		}
		return "", loop.Err()
	}
	fmt.Println(load(context.Background()))
	// Output:
	// attempt 1 failed: 503 Service Unavailable
	// attempt 2 failed: 503 Service Unavailable
	// tea <nil>
}

// Keep a connection up: after a session that worked, attempts and delays count from 1 again.
func ExampleProgress() {
	ctx, cancel := context.WithCancel(context.Background())
	dials := 0
	dial := func(context.Context) error {
		if dials++; dials%3 != 0 { // every third one works
			return errors.New("connection refused")
		}
		return nil
	}
	serve := func(context.Context) error {
		if dials == 9 {
			cancel()
		}
		return errors.New("connection reset")
	}
	err := retry.Do(ctx, retry.Policy{Attempts: 4, Backoff: retry.Exponential{Initial: time.Millisecond}}, func(ctx context.Context) error {
		if err := dial(ctx); err != nil {
			return err
		}
		return retry.Progress(serve(ctx))
	})
	fmt.Println(dials, errors.Is(err, context.Canceled))
	// Output: 9 true
}

// A circuit breaker around attempts.
func ExamplePolicy_around() {
	errOpen := errors.New("circuit open")
	failures := 0
	breaker := func(ctx context.Context, attempt func(context.Context) error) error {
		if failures >= 2 {
			return retry.Stop(errOpen) // don't wait for it
		}
		err := attempt(ctx)
		if err != nil {
			failures++
		}
		return err
	}
	policy := retry.Policy{Backoff: retry.Constant(0), Around: breaker}
	fmt.Println(retry.Do(context.Background(), policy, failing(errBusy, errBusy, errBusy)))
	// Output: circuit open
}

// A job queue stores where a call stands, and another process continues it.
func ExamplePolicy_Next() {
	policy := retry.Policy{Name: "webhook", Attempts: 3, Backoff: retry.List{0, time.Minute, time.Hour}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at, wait, err := policy.Next(retry.Position{}, now, nil)
	for err == nil {
		now = now.Add(wait)
		fmt.Println(now.Format(time.TimeOnly), "attempt", at.Attempts+1)
		stored, _ := json.Marshal(at) // the process may end here
		at = retry.Position{}
		json.Unmarshal(stored, &at)
		at, wait, err = policy.Next(at, now, errBusy)
	}
	fmt.Println(err)
	// Output:
	// 00:00:00 attempt 1
	// 00:01:00 attempt 2
	// 01:01:00 attempt 3
	// 503 Service Unavailable (retry "webhook": gave up after 3 attempts in 1h1m: attempts used up)
}
