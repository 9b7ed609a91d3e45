package retrytest_test

import (
	"context"
	"fmt"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

// A report is a TB for what isn't a test, such as a check at the start of a program.
type report struct{ complaints []string }

func (r *report) Helper() {}
func (r *report) Errorf(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func ExampleTB() {
	var r report
	var t retrytest.TB = &r
	retrytest.Check(t, retry.Policy{Attempts: 3}, retrytest.Bounds{Attempts: 4})
	fmt.Println(len(r.complaints), "complaints")
	retrytest.Check(t, retry.Policy{Attempts: 30}, retrytest.Bounds{Attempts: 4})
	fmt.Println(len(r.complaints), "complaint")
	// Output:
	// 0 complaints
	// 1 complaint
}

// Each delay with the attempt that it comes before.
func ExampleDelay() {
	ctx, record := retrytest.Context(context.Background(), retrytest.Settings{})
	retry.Do(ctx, retry.Policy{Name: "load", Attempts: 3}, func(context.Context) error { return retrytest.ErrScripted })
	for _, d := range record.All() {
		var d retrytest.Delay = d
		fmt.Println(d.Name, d.Attempt, d.Delay)
	}
	// Output:
	// load 2 100ms
	// load 3 200ms
}
