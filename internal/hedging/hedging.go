// Package hedging lets parts of package retry hedge in other ways than by retry.Hedge. It is of no use to anybody else.
package hedging

import (
	"context"
	"time"
)

// Do is retry.Hedge with settings, which are a retry.HedgeSettings, except that the context of the attempt whose value is
// returned goes on until release is called: for what outlives the hedge's return, such as an HTTP response whose body is still to be
// read. Release is never nil, and may be called more than once. Package retry sets Do.
var Do func(ctx context.Context, settings any, f func(context.Context) (any, error)) (value any, release func(), err error)

// A Call is where a call of a hedged function stands.
type Call struct {
	Began   time.Duration
	Delay   time.Duration // before a further attempt, if Hedges
	Hold    time.Duration // until when a failure asked to wait, if Held
	Started int           // attempts
	Running int           // of them
	Hedges  bool          // there may be further attempts
	Held    bool
	First   bool // the first attempt has ended
}

// Decide returns the decisions of retry.Hedge with settings, which are a retry.HedgeSettings, for who makes the attempts in another
// way, such as a simulation. Times are since epoch. The error says which setting makes no sense. Package retry sets Decide.
var Decide func(settings any, epoch time.Time) (Decisions, error)

// Decisions are what retry.Hedge decides. None of them reads a clock.
type Decisions interface {
	// Begin begins a call with its first attempt, and reports whether all others are to be made at the same time. If not, the next one is due
	// after c.Delay if c.Hedges.
	Begin(c *Call, at time.Duration) (atOnce bool)

	// Holding returns how long a further attempt has still to wait when it is due.
	Holding(c *Call, at time.Duration) time.Duration

	// Another reports whether a further attempt may be made, and counts it.
	Another(c *Call, at time.Duration) bool

	// Answered is told of the end of an attempt, numbered from 1, and reports whether that is the end of the call.
	Answered(c *Call, at time.Duration, attempt int, failure error) (over bool)

	// Replaces reports whether another attempt is to be made at once for one that has failed.
	Replaces(c *Call, at time.Duration) bool

	// Best returns the failure of a call whose attempts have all failed, in their order.
	Best(failures []error) error

	// Finish is told of the end of the call: the attempt that succeeded, or 0, and whether the context was over.
	Finish(c *Call, at time.Duration, winner int, over bool)
}
