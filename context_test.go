package retry_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// What a hand-written context may do, none of it may harm a call, or another call.

// closesFirst ends as many hand-written contexts do: it closes the channel, and then says why.
type closesFirst struct {
	context.Context
	done chan struct{}
	mu   sync.Mutex
	err  error
}

func (c *closesFirst) Done() <-chan struct{} { return c.done }
func (c *closesFirst) Err() error            { c.mu.Lock(); defer c.mu.Unlock(); return c.err }

func TestDoneIsBelievedBeforeErrSaysWhy(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Minute} {
		eachWay(t, func(t *testing.T, call caller) {
			ctx := &closesFirst{Context: context.Background(), done: make(chan struct{})}
			time.AfterFunc(time.Second, func() { close(ctx.done) })
			time.AfterFunc(2*time.Second, func() { ctx.mu.Lock(); ctx.err = context.Canceled; ctx.mu.Unlock() })
			attempts := 0
			err := call(ctx, retry.Policy{Attempts: retry.Unlimited, Backoff: retry.List{0, delay, delay, delay}}, func(context.Context) error {
				if attempts++; delay == 0 {
					time.Sleep(time.Second + 1)
				}
				return errFlaky
			})
			gaveUp(t, err, context.Canceled, 1)
		})
	}
}

// picky panics for a key that it doesn't know, once it is told to.
type picky struct {
	context.Context
	bad *atomic.Bool
}

func (p picky) Value(key any) any {
	if p.bad.CompareAndSwap(true, false) {
		panic("picky: unknown key")
	}
	return p.Context.Value(key)
}

func TestPanicInAContextHarmsNoOtherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx := picky{parent, new(atomic.Bool)}
		policy := retry.Policy{Backoff: retry.List{0, time.Hour}}
		fails := func(context.Context) (int, error) { return 0, errFlaky }
		first := retry.Start(ctx, policy, func(context.Context) (int, error) { ctx.bad.Store(true); return 0, errFlaky })
		synctest.Wait()
		if panicked, _ := outcome(func() { first.Result() }); panicked == nil {
			t.Error("the panic was lost")
		}
		begun := time.Now()
		second := retry.Start(parent, policy, fails) // not even the same context, only the same Done
		synctest.Wait()
		time.AfterFunc(time.Second, cancel)
		_, err := second.Result()
		gaveUp(t, err, context.Canceled, 1)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("the next call ended %v after it began, its context after 1s", took)
		}
	})
}

// slow blocks in one of its methods, as a context over a lock or a lazy look-up may.
type slow struct {
	context.Context
	enter, leave chan bool
	on           *atomic.Bool
}

func (s slow) block() {
	if s.on.Load() {
		s.enter <- true
		<-s.leave
	}
}

func (s slow) Value(key any) any           { s.block(); return s.Context.Value(key) }
func (s slow) Err() error                  { return s.Context.Err() }
func (s slow) Deadline() (time.Time, bool) { s.block(); return s.Context.Deadline() }

func TestBlockedContextBlocksNoOtherCall(t *testing.T) {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx := slow{parent, make(chan bool), make(chan bool), new(atomic.Bool)}
	fails := func(context.Context) (int, error) { return 0, errFlaky }
	policy := retry.Policy{Backoff: retry.List{0, time.Millisecond}}
	attempts := 0
	stuck := retry.Start(ctx, policy, func(context.Context) (int, error) {
		if attempts++; attempts == 1 {
			ctx.on.Store(true)
		}
		return 0, errFlaky
	})
	<-ctx.enter
	for _, other := range []context.Context{parent, context.Background()} {
		if _, err := retry.Start(other, policy, fails).Result(); !errors.Is(err, retry.ErrExhausted) {
			t.Error(err) // it would hang
		}
	}
	ctx.on.Store(false)
	ctx.leave <- true
	stuck.Result()
}

