package retrysim_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// A thousand clients call a server that answers nothing for ten seconds.
func ExampleRun() {
	silence := retrysim.Scenario{
		Policy:   retry.Policy{Timeout: time.Second},
		Clients:  1000,
		Arrivals: retrysim.Poisson(1),
		Network:  retrysim.Exp(5 * time.Millisecond),
		Server:   retrysim.Server{Workers: 12, Service: retrysim.Fixed(10 * time.Millisecond)},
		Faults:   []retrysim.Fault{{From: 10 * time.Second, To: 20 * time.Second, Hang: 1}},
		For:      50 * time.Second,
	}
	for _, budget := range []*retry.Budget{nil, {}} {
		silence.Policy.Budget = budget
		result, err := retrysim.Run(context.Background(), silence)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(result)
	}
	// Output:
	// 1000 clients made 50292 calls with 3.22 attempts each; 25.5 % of them succeeded; they didn't recover in the 30s after the last fault
	// 1000 clients made 50292 calls with 1.06 attempts each; 79.8 % of them succeeded; they recovered as soon as the last fault was over
}

// In a test, Check says whether a policy keeps within bounds.
func ExampleCheck() {
	TestOrders := func(t *testing.T) {
		retrysim.Check(t, retrysim.Scenario{
			Policy:   retry.Policy{Timeout: time.Second, Budget: &retry.Budget{}}, // that of your program
			Clients:  100,
			Arrivals: retrysim.Poisson(10),
			Server:   retrysim.Server{Workers: 12, Service: retrysim.Fixed(10 * time.Millisecond)},
			Faults:   []retrysim.Fault{{From: 10 * time.Second, To: 20 * time.Second, Hang: 1}},
			For:      50 * time.Second,
		}, retrysim.Bounds{Peak: 2, Recovers: 2 * time.Second})
	}
	_ = TestOrders
}

// Nested retries multiply where the outer caller can't see that the inner call has been retried.
func ExampleScenario_nested() {
	three := retry.Policy{Attempts: 3, Backoff: retry.Constant(100 * time.Millisecond)}
	for _, unaware := range []bool{false, true} {
		result, err := retrysim.Run(context.Background(), retrysim.Scenario{
			Policy:       three,
			Outer:        []retry.Policy{three, three},
			OuterUnaware: unaware,
			Clients:      100,
			Faults:       []retrysim.Fault{{To: time.Hour, Fail: 1}},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.0f attempts for each call\n", result.Load())
	}
	// Output:
	// 3 attempts for each call
	// 27 attempts for each call
}

func ExampleResult_WriteCSV() {
	result, err := retrysim.Run(context.Background(), retrysim.Scenario{
		Policy:   retry.Policy{Backoff: retry.List{0, 1500 * time.Millisecond}},
		Clients:  10,
		Arrivals: retrysim.Herd(),
		Server:   retrysim.Server{Service: retrysim.Fixed(250 * time.Millisecond)},
		Faults:   []retrysim.Fault{{To: time.Second, Fail: 0.5}},
		Seed:     1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var b strings.Builder
	result.WriteCSV(&b)
	for line := range strings.Lines(b.String()) {
		fmt.Fprintln(os.Stdout, strings.Join(strings.Split(strings.TrimSpace(line), ",")[:5], " "))
	}
	// Output:
	// at_s calls attempts hedges succeeded
	// 0 10 10 0 2
	// 1 0 8 0 8
}
