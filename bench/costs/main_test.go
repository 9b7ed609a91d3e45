package costs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

// TestMain is also what the benchmarks run in a process of its own.
func TestMain(m *testing.M) {
	var err error
	switch lib := os.Getenv("COSTS_WAITING"); {
	case lib != "":
		err = measureWaiting(lib)
	case os.Getenv("COSTS_SERVER") != "":
		err = serve()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// What is compared must do the same work: the attempts that were asked for, and the function's own result.
func TestContendersDoTheSame(t *testing.T) {
	for _, c := range contenders {
		for failures := range attempts + 1 {
			n := 0
			f := func(context.Context) (int, error) {
				if n++; n <= failures {
					return 0, errDown
				}
				return 1, nil
			}
			check := func(form string, err error) {
				if want := min(failures+1, attempts); n != want {
					t.Errorf("%s, %s: %d attempts after %d failures, want %d", c.lib, form, n, failures, want)
				}
				if failed := failures == attempts; errors.Is(err, errDown) != failed || (err != nil) != failed {
					t.Errorf("%s, %s: error is %v after %d failures", c.lib, form, err, failures)
				}
				n = 0
			}
			calls := c.calls(0)
			check("value", calls.value(t.Context(), 1, f))
			if calls.plain != nil {
				check("plain", calls.plain(t.Context(), 1, func(ctx context.Context) error { _, err := f(ctx); return err }))
			}
			if calls.start != nil {
				calls.wait(calls.start(t.Context(), f))
				check("started", map[bool]error{true: errDown}[failures == attempts])
			}
		}
	}
}
