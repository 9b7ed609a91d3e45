package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/callagain/retry"
)

// flaky returns a function that fails with each of failures in turn, and then works.
func flaky(failures ...error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if len(failures) == 0 {
			return "hello", nil
		}
		err := failures[0]
		failures = failures[1:]
		return "", err
	}
}

var (
	errBusy     = errors.New("503 Service Unavailable")
	errNotFound = errors.New("404 Not Found")
	errDenied   = errors.New("403 Forbidden")
)

func ExampleDo() {
	fetch := flaky(errBusy, errBusy)
	err := retry.Do(context.Background(), retry.Policy{}, func(ctx context.Context) error {
		page, err := fetch(ctx)
		fmt.Printf("attempt %d: %q, %v\n", retry.Attempt(ctx), page, err)
		return err
	})
	fmt.Println("result:", err)
	// Output:
	// attempt 1: "", 503 Service Unavailable
	// attempt 2: "", 503 Service Unavailable
	// attempt 3: "hello", <nil>
	// result: <nil>
}

func ExampleGet() {
	page, err := retry.Get(context.Background(), retry.Policy{}, flaky(errBusy, errBusy))
	fmt.Println(page, err)
	// Output: hello <nil>
}

func ExampleLoop() {
	fetch := flaky(errBusy, errBusy)
	var page string
	var err error
	for ctx := range retry.Loop(context.Background(), retry.Policy{}, &err) {
		page, err = fetch(ctx)
	}
	fmt.Println(page, err)
	// Output: hello <nil>
}

func ExampleStart() {
	// The calls run side by side, and cost no goroutine while they wait.
	var calls []*retry.Call[string]
	for range 3 {
		calls = append(calls, retry.Start(context.Background(), retry.Policy{}, flaky(errBusy)))
	}
	for _, c := range calls {
		fmt.Println(c.Result())
	}
	// Output:
	// hello <nil>
	// hello <nil>
	// hello <nil>
}

func ExampleCall_Then() {
	c := retry.Start(context.Background(), retry.Policy{}, flaky(errBusy))
	c.Then(func(page string, err error) { fmt.Println(page, err) })
	<-c.Done()
	// Output: hello <nil>
}

func ExampleCall_Done() {
	c := retry.Start(context.Background(), retry.Policy{}, flaky(errBusy))
	select {
	case <-c.Done():
		fmt.Println(c.Result())
	case <-time.After(time.Minute):
		fmt.Println("still trying")
	}
	// Output: hello <nil>
}

func ExampleCall_Result() {
	c := retry.Start(context.Background(), retry.Policy{Backoff: retry.List{0, 0}}, flaky(errBusy, errBusy))
	_, err := c.Result()
	fmt.Println(errors.Is(err, retry.ErrExhausted), errors.Is(err, errBusy))
	// Output: true true
}

func ExampleError() {
	policy := retry.Policy{Name: "s3", Backoff: retry.List{0, 0, 0}}
	err := retry.Do(context.Background(), policy, func(ctx context.Context) error {
		if retry.Attempt(ctx) == 1 {
			return errors.New("connection refused")
		}
		return io.ErrUnexpectedEOF
	})
	if e, ok := errors.AsType[*retry.Error](err); ok {
		fmt.Println("why:  ", e.Reason)
		fmt.Println("first:", e.Failures[0])
		fmt.Println("count:", e.Attempts)
	}
	// Output:
	// why:   attempts used up
	// first: connection refused
	// count: 3
}

func ExamplePolicy() {
	// One value for the whole program; each call starts afresh.
	policy := retry.Policy{
		Name:    "orders",
		Backoff: retry.Exponential{Initial: time.Millisecond, Attempts: 5},
		Test:    retry.Any(retry.On(errBusy), retry.AtMost(1, func(err error) bool { return errors.Is(err, errNotFound) })),
		Timeout: 2 * time.Second,
		Within:  10 * time.Second,
	}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, errNotFound, errBusy)))
	_, err := retry.Get(context.Background(), policy, flaky(errNotFound, errNotFound))
	fmt.Println(err)
	// Output:
	// hello <nil>
	// 404 Not Found
}

func ExampleTransient() {
	test := retry.Transient()
	fmt.Println(test(errBusy))
	fmt.Println(test(retry.Stop(errDenied)))
	fmt.Println(test(context.Canceled))
	// Output:
	// <nil>
	// 403 Forbidden
	// context canceled
}

func ExampleIf() {
	policy := retry.Policy{Test: retry.If(func(err error) bool { return err != errDenied })}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy)))
	_, err := retry.Get(context.Background(), policy, flaky(errDenied))
	fmt.Println(err)
	// Output:
	// hello <nil>
	// 403 Forbidden
}

func ExampleOn() {
	policy := retry.Policy{Test: retry.On(errBusy, io.ErrUnexpectedEOF)}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, fmt.Errorf("reading: %w", io.ErrUnexpectedEOF))))
	_, err := retry.Get(context.Background(), policy, flaky(errDenied))
	fmt.Println(err)
	// Output:
	// hello <nil>
	// 403 Forbidden
}

// Exactly one 404 is forgiven in each call.
func ExampleAtMost() {
	notFound := func(err error) bool { return errors.Is(err, errNotFound) }
	policy := retry.Policy{Test: retry.AtMost(1, notFound)}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errNotFound)))
	_, err := retry.Get(context.Background(), policy, flaky(errNotFound, errNotFound))
	fmt.Println(err)
	// Output:
	// hello <nil>
	// 404 Not Found
}

