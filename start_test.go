package retry_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// Rule 12.

func TestWaitingCostsNoGoroutine(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    retry.Backoff
	}{
		{"list", retry.List{0, time.Hour}},
		{"exponential", retry.Exponential{Initial: time.Hour, Max: time.Hour, Jitter: retry.Equal}},
		{"decorrelated", retry.Decorrelated{Initial: time.Hour, Max: 4 * time.Hour}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				ctx, cancel := context.WithCancel(t.Context())
				type key struct{}
				synctest.Wait()
				before := runtime.NumGoroutine()
				var calls []*retry.Call[int]
				for i := range n {
					// Contexts of their own, as requests have; they end together.
					ctx := context.WithValue(ctx, key{}, i)
					calls = append(calls, retry.Start(ctx, retry.Policy{Backoff: tt.b}, func(context.Context) (int, error) { return 0, errFlaky }))
				}
				synctest.Wait()
				if more := runtime.NumGoroutine() - before; more > n/100 {
					t.Errorf("%d waiting calls have %d goroutines", n, more)
				}
				begun := time.Now()
				cancel()
				for _, c := range calls {
					_, err := c.Result()
					gaveUp(t, err, context.Canceled, 1)
				}
				if time.Since(begun) != 0 {
					t.Errorf("it took %v to end them all", time.Since(begun))
				}
			})
		})
	}
}

func TestManyContextsAndTimersMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		var cancelled, exhausted atomic.Int64
		for i := range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			for j := range 20 {
				wg.Go(func() {
					d := time.Duration(1+(i+j)%7) * time.Second
					c := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, d, d, d}}, func(context.Context) (int, error) { return j, errFlaky })
					_, err := c.Result()
					switch {
					case errors.Is(err, context.Canceled):
						cancelled.Add(1)
					case errors.Is(err, retry.ErrExhausted):
						exhausted.Add(1)
					}
				})
			}
			time.AfterFunc(time.Duration(i%10)*time.Second, cancel)
		}
		wg.Wait()
		if cancelled.Load()+exhausted.Load() != 1000 || cancelled.Load() == 0 || exhausted.Load() == 0 {
			t.Errorf("%d cancelled, %d exhausted", cancelled.Load(), exhausted.Load())
		}
	})
}

func TestResultServesManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := retry.Start(t.Context(), retry.Policy{Backoff: exact}, func(ctx context.Context) (int, error) {
			if n := retry.Attempt(ctx); n < 3 {
				return n, errFlaky
			}
			return 42, nil
		})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond) // before, during and after
				if v, err := c.Result(); v != 42 || err != nil {
					t.Errorf("the result is %d, %v", v, err)
				}
				<-c.Done()
			})
		}
		wg.Wait()
	})
}

func TestThenBeforeDuringAndAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := retry.Start(t.Context(), retry.Policy{}, func(context.Context) (string, error) { <-release; return "value", nil })
		var order []string
		then := func(name string) func(string, error) {
			return func(v string, err error) {
				if v != "value" || err != nil {
					t.Errorf("%s got %q, %v", name, v, err)
				}
				order = append(order, name)
			}
		}
		c.Then(then("before"))
		c.Then(func(v string, err error) {
			then("during")(v, err)
			c.Then(then("from within"))
			if v, err := c.Result(); v != "value" || err != nil { // must not hang
				t.Errorf("the result from within is %q, %v", v, err)
			}
			select {
			case <-c.Done():
				t.Error("Done is open before the last Then has run")
			default:
			}
		})
		c.Then(then("last"))
		close(release)
		<-c.Done()
		c.Then(then("after"))
		if want := []string{"before", "during", "last", "from within", "after"}; !slices.Equal(order, want) {
			t.Errorf("they ran in the order %q, want %q", order, want)
		}
	})
}

func TestDoneMayBeAskedForLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := retry.Start(t.Context(), retry.Policy{}, func(context.Context) (int, error) { return 1, nil })
		synctest.Wait()
		<-c.Done()
		<-c.Done()
	})
}

// A call that has ended must not be held by its context, or by a timer.
func TestEndedCallsAreLetGo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const n = 100
	var gone atomic.Int64
	for range n {
		held := new([1 << 10]byte)
		runtime.AddCleanup(held, func(int) { gone.Add(1) }, 0)
		c := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, 1, time.Hour}}, func(context.Context) (*[1 << 10]byte, error) {
			return held, retry.Stop(io.EOF)
		})
		c.Result()
	}
	for range 1000 {
		if gone.Load() == n {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Errorf("%d of %d ended calls are still held", n-gone.Load(), n)
}
