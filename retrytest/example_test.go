package retrytest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

// load is the code that the examples test. It retries, and has no idea of being tested.
func load(ctx context.Context, fetch func(context.Context) (string, error)) (string, error) {
	return retry.Get(ctx, retry.Policy{Name: "load", Within: time.Hour}, fetch)
}

// t stands for the *testing.T that a real test is given.
var t = new(printer)

// A printer is a test that prints how it fails.
type printer struct{ testing.TB }

func (*printer) Helper() {}

func (*printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func Example() {
	ctx, waits := retrytest.Context(context.Background(), retrytest.Settings{})
	script := retrytest.NewScript(t,
		retrytest.Fail,
		retrytest.Step{Status: 503, After: 2 * time.Second},
		retrytest.OK,
	)
	page, err := load(ctx, retrytest.Func(script, "hello"))
	fmt.Println(page, err)
	fmt.Println("would have waited for", waits.Delays())
	script.Done()
	// Output:
	// hello <nil>
	// would have waited for [100ms 2s]
}

func ExampleContext() {
	ctx, _ := retrytest.Context(context.Background(), retrytest.Settings{Attempts: 3})
	_, err := load(ctx, func(context.Context) (string, error) { return "", errors.New("connection refused") })
	var e *retry.Error
	fmt.Println(errors.As(err, &e), e.Attempts, e.Reason)
	// Output: true 3 attempts used up
}

func ExampleSettings() {
	settings := retrytest.Settings{
		MaxDelay: time.Millisecond, // wait, but not for long
		Attempts: 3,                // at most
		Seed:     1,                // jitter as in real life, the same in each run
	}
	fetch := func(context.Context) (string, error) { return "", errors.New("connection refused") }
	ctx, one := retrytest.Context(context.Background(), settings)
	load(ctx, fetch)
	ctx, another := retrytest.Context(context.Background(), settings)
	load(ctx, fetch)
	fmt.Println(len(one.Delays()), one.Total() == another.Total())
	// Output: 2 true
}

func ExampleRecord_All() {
	ctx, waits := retrytest.Context(context.Background(), retrytest.Settings{Attempts: 2})
	load(ctx, func(context.Context) (string, error) { return "", errors.New("connection refused") })
	for _, d := range waits.All() {
		fmt.Printf("%s: %v before attempt %d\n", d.Name, d.Delay, d.Attempt)
	}
	// Output: load: 100ms before attempt 2
}

func ExampleRecord_Delays() {
	ctx, waits := retrytest.Context(context.Background(), retrytest.Settings{Attempts: 3})
	load(ctx, func(context.Context) (string, error) { return "", errors.New("connection refused") })
	fmt.Println(waits.Delays(), waits.Delays("load"), waits.Delays("save"))
	// Output: [100ms 200ms] [100ms 200ms] []
}

func ExampleRecord_Total() {
	ctx, waits := retrytest.Context(context.Background(), retrytest.Settings{})
	load(ctx, func(context.Context) (string, error) { return "", errors.New("connection refused") })
	fmt.Println(waits.Total())
	// Output: 700ms
}

func ExampleNewScript() {
	script := retrytest.NewScript(t, retrytest.Fail)
	fmt.Println(script.Do(context.Background()))
	script.Do(context.Background()) // one attempt too many
	// Output:
	// scripted failure
	// retrytest: attempt 2, but the script has only 1 step: 1. fail: scripted failure
}

func ExampleScript_Attempts() {
	script := retrytest.NewScript(t, retrytest.Fail, retrytest.OK)
	retry.Do(context.Background(), retry.Policy{}, script.Do)
	fmt.Println(script.Attempts())
	// Output: 2
}

func ExampleScript_Do() {
	script := retrytest.NewScript(t, retrytest.Fail, retrytest.OK)
	fmt.Println(retry.Do(context.Background(), retry.Policy{}, script.Do))
	// Output: <nil>
}

func ExampleScript_Done() {
	script := retrytest.NewScript(t, retrytest.OK, retrytest.Step{Status: 503, Slow: time.Second})
	script.Do(context.Background())
	script.Done()
	// Output: retrytest: only 1 of 2 steps used; the next one is "answer 503, slow 1s"
}

func ExampleScript_String() {
	fmt.Println(retrytest.NewScript(t, retrytest.Fail, retrytest.Step{After: time.Second}, retrytest.OK))
	// Output: 1. fail: scripted failure; 2. fail, retry after 1s; 3. succeed
}

func ExampleScript_Handler() {
	script := retrytest.NewScript(t, retrytest.Step{Status: 503, After: 2 * time.Second}, retrytest.OK)
	server := httptest.NewServer(script.Handler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.WriteString(w, "hello")
	})))
	defer server.Close()
	for range 2 {
		resp, err := http.Get(server.URL)
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%s %q %q\n", resp.Status, resp.Header.Get("Retry-After"), body)
	}
	// Output:
	// 503 Service Unavailable "2" ""
	// 200 OK "" "hello"
}

