// Package probe lets packages retrydebug and retryotel see the attempts of package retry at no cost to those who don't use them: what
// Policy.Around and Policy.Observe tell costs a goroutine and a clock. It is of no use to anybody else.
//
// Retryotel is a module of its own, which may be of another version: what is here is added to, and not changed, once it is released.
package probe

import "context"

// An Outcome says how an attempt ended.
type Outcome int

const (
	Succeeded Outcome = iota
	Failed
	Refused  // Policy.Around didn't run it
	Panicked // or exited its goroutine
)

// A Probe is told of the attempts of a policy, in the goroutines that make them. It must be safe for concurrent use, and must not block.
type Probe interface {
	// Begin says that an attempt begins. It returns the attempt's context, which is ctx or derived from it, and what End will be given.
	Begin(ctx context.Context, attempt int) (context.Context, any)

	// End says how an attempt ended that Begin has begun, and with which failure. A success of the attempt 1 is the end of its call, of
	// which there is no Event.
	End(begun any, o Outcome, attempt int, failure error)
}

// A Listener is a Probe that is told of calls as well.
type Listener interface {
	// Event is told what Policy.Observe is told, a retry.Event.
	Event(event any)
}

// Set returns policy, which is a retry.Policy, with the probe p; Get returns its probe, or nil. Package retry sets both.
var (
	Set func(policy any, p Probe) any
	Get func(policy any) Probe
)
