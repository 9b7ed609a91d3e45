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
		{"exponential", retry.Exponential{Initial: time.Hour, Max: time.Hour, Jitter: retry.EqualJitter}},
		{"decorrelated", retry.Exponential{Initial: time.Hour, Max: 4 * time.Hour, Jitter: retry.DecorrelatedJitter}},
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
				more := runtime.NumGoroutine() - before
				for i := range 1_000_000 { // those that have ended are still counted for a moment
					if more <= n/100 {
						break
					}
					if i%10_000 == 9_999 {
						runtime.GC() // lets every processor come by
					}
					runtime.Gosched()
					more = runtime.NumGoroutine() - before
				}
				if more > n/100 {
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
		var canceled, exhausted atomic.Int64
		for i := range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			for j := range 20 {
				wg.Go(func() {
					d := time.Duration(1+(i+j)%7) * time.Second
					c := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, d, d, d}}, func(context.Context) (int, error) { return j, errFlaky })
					_, err := c.Result()
					switch {
					case errors.Is(err, context.Canceled):
						canceled.Add(1)
					case errors.Is(err, retry.ErrExhausted):
						exhausted.Add(1)
					}
				})
			}
			time.AfterFunc(time.Duration(i%10)*time.Second, cancel)
		}
		wg.Wait()
		if canceled.Load()+exhausted.Load() != 1000 || canceled.Load() == 0 || exhausted.Load() == 0 {
			t.Errorf("%d canceled, %d exhausted", canceled.Load(), exhausted.Load())
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

// A call that has ended must not be held by its context, by a timer or by the others that wait.
func TestEndedCallsAreLetGo(t *testing.T) {
	synctest.Test(t, testEndedCallsAreLetGo)
}

func testEndedCallsAreLetGo(t *testing.T) {
	long, cancel := context.WithCancel(context.Background())
	defer cancel()
	const n = 100
	var gone atomic.Int64
	p := retry.Policy{Backoff: retry.List{0, 1, 1 << 62}}
	start := func(ctx context.Context, failures int) *retry.Call[*[1 << 10]byte] {
		held := new([1 << 10]byte)
		runtime.AddCleanup(held, func(int) { gone.Add(1) }, 0)
		return retry.Start(ctx, p, func(context.Context) (*[1 << 10]byte, error) {
			if failures--; failures < 0 {
				return held, retry.Stop(io.EOF)
			}
			return held, io.EOF
		})
	}
	waits := start(long, 2) // for ever
	for range n {
		start(long, 1).Result()
	}
	short, cancelShort := context.WithCancel(long)
	var calls []*retry.Call[*[1 << 10]byte]
	for range n {
		calls = append(calls, start(short, 2))
	}
	time.Sleep(time.Second)
	synctest.Wait() // now they wait
	cancelShort()
	for _, c := range calls {
		c.Result()
	}
	clear(calls)
	time.Sleep(time.Second) // the runtime forgets stopped timers when it next looks for due ones
	for range 1000 {
		if gone.Load() == 2*n {
			runtime.KeepAlive(waits)
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Errorf("%d of %d ended calls are still held", 2*n-gone.Load(), 2*n)
}

// Calls end their waits in any order; the others must still be found when the context ends.
func TestCancelWakesWhoeverStillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls []*retry.Call[int]
		for i := range 100 {
			d := time.Duration((i*37)%100) * time.Second
			calls = append(calls, retry.Start(ctx, retry.Policy{Backoff: retry.List{0, d, 1000 * time.Hour}}, func(context.Context) (int, error) { return i, errFlaky }))
		}
		time.Sleep(50*time.Second + 1)
		begun := time.Now()
		cancel()
		for i, c := range calls {
			_, err := c.Result()
			if time.Since(begun) != 0 {
				t.Fatalf("call %d went on for %v", i, time.Since(begun))
			}
			want := 2
			if (i*37)%100 > 50 {
				want = 1
			}
			gaveUp(t, err, context.Canceled, want)
		}
	})
}

// A cancelable context counts who asks to be told of its end, and who takes that back.
type watching struct {
	context.Context
	asked *atomic.Int64
}

func (w watching) Value(key any) any {
	w.asked.Add(1)
	return w.Context.Value(key)
}

func TestCallsUnderOneContextShareWhatWatchesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx := watching{parent, new(atomic.Int64)}
		retry.Do(ctx, retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { return errFlaky }) // numbers are looked for from now on
		before := ctx.asked.Load()
		var calls []*retry.Call[int]
		for range 100 {
			calls = append(calls, retry.Start(ctx, retry.Policy{Backoff: retry.List{0, time.Minute, time.Minute}}, func(context.Context) (int, error) { return 0, errFlaky }))
		}
		synctest.Wait()
		// Each call looks for an outer attempt once; arming the watcher asks a few times.
		if n := ctx.asked.Load() - before; n < 100 || n > 110 {
			t.Errorf("the context was asked for %d values by 100 waiting calls", n)
		}
		for _, c := range calls {
			c.Result()
		}
	})
}

type bigKey struct{}

// A shared watcher outlives the call that armed it, but doesn't keep that call's context.
func TestWatcherDoesNotKeepTheFirstCallsContext(t *testing.T) {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	var gone atomic.Bool
	fails := func(context.Context) (int, error) { return 0, errFlaky }
	var first *retry.Call[int]
	func() {
		big := new([1 << 20]byte)
		runtime.AddCleanup(big, func(int) { gone.Store(true) }, 0)
		waiting := make(chan bool, 1)
		first = retry.Start(context.WithValue(parent, bigKey{}, big), retry.Policy{Backoff: retry.List{0, 50 * time.Millisecond}, Observe: func(_ context.Context, e retry.Event) {
			if e.Retry {
				waiting <- true
			}
		}}, fails)
		<-waiting
	}()
	second := retry.Start(parent, retry.Policy{Backoff: retry.List{0, time.Hour}}, fails)
	first.Result()
	for range 1000 {
		if gone.Load() {
			break
		}
		runtime.GC()
		runtime.Gosched()
	}
	if !gone.Load() {
		t.Error("the context of the first call is held by the watcher of the second")
	}
	cancel()
	if _, err := second.Result(); !errors.Is(err, context.Canceled) {
		t.Errorf("the second call ended with %v", err)
	}
}

// Calls end together at shutdown: one context, and a WaitGroup. It is the recipe of the docs.
func TestAllCallsOfAGroupEndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		var ended atomic.Int64
		for range 100 {
			group.Add(1)
			call := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, time.Hour}}, func(context.Context) (int, error) { return 0, errFlaky })
			call.Then(func(int, error) { ended.Add(1); group.Done() })
		}
		synctest.Wait()
		begun := time.Now()
		cancel()
		group.Wait()
		if ended.Load() != 100 || time.Since(begun) != 0 {
			t.Errorf("%d calls ended in %v", ended.Load(), time.Since(begun))
		}
	})
}
