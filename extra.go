package retry

import (
	"context"
	"sync"
	"time"

	"github.com/callagain/retry/internal/override"
)

// extra is what few calls need to wait, kept apart because a waiting call's size counts.
type extra struct {
	latest   latest             // room for failures
	numbers  *numbered          // contexts for the next attempts
	deadline time.Duration      // when Within ends, if it's set
	attempt  context.Context    // the attempt's own context, while there is one
	cancel   context.CancelFunc // of attempt
	next     func() (time.Duration, bool)
	stop     func() // of next, the schedule that can't be stepped through in place
	override *override.Override
	asked    time.Duration // the delay that was overridden
}

// more returns c.extra, made if need be.
func (c *call) more() *extra {
	if c.extra == nil {
		c.extra = new(extra)
	}
	return c.extra
}

// deadline is when Within ends; 0 if it isn't set.
func (c *call) deadline() time.Duration {
	if c.policy.Within == 0 || c.extra == nil {
		return 0
	}
	return c.extra.deadline
}

// spare has extras of calls that are over, with their room for what the next call remembers.
var spare = sync.Pool{New: func() any { return new(extra) }}

// borrow gives a new call its policy and context, and an extra that it must free.
func (c *call) borrow(ctx context.Context, p *Policy) {
	c.policy = *p
	c.ctx = ctx
	c.extra = spare.Get().(*extra)
	c.failures.rest = &c.extra.latest
}

// free closes c, and leaves its extra to another call.
func (c *call) free() {
	c.close()
	c.failures.forget()
	x := c.extra
	x.deadline, x.attempt, x.cancel, x.next, x.stop, x.override = 0, nil, nil, nil, nil, nil
	spare.Put(x)
}
