// Package probe lets package retrydebug see the attempts of package retry at no cost to those who don't use it: what
// Policy.Around and Policy.Observe tell costs a coroutine and a clock. It is of no use to anybody else.
package probe

// An Outcome says how an attempt ended.
type Outcome int

const (
	Succeeded Outcome = iota
	Failed
	Refused  // Policy.Around didn't run it
	Panicked // or exited its goroutine
)

// A Probe is told of the attempts and calls of a policy, in the goroutines that make them. It must be safe for concurrent
// use, and must not block or panic.
type Probe interface {
	// Begin says that an attempt begins.
	Begin()

	// End says how it ended. A success of the attempt 1 is the end of its call, of which there is no Event.
	End(o Outcome, attempt int)

	// Event is told what Policy.Observe is told, a retry.Event.
	Event(event any)
}

// Set returns policy, which is a retry.Policy, with the probe p; Get returns its probe, or nil. Package retry sets both.
var (
	Set func(policy any, p Probe) any
	Get func(policy any) Probe
)
