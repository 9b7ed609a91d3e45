package retry_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
)

type heldKey struct{}

// held returns a context with a large value, and whether that was collected.
func held(parent context.Context) (context.Context, *atomic.Bool) {
	gone := new(atomic.Bool)
	big := new([1 << 20]byte)
	runtime.AddCleanup(big, func(struct{}) { gone.Store(true) }, struct{}{})
	return context.WithValue(parent, heldKey{}, big), gone
}

func collected(gone *atomic.Bool, between func()) bool {
	for range 1000 {
		between()
		runtime.GC()
		runtime.Gosched()
		if gone.Load() {
			return true
		}
	}
	return false
}

// One P, so that what is kept for the next call would certainly be taken and put back by it.
func TestContextOfACallThatIsOverIsLetGo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, w := range ways {
		for name, p := range map[string]retry.Policy{
			"observed": {Backoff: retry.List{0, 0}, Observe: func(context.Context, retry.Event) {}},
			"waiting":  {Backoff: retry.List{0, time.Microsecond}},
			"limited":  {Backoff: retry.List{0, 0}, Within: time.Hour, Timeout: time.Hour},
			"around":   {Backoff: retry.List{0, 0}, Around: func(ctx context.Context, attempt func(context.Context) error) error { return attempt(ctx) }},
			"seq":      {Backoff: retry.Seq(retry.List{0, 0}.Delays())},
		} {
			t.Run(w.name+"_"+name, func(t *testing.T) {
				cancelable, cancel := context.WithCancel(context.Background())
				defer cancel()
				ctx, gone := held(cancelable)
				w.call(ctx, p, func(context.Context) error { return errFlaky })
				ctx = nil
				if !collected(gone, func() {
					for range 10 {
						w.call(context.Background(), p, func(context.Context) error { return nil })
					}
				}) {
					t.Error("the context of a call that is over is still held")
				}
			})
		}
	}
}

func TestEndedCallKeepsItsResultAlone(t *testing.T) {
	ctx, goneCtx := held(context.Background())
	f, goneF := held(context.Background())
	then, goneThen := held(context.Background())
	failure, goneFailure := held(context.Background())
	n := 0
	call := retry.Start(ctx, retry.Policy{Backoff: retry.List{0, time.Microsecond}}, func(context.Context) (int, error) {
		if n++; n == 1 {
			return 0, failing2{failure}
		}
		runtime.KeepAlive(f)
		return 1, nil
	})
	call.Then(func(int, error) { runtime.KeepAlive(then) })
	<-call.Done()
	ctx, f, then, failure = nil, nil, nil, nil
	for name, gone := range map[string]*atomic.Bool{"ctx": goneCtx, "f": goneF, "a Then that has run": goneThen, "a failure before the success": goneFailure} {
		if !collected(gone, func() {}) {
			t.Errorf("%s is still held", name)
		}
	}
	if v, err := call.Result(); v != 1 || err != nil {
		t.Error(v, err)
	}
}

type failing2 struct{ ctx context.Context }

func (failing2) Error() string { return "failure with a context" }
