// Package retrytest helps to test code that retries: it skips the delays of the calls under a context and records them,
// plays a script of failures, and checks the bounds of a policy.
//
// Nothing here is global, so tests may run in parallel.
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

// Settings say how the calls under a [Context] differ from those in production. The zero value skips every delay,
// and records it without jitter, so that a test can compare it with a fixed value.
type Settings struct {
	// MaxDelay is the longest that a call waits before an attempt, whatever its policy or a server
	// says. If it is 0, calls don't wait. For no limit, in a bubble of testing/synctest for example, use math.MaxInt64.
	MaxDelay time.Duration

	// Attempts is the maximum number of attempts. It never allows more than a policy does. If it is 0,
	// policies keep their own.
	Attempts int

	// Seed makes the jitter of each call the same in each run. If it is 0, there is no jitter: each delay
	// of a [retry.Exponential] is its longest. The delays of other Backoffs stay what they are.
	Seed uint64
}

// Context returns a context under which s holds for all calls, and a record of their
// delays. It is for tests only. The code under test must pass the context on to the calls that it makes.
// If contexts are nested, the innermost one holds. Context panics if a setting is negative.
//
// The delays of Do, Get, Loop and Start are skipped and recorded, and those of Hedge. A delay that is longer than the time
// that is left ends the call ([retry.ErrTooLate]) as in production, but a skipped delay takes no time, so together they may be longer.
// Budgets, time-outs, and the limit of five minutes for what a server asks are as in production. [retry.Event], with its Delay and Waited,
// and [retry.Delay] tell how long the call really waits: 0, or MaxDelay at most. What it would have waited is in the record.
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

// A Record has the delays of the calls under a [Context], in the order in which they began. Its methods
// may be called from any goroutine, also while calls are in progress.
type Record struct {
	mu     sync.Mutex
	delays []Delay
}

// A Delay is one that a call planned before an attempt, as its policy or a server said. The attempt
// may not have been made, for example because the context was canceled.
type Delay struct {
	Name    string        // the policy's
	Attempt int           // the number of the attempt that it comes before
	Delay   time.Duration // before MaxDelay was applied
}

// All returns all delays so far. If a call makes its first attempt at once, there is no Delay for that attempt.
func (r *Record) All() []Delay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.delays)
}

// Delays returns the durations of the delays so far: of the calls whose policy has one of the
// names, or of all calls if no name is given.
func (r *Record) Delays(names ...string) []time.Duration {
	var delays []time.Duration
	for _, d := range r.All() {
		if len(names) == 0 || slices.Contains(names, d.Name) {
			delays = append(delays, d.Delay)
		}
	}
	return delays
}

// Total returns the sum of the delays so far, or math.MaxInt64 if it is longer than that.
func (r *Record) Total() time.Duration {
	var total time.Duration
	for _, d := range r.Delays() {
		total += min(d, math.MaxInt64-total)
	}
	return total
}
