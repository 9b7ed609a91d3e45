package retry_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/callagain/retry"
)

// A function that locks its thread and keeps it, as one does that changes the thread's network namespace, ends neither the process nor
// the call; nor does a caller whose thread is locked, as that of a program with windows is.
func TestThreadsMayBeLocked(t *testing.T) {
	if os.Getenv("LOCKED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "LOCKED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out[:min(len(out), 400)])
		}
		return
	}
	runtime.LockOSThread()
	worker := func(ctx context.Context, attempt func(context.Context) error) error {
		done := make(chan error)
		go func() { done <- attempt(ctx) }()
		return <-done
	}
	locking := func(ctx context.Context, attempt func(context.Context) error) error {
		runtime.LockOSThread()
		return attempt(ctx)
	}
	for name, p := range map[string]retry.Policy{
		"seq":     {Backoff: retry.Seq(exact.Delays())},
		"worker":  {Backoff: exact, Around: worker},
		"locking": {Backoff: exact, Around: locking},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				n := 0
				if err := call(t.Context(), p, func(context.Context) error {
					runtime.LockOSThread()
					if n++; n < 3 {
						return errFlaky
					}
					return nil
				}); err != nil || n != 3 {
					t.Error(n, err)
				}
			})
		})
	}
}
