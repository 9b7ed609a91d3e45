package retrysim

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Run simulates s. If ctx is over before the end, Run returns its cause. A scenario that makes no sense is an error that names the field,
// and so are functions of the policy that panic, or that block for ten seconds: Run leaves these behind. All functions of the scenario are called
// in one goroutine, which isn't the caller's.
func Run(ctx context.Context, s Scenario) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errLeft)
	var w watch
	var r *Result
	var err error
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				r, err, returned = nil, fmt.Errorf("retrysim: %spanic: %v\n\n%s", w.place(), v, debug.Stack()), true
			}
		}()
		r, err = simulate(ctx, &s, &w)
		returned = true
	}()
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	for last := uint64(0); ; {
		select {
		case <-done:
			if !returned {
				runtime.Goexit() // as a function of the scenario did: t.FailNow, perhaps
			}
			return r, err
		case <-ticker.C:
			calls := w.calls.Load()
			if calls == last && calls%2 == 1 {
				return nil, fmt.Errorf("retrysim: %sa function doesn't return within %v; what waits by itself can't be simulated", w.place(), patience)
			}
			last = calls
		}
	}
}

func simulate(ctx context.Context, s *Scenario, w *watch) (*Result, error) {
	if err := s.check(w); err != nil {
		return nil, err
	}
	e := newEngine(s, w)
	defer e.close()
	return e.result(ctx)
}

// patience is how long a function of the scenario may take, in real time.
var patience = 10 * time.Second

// errLeft ends a simulation that nobody waits for any more.
var errLeft = errors.New("retrysim: Run has returned")

// A watch knows whether a function of the scenario is running.
type watch struct {
	calls atomic.Uint64 // odd while one runs
	layer atomic.Int32
}

func (w *watch) enter(layer int) {
	w.layer.Store(int32(layer))
	w.calls.Add(1)
}

func (w *watch) leave() { w.calls.Add(1) }

// place names the policy whose function runs.
func (w *watch) place() string {
	if w.calls.Load()%2 == 0 {
		return ""
	}
	return policyName(int(w.layer.Load())) + ": "
}

// policyName returns the field of a layer's policy.
func policyName(layer int) string {
	if layer == 0 {
		return "Policy"
	}
	return fmt.Sprintf("Outer[%d]", layer-1)
}
