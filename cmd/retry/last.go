package main

import (
	"time"

	"github.com/callagain/retry"
)

// decide uses what is left of --within for a last attempt, where the next delay would leave no time for it: it
// begins as late as it can with the time that it needs.
func (c *call) decide(d *retry.Decision) {
	switch {
	case !d.Retry:
	case c.lastBegun:
		d.Retry, c.late = false, true
	case d.Delay >= d.Left:
		needs := c.timeout
		if needs == 0 {
			needs = max(2*c.longest, time.Second)
		}
		d.Delay = max(d.Left-needs, 0)
		c.lastBegun = true
	}
}
