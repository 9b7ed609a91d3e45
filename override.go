package retry

import (
	"math/rand/v2"
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
	seeded := rand.New(rand.NewPCG(o.Seed, 0))
	switch b := concrete(c.policy.Backoff).(type) {
	case Exponential:
		if b.check() != nil {
			return // the caller is to be told
		}
		if b.Rand = seeded; o.Seed == 0 {
			b.Jitter = None
		}
		c.policy.Backoff = b
	case Decorrelated:
		b.Rand = seeded
		c.policy.Backoff = b
	}
}

// overriding is the call's override, or nil.
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

// overridden is how long to wait when d is asked for.
func (c *call) overridden(d time.Duration) time.Duration {
	o := c.overriding()
	if o == nil {
		return d
	}
	c.extra.asked = d
	return min(d, o.MaxDelay)
}

// record tells the override of the delay that was asked for, if it was more than making
// the first attempt at once.
func (c *call) record(o *override.Override) {
	if c.attempts > 0 || c.extra.asked > 0 {
		o.Record(c.policy.Name, c.attempts+1, c.extra.asked)
	}
}
