package promises

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// waiting are the promises about calls that the caller doesn't wait for.
var waiting = []promise[peers.Library]{
	{
		text: "A call that waits needs no goroutine",
		how:  "1000 calls that were started, all in a delay of an hour",
		run: func(t *testing.T, l peers.Library) finding {
			start := startable(l, peers.Plan{Attempts: 2, Delay: time.Hour})
			ctx, cancel := context.WithCancel(t.Context())
			before := runtime.NumGoroutine()
			var waits []func() (int, error)
			for range 1000 {
				waits = append(waits, start(ctx, fails(errDown).f))
			}
			time.Sleep(time.Minute) // in the bubble: until all of them are in their delay
			more := runtime.NumGoroutine() - before
			cancel()
			for _, wait := range waits {
				wait()
			}
			// The runtime's count may be off by some for a moment.
			return is(more < 100, "%s for 1000 calls", plural(max(more, 0), "goroutine"))
		},
	},
	{
		text: "A panic in a call that was started doesn't end the process",
		how:  "a process of its own starts a call whose function panics",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			startable(l, peers.Plan{})
			child := exec.Command(os.Args[0], "-test.run=^TestPanicInStartedCall$")
			child.Env = append(os.Environ(), "PANIC_IN="+l.Name)
			err := child.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if err != nil {
				return is(false, "the process ends: %v", err)
			}
			return is(true, "reaches whoever asks for the result")
		},
	},
}

// TestPanicInStartedCall is what the process of the scenario above runs.
func TestPanicInStartedCall(t *testing.T) {
	for _, l := range peers.All() {
		if l.Name != os.Getenv("PANIC_IN") {
			continue
		}
		wait := startable(l, peers.Plan{})(t.Context(), func(context.Context) (int, error) { panic("a bug in the function") })
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		wait()
	}
}

func startable(l peers.Library, p peers.Plan) func(context.Context, peers.Func) func() (int, error) {
	if l.Start == nil {
		panic(peers.NotOffered("has only calls that the caller waits for"))
	}
	start, err := l.Start(p)
	if err != nil {
		panic(err)
	}
	return start
}