func ExampleAny() {
	notFound := func(err error) bool { return errors.Is(err, errNotFound) }
	policy := retry.Policy{Test: retry.Any(retry.On(errBusy), retry.AtMost(1, notFound))}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, errNotFound, errBusy)))
	// Output: hello <nil>
}

// A Test may keep state, and may say better what went wrong.
func ExampleTest() {
	policy := retry.Policy{Test: func() retry.Test {
		busy := 0
		return func(err error) error {
			if busy++; busy > 2 {
				return fmt.Errorf("the service is down, see its status page: %w", err)
			}
			return nil
		}
	}}
	_, err := retry.Get(context.Background(), policy, flaky(errBusy, errBusy, errBusy, errBusy))
	fmt.Println(err)
	// Output: the service is down, see its status page: 503 Service Unavailable
}

func ExampleStop() {
	err := retry.Do(context.Background(), retry.Policy{}, func(ctx context.Context) error {
		fmt.Println("attempt", retry.Attempt(ctx))
		return fmt.Errorf("order 7: %w", retry.Stop(errDenied))
	})
	fmt.Println(err)
	// Output:
	// attempt 1
	// order 7: 403 Forbidden
}

func ExampleAfter() {
	begun := time.Now()
	err := retry.Do(context.Background(), retry.Policy{}, func(ctx context.Context) error {
		if retry.Attempt(ctx) == 1 {
			return retry.After(errBusy, 50*time.Millisecond) // as the server asked
		}
		return nil
	})
	fmt.Println(err, time.Since(begun) >= 50*time.Millisecond)
	// Output: <nil> true
}

// A connection that lasted is no failed attempt: after it is lost, attempts are counted afresh.
func ExampleFresh() {
	sessions := 0
	policy := retry.Policy{Backoff: retry.List{0, time.Millisecond}} // two attempts
	err := retry.Do(context.Background(), policy, func(ctx context.Context) error {
		if sessions++; sessions <= 5 {
			return retry.Fresh(io.ErrUnexpectedEOF) // served until the peer went away
		}
		return errors.New("connection refused")
	})
	fmt.Println(sessions, "sessions:", errors.Is(err, retry.ErrExhausted))
	// Output: 6 sessions: true
}

func ExampleAttempt() {
	retry.Do(context.Background(), retry.Policy{Backoff: retry.List{0, 0}}, func(ctx context.Context) error {
		fmt.Println("attempt", retry.Attempt(ctx))
		return errBusy
	})
	fmt.Println("outside:", retry.Attempt(context.Background()))
	// Output:
	// attempt 1
	// attempt 2
	// outside: 1
}

func ExampleExponential() {
	backoff := retry.Exponential{Initial: time.Second, Max: 5 * time.Second, Attempts: 6, Jitter: retry.None}
	for delay := range backoff.Delays() {
		fmt.Print(delay, " ")
	}
	// Output: 0s 1s 2s 4s 5s 5s
}

// Linear growth.
func ExampleExponential_grow() {
	add := func(d time.Duration) time.Duration { return d + time.Second }
	for delay := range (retry.Exponential{Initial: time.Second, Grow: add, Attempts: 4, Jitter: retry.None}).Delays() {
		fmt.Print(delay, " ")
	}
	// Output: 0s 1s 2s 3s
}

func ExampleDecorrelated() {
	backoff := retry.Decorrelated{Initial: time.Second, Max: 10 * time.Second, Attempts: 5, Rand: rand.New(rand.NewPCG(1, 2))}
	for delay := range backoff.Delays() {
		fmt.Println(delay >= 0 && delay <= 10*time.Second)
	}
	// Output:
	// true
	// true
	// true
	// true
	// true
}

func ExampleList() {
	policy := retry.Policy{Backoff: retry.List{0, time.Millisecond, 5 * time.Millisecond}}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, errBusy)))
	// Output: hello <nil>
}

func ExampleSeq() {
	fibonacci := func(yield func(time.Duration) bool) {
		a, b := 0*time.Millisecond, time.Millisecond
		for range 6 {
			if !yield(a) {
				return
			}
			a, b = b, a+b
		}
	}
	policy := retry.Policy{Backoff: retry.Seq(fibonacci)}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, errBusy, errBusy)))
	// Output: hello <nil>
}

// halves is a Backoff of one's own.
type halves struct{ first time.Duration }

func (h halves) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for d := h.first; d > 0 && yield(d); d /= 2 {
		}
	}
}

func ExampleBackoff() {
	policy := retry.Policy{Backoff: halves{time.Millisecond}}
	fmt.Println(retry.Get(context.Background(), policy, flaky(errBusy, errBusy)))
	// Output: hello <nil>
}

func ExampleLog() {
	withoutTimes := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "elapsed" {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTimes}))
	policy := retry.Policy{Name: "orders", Backoff: retry.List{0, time.Millisecond}, Observe: retry.Log(logger)}
	retry.Get(context.Background(), policy, flaky(errBusy))
	// Output:
	// level=WARN msg=retrying retry.name=orders retry.attempt=1 retry.delay=1ms retry.err="503 Service Unavailable"
	// level=INFO msg=succeeded retry.name=orders retry.attempt=2
}

func ExampleObservers() {
	var failures int
	count := func(_ context.Context, e retry.Event) {
		if e.Kind == retry.Retrying {
			failures++
		}
	}
	show := func(_ context.Context, e retry.Event) { fmt.Println(e.Kind, "after attempt", e.Attempt) }
	retry.Get(context.Background(), retry.Policy{Observe: retry.Observers(count, show)}, flaky(errBusy))
	fmt.Println(failures, "failure")
	// Output:
	// retrying after attempt 1
	// succeeded after attempt 2
	// 1 failure
}
