package retry

import (
	"context"
	"time"

	"github.com/callagain/retry/internal/override"
)

// A call is the state of one call, whatever the way it is made: a policy and a place in its schedule, with a context, a clock
// and somebody to tell. Its driver does
//
//	for d := c.begin(kept); c.wait(kept, d); {
//		d = c.attempt(kept, f)
//	}
//	return kept.first
//
// with a deferred close; one that can't block does its own waiting and asks ready after it. What the call remembers, kept,
// is the driver's, so that it can be on its stack: what is stored in a struct with a context escapes.
type call struct {
	policy   Policy
	ctx      context.Context // the caller's
	place    place
	attempts int
	id       uint64        // for events; 0 if none was told yet
	began    time.Duration // or the last Progress; 0 if nothing has asked the clock yet
	delay    time.Duration // before the next attempt
	waited   time.Duration
	timer    *time.Timer
	extra    *extra
	paid     pocket // for the next attempt
	over     bool   // the end has been told
	telling  bool   // Observe is running
	phase    phase  // of a Call, by whose mu it is guarded; here, where there is room for it
}

// A phase is what a Call is doing.
type phase uint8

const (
	running  phase = iota // its own goroutine has it
	falling               // asleep, about to be
	woken                 // too early, while it was falling asleep
	asleep                // a timer has it
	settled               // over
	finished              // and the functions given to Then have returned
)

// extra is what few calls need, kept apart because the size of a waiting call counts.
type extra struct {
	born     time.Duration // when the call began, if that isn't call.began
	deadline time.Duration // of Within; 0 if it isn't set
	next     func() (time.Duration, bool)
	stop     func() // of next, the schedule that can't be stepped through
	memory   memory
	override *override.Override
	asked    time.Duration // the delay that was overridden
	kept     failures      // a waiting Call's, if there are more than the first
}

// more returns c.extra, made if need be.
func (c *call) more() *extra {
	if c.extra == nil {
		c.extra = new(extra)
	}
	return c.extra
}