// A bubble's calls under a context of the outer test are a matter of two clocks; the end of the outer test must not touch the bubble.
func TestBubbleUnderTheOuterTestsContext(t *testing.T) {
	if os.Getenv("RETRY_IN_BUBBLE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "RETRY_IN_BUBBLE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("the process died: %v: %s", err, out)
		}
		return
	}
	t.Run("inner", func(outer *testing.T) {
		ctx := outer.Context()
		ctx.Done() // made outside, so that looking at it is allowed to both
		outside := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, time.Hour}}, func(context.Context) (int, error) { return 0, errFlaky })
		synctest.Test(outer, func(t *testing.T) {
			retry.Start(ctx, retry.Policy{Backoff: retry.List{0, time.Hour}}, func(context.Context) (int, error) { return 0, errFlaky })
			synctest.Wait()
		})
		outer.Cleanup(func() { outside.Result() }) // its context is over by then
	})
	runtime.Gosched()
}

func TestTimeEndedTheCallWhateverTheCause(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		cause := errors.New("the page was too slow")
		waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		fails := func(context.Context) error { return errFlaky }
		for name, tt := range map[string]struct {
			deadline time.Duration
			policy   retry.Policy
			f        func(context.Context) error
		}{
			"callers_deadline":         {time.Second, retry.Policy{}, waits},
			"callers_deadline_is_near": {time.Second, retry.Policy{Backoff: retry.List{0, time.Hour}}, fails},
			"callers_deadline_in_wait": {time.Second, retry.Policy{Backoff: retry.Exponential{WaitFirst: true, Initial: time.Millisecond, Jitter: retry.NoJitter}, Attempts: retry.Unlimited}, fails},
			"within":                   {0, retry.Policy{Within: time.Second}, waits},
			"within_is_near":           {0, retry.Policy{Within: time.Second, Backoff: retry.List{0, time.Hour}}, fails},
			"attempts_time_out":        {0, retry.Policy{Timeout: time.Second}, waits},
			"hint":                     {0, retry.Policy{}, func(context.Context) error { return retry.After(errFlaky, time.Hour) }},
		} {
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if tt.deadline > 0 {
				ctx, cancel = context.WithTimeoutCause(ctx, tt.deadline, cause)
			}
			err := call(ctx, tt.policy, tt.f)
			cancel()
			var timeout net.Error
			var says interface{ Timeout() bool }
			if !errors.Is(err, context.DeadlineExceeded) || !os.IsTimeout(err) || !errors.As(err, &says) || !says.Timeout() || errors.As(err, &timeout) && !timeout.Timeout() {
				t.Errorf("%s: %v isn't a timeout", name, err)
			}
			if errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v is a cancellation", name, err)
			}
			if name == "callers_deadline" && !errors.Is(err, cause) {
				t.Errorf("%s: %v isn't the cause", name, err)
			}
		}
	})
}

func TestCancellationIsSeenBesideItsCause(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		cause := errors.New("the user left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		err := call(ctx, retry.Policy{Backoff: retry.List{0, time.Hour}}, func(context.Context) error { return errFlaky })
		e := gaveUp(t, err, cause, 1)
		if e.Reason != cause || !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || e.Timeout() || !strings.Contains(err.Error(), "the user left") {
			t.Errorf("%v", err)
		}
	})
}

func TestDelayIsKnownInTheAttempt(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var got []time.Duration
		f := func(ctx context.Context) error { got = append(got, retry.Delay(ctx)); return errFlaky }
		call(t.Context(), retry.Policy{Backoff: retry.List{time.Second, 0, time.Minute, time.Hour, 5}}, f)
		call(t.Context(), retry.Policy{Backoff: retry.List{0, 7}}, f)
		want := []time.Duration{time.Second, 0, time.Minute, time.Hour, 5, 0, 7}
		for i := range want {
			if len(got) != len(want) || got[i] != want[i] {
				t.Fatalf("the delays are %v, want %v", got, want)
			}
		}
		if retry.Delay(t.Context()) != 0 {
			t.Error("a delay outside of a call")
		}
	})
}