func ExampleScript_RoundTripper() {
	script := retrytest.NewScript(t, retrytest.Step{Status: 429, After: time.Minute}, retrytest.OK)
	client := &http.Client{Transport: script.RoundTripper(nil)}
	for range 2 {
		resp, err := client.Get("http://127.0.0.1/") // nobody is asked
		if err != nil {
			panic(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status, resp.Header.Get("Retry-After"))
	}
	// Output:
	// 429 Too Many Requests 60
	// 200 OK
}

func ExampleFunc() {
	fetch := retrytest.Func(retrytest.NewScript(t, retrytest.Fail, retrytest.OK), 42)
	fmt.Println(fetch(context.Background()))
	fmt.Println(fetch(context.Background()))
	// Output:
	// 0 scripted failure
	// 42 <nil>
}

func ExampleStep() {
	for _, step := range []retrytest.Step{
		{}, // success
		{Err: io.ErrUnexpectedEOF},
		{Status: 503, After: 2 * time.Second},
		{Slow: 3 * time.Second},
		{Status: 200, SlowBody: time.Second, Cut: true},
		retrytest.Refused,
	} {
		fmt.Println(step)
	}
	// Output:
	// succeed
	// fail: unexpected EOF
	// answer 503, retry after 2s
	// succeed, slow 3s
	// answer 200, slow body 1s, cut in the middle
	// fail: dial tcp 127.0.0.1:80: connect: connection refused
}

func ExampleStep_String() {
	fmt.Println(retrytest.Step{Status: 429, After: time.Minute})
	// Output: answer 429, retry after 1m0s
}

func ExampleErrScripted() {
	script := retrytest.NewScript(t, retrytest.Step{Status: 502})
	fmt.Println(errors.Is(script.Do(context.Background()), retrytest.ErrScripted))
	// Output: true
}

var policy = retry.Policy{
	Name:     "search",
	Attempts: 5,
	Budget:   new(retry.Budget),
}

// As a line in a test: it fails when somebody makes the policy worse.
func ExampleCheck() {
	retrytest.Check(t, policy, retrytest.Bounds{Attempts: 5, Delay: 800 * time.Millisecond, Wait: 1500 * time.Millisecond, Load: 1.1})

	worse := policy
	worse.Budget = nil
	retrytest.Check(t, worse, retrytest.Bounds{Load: 1.1})
	// Output:
	// retrytest: 5 attempts for each call in an outage, more than 1.1
	// The policy keeps retrytest.Bounds{Attempts: 5, Delay: 800 * time.Millisecond, Wait: 1500 * time.Millisecond, Load: 5}.
	// It is retry "search": up to 5 attempts, the first at once, then after up to 100ms, 200ms, 400ms, 800ms; 1.5s of waiting at most, 750ms on average; without a budget, an outage gets 5 times the calls
}

func ExampleBounds_GoString() {
	fmt.Printf("%#v\n", retrytest.Bounds{Attempts: 3, Wait: 90 * time.Second})
	// Output: retrytest.Bounds{Attempts: 3, Wait: 90 * time.Second}
}
