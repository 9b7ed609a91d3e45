package retry_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// Rule 13.

// outcome runs f and says how it ended.
func outcome(f func()) (panicked any, exited bool) {
	done := make(chan struct{})
	go func() {
		returned := false
		defer close(done)
		defer func() {
			if panicked = recover(); panicked == nil {
				exited = !returned
			}
		}()
		f()
		returned = true
	}()
	<-done
	return panicked, exited
}

func TestPanicsAndGoexitReachTheCaller(t *testing.T) {
	bang := errors.New("bang")
	for _, where := range []string{"f", "second f", "RetryIf", "Decide", "Around", "after Around", "hook", "end hook", "seq"} {
		for _, how := range []string{"panic", "Goexit"} {
			t.Run(where+"_"+how, func(t *testing.T) {
				eachWay(t, func(t *testing.T, call caller) {
					here := func(place string) {
						switch {
						case place != where:
						case how == "panic":
							panic(bang)
						default:
							runtime.Goexit()
						}
					}
					ends := 0
					p := retry.Policy{
						Timeout: time.Minute,
						Backoff: retry.Seq(func(yield func(time.Duration) bool) {
							_ = yield(0) && yield(time.Second)
							here("seq")
						}),
						RetryIf: func(error) bool { here("RetryIf"); return true },
						Decide:  func(*retry.Decision) { here("Decide") },
						Around: func(ctx context.Context, attempt func(context.Context) error) error {
							here("Around")
							err := attempt(ctx)
							if where == "after Around" {
								here("after Around")
							}
							return err
						},
						Observe: func(_ context.Context, e retry.Event) {
							if e.Retry {
								here("hook")
								return
							}
							ends++
							here("end hook")
						},
					}
					f := func(ctx context.Context) error {
						here("f")
						if retry.Attempt(ctx) == 2 {
							here("second f")
						}
						return errFlaky
					}
					budget := new(retry.Budget)
					p.Budget = budget
					check(t, how, bang, func() { call(t.Context(), p, f) })
					if where == "hook" && budget.Granted() != 0 {
						t.Error("the retry that wasn't made was not given back")
					}
					want := 1
					if where == "hook" {
						want = 0 // what has panicked isn't called again
					}
					if ends != want {
						t.Errorf("%d ends were told, want %d", ends, want)
					}
				})
			})
		}
	}
}

func check(t *testing.T, how string, bang error, f func()) {
	t.Helper()
	panicked, exited := outcome(f)
	if how == "Goexit" {
		if !exited || panicked != nil {
			t.Errorf("it ended with panic %v, Goexit %v; want Goexit", panicked, exited)
		}
		return
	}
	err, ok := panicked.(error)
	if !ok || !errors.Is(err, bang) {
		t.Errorf("the panic's value is %v", panicked)
	}
}

func TestStartsPanicHasItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := retry.Start(t.Context(), retry.Policy{Backoff: retry.List{time.Hour}}, explode)
		got := make(chan error, 1)
		c.Then(func(_ int, err error) { got <- err })
		for range 2 { // whoever asks, and as often as they ask
			panicked, _ := outcome(func() { c.Result() })
			if s := fmt.Sprint(panicked); !strings.Contains(s, "boom") || !strings.Contains(s, "explode") {
				t.Errorf("the panic is %q, want its value and stack", s)
			}
		}
		if err := <-got; err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("Then got the error %v", err)
		}
	})
}

func explode(context.Context) (int, error) { panic("boom") }

// A panic in one call must not spoil the next.
func TestCallsGoOnAfterPanics(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		for range 100 {
			outcome(func() {
				call(t.Context(), retry.Policy{Backoff: make(retry.List, 5)}, func(ctx context.Context) error {
					if retry.Attempt(ctx) == 4 {
						panic("boom")
					}
					return numberedError(9)
				})
			})
			n := 0
			err := call(t.Context(), retry.Policy{Backoff: make(retry.List, 3)}, func(context.Context) error { n++; return numberedError(n) })
			e := gaveUp(t, err, retry.ErrExhausted, 3)
			if fmt.Sprint(e.Failures) != "[failure 1 failure 2 failure 3]" {
				t.Fatalf("the failures are %v", e.Failures)
			}
		}
	})
}

// A Seq runs in a goroutine, which must end with its call however that ends; the bubble
// would report one that is left.
func TestSeqEndsWithItsCall(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var begun, ended atomic.Int64
		endless := retry.Seq(func(yield func(time.Duration) bool) {
			begun.Add(1)
			defer ended.Add(1)
			for yield(0) {
			}
		})
		p := retry.Policy{Backoff: endless}
		call(t.Context(), p, func(context.Context) error { return nil })
		call(t.Context(), p, func(context.Context) error { return retry.Stop(errFlaky) })
		outcome(func() { call(t.Context(), p, func(context.Context) error { panic("boom") }) })
		outcome(func() { call(t.Context(), p, func(context.Context) error { runtime.Goexit(); return nil }) })
		n := 0
		call(t.Context(), p, func(context.Context) error {
			if n++; n < 3 {
				return retry.Progress(errFlaky)
			}
			return nil
		})
		synctest.Wait()
		if begun.Load() != 7 || ended.Load() != 7 {
			t.Errorf("%d schedules were begun, want one for each call and one more for each progress; %d ended", begun.Load(), ended.Load())
		}
	})
}
