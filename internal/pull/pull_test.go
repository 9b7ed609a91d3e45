package pull_test

import (
	"errors"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/callagain/retry/internal/pull"
)

func counting(n int, end func()) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer end()
		for i := range n {
			yield(i) // also after it said to stop
		}
	}
}

// It does what iter.Pull does, step by step.
func TestPullIsThatOfPackageIter(t *testing.T) {
	type puller func(iter.Seq[int]) (func() (int, bool), func())
	outcome := func(p puller, seq iter.Seq[int], steps int) (log []any) {
		ended := make(chan bool)
		go func() { // which may exit
			defer close(ended)
			defer func() { log = append(log, "panic", recover()) }()
			next, stop := p(seq)
			defer stop()
			for range steps {
				v, ok := next()
				log = append(log, v, ok)
			}
			stop()
			v, ok := next()
			log = append(log, "stopped", v, ok)
		}()
		<-ended
		return log
	}
	for name, end := range map[string]func(){
		"ends": func() {}, "panics": func() { panic(errors.ErrUnsupported) }, "exits": runtime.Goexit, "panics with nil": func() { panic(nil) },
	} {
		for values := range 4 {
			for steps := range 6 {
				synctest.Test(t, func(t *testing.T) {
					want := outcome(iter.Pull[int], counting(values, end), steps)
					got := outcome(pull.Pull[int], counting(values, end), steps)
					if !slices.EqualFunc(got, want, func(a, b any) bool {
						_, panicA := a.(*runtime.PanicNilError)
						_, panicB := b.(*runtime.PanicNilError)
						return a == b || panicA && panicB
					}) {
						t.Errorf("%s after %d of %d values: %v, want %v", name, values, steps, got, want)
					}
				})
			}
		}
	}
}

// A thread that is locked between two steps, or while another goroutine yields, doesn't end the process.
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
	next, stop := pull.Pull(func(yield func(int) bool) {
		done := make(chan bool)
		go func() { done <- yield(1) }()
		if <-done {
			yield(2)
		}
	})
	defer stop()
	for want := 1; want <= 2; want++ {
		if v, ok := next(); v != want || !ok {
			t.Error(v, ok)
		}
		runtime.LockOSThread()
	}
}
