// Package retrytest helps to test code that retries: it takes the waiting out of the calls
// under a context, plays a script of faults, and proves the bounds of a policy.
//
// Tests may run in parallel: nothing here is global, a [Context] is all that is changed.
package retrytest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/callagain/retry/internal/override"
)

// Settings say what becomes of the calls under a [Context]. The zero value skips every wait
// and takes the jitter out of every delay, so that what is recorded is always the same.
type Settings struct {
	// MaxDelay is the longest that a call waits before an attempt, whatever its policy or a server
	// says. If it's 0, waits are skipped; for no limit, as in a synctest bubble, say math.MaxInt64.
	MaxDelay time.Duration

	// Attempts is the most that a call makes. It never raises what a policy allows. If it's 0,
	// policies keep their own.
	Attempts int

	// Seed makes the jitter of each call the same in each run. If it's 0, there is none: each delay
	// of an Exponential is its longest. A Decorrelated has no delays without jitter, so
	// 0 is a seed to it like any other. Delays that a List or a Seq gives are what they are.
	Seed uint64
}

// Context returns ctx changed so that s holds for the calls under it, and what records their
// delays. Only a test should make one. The code under test must hand its context on to the calls it makes;
// where contexts are nested, the innermost holds. Settings that make no sense panic.
//
// A delay that doesn't fit into the time left (retry.ErrTooLate) is measured as s has it, so that
// skipped waits always fit. Budgets, timeouts and the five minutes that a hint may be long
// are as ever.
func Context(ctx context.Context, s Settings) (context.Context, *Record) {
	if s.MaxDelay < 0 || s.Attempts < 0 {
		panic(fmt.Sprintf("retrytest: Context with negative settings: %+v", s))
	}
	r := new(Record)
	o := &override.Override{
		MaxDelay: s.MaxDelay,
		Attempts: s.Attempts,
		Seed:     s.Seed,
		Record: func(name string, attempt int, delay time.Duration) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.delays = append(r.delays, Delay{name, attempt, delay})
		},
	}
	return override.With(ctx, o), r
}

// A Record has the delays of the calls under a [Context], in the order in which they began. It
// may be read from any goroutine, and while there are more to come.
type Record struct {
	mu     sync.Mutex
	delays []Delay
}

// A Delay is one that a call scheduled before an attempt, for as long as its policy and
// server said, whatever came of it.
type Delay struct {
	Name    string        // the policy's
	Attempt int           // the one that comes after the delay
	Delay   time.Duration // as it was asked for, before it was skipped or capped
}

// All returns all delays so far. A call that makes its first attempt at once doesn't count that as one.
func (r *Record) All() []Delay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.delays)
}

// Delays returns how long the delays so far are: those of the calls whose policy has one of the
// names, or all of them if there is no name.
func (r *Record) Delays(names ...string) []time.Duration {
	var delays []time.Duration
	for _, d := range r.All() {
		if len(names) == 0 || slices.Contains(names, d.Name) {
			delays = append(delays, d.Delay)
		}
	}
	return delays
}

// Total returns for how long the calls would have waited so far, one after the other.
func (r *Record) Total() time.Duration {
	var total time.Duration
	for _, d := range r.Delays() {
		total += min(d, math.MaxInt64-total)
	}
	return total
}
