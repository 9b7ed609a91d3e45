package retry

import (
	"time"

	"github.com/callagain/retry/internal/pull"
)

// next takes the next delay of the call's schedule.
func (c *call) next() (time.Duration, bool) {
	d, at, ok, own := step(c.policy.Backoff, c.place, floorOf(c.policy.Attempts))
	if !own {
		return c.pull(c.policy.Backoff)
	}
	c.place = at
	return d, ok
}

// pull takes the next delay of a schedule that runs in a goroutine.
func (c *call) pull(b Backoff) (time.Duration, bool) {
	x := c.more()
	if x.next == nil {
		delays := b.Delays()
		if delays == nil {
			return none, true // invalid, as any negative delay
		}
		x.next, x.stop = pull.Pull(delays)
	}
	c.place.delays++
	return x.next()
}

// unpull ends the goroutine of a schedule. That runs the schedule's own clean-up.
func (c *call) unpull() {
	if x := c.extra; x != nil && x.stop != nil {
		stop := x.stop
		x.next, x.stop = nil, nil
		stop()
	}
}
