package retry

import (
	"time"

	"github.com/callagain/retry/internal/override"
)

// override makes the call one of a test's, if its context says so.
func (c *call) override() {
	o := override.From(c.ctx)
	if o == nil {
		return
	}
	c.more().override = o
	c.place.seed = o.Seed
	if e, ok := concrete(c.policy.Backoff).(Exponential); ok && o.Seed == 0 && e.fine() {
		e.Jitter = NoJitter
		c.policy.Backoff = e
	}
}

// overriding returns the call's override, or nil.
func (c *call) overriding() *override.Override {
	if c.extra == nil {
		return nil
	}
	return c.extra.override
}

// capped reports whether the override allows no further attempt.
func (c *call) capped() bool {
	o := c.overriding()
	return o != nil && o.Attempts > 0 && c.attempts >= o.Attempts
}

// overridden returns how long to wait when d is asked for.
func (c *call) overridden(d time.Duration) time.Duration {
	o := c.overriding()
	if o == nil {
		return d
	}
	c.extra.asked = d
	return min(d, o.MaxDelay)
}
