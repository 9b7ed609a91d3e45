package retry

import (
	"context"
	"time"

	"github.com/callagain/retry/internal/hedging"
)

// What is decided in one call of a hedged function is here, without a clock: it is for simulations, too.

// begin begins a call at the time at.
func (s *HedgeSettings) begin(c *hedging.Call, at time.Duration) {
	c.Began = at
	c.Delay, c.Hedges = s.delay(at)
}

// more reports whether the settings have another attempt for a call.
func (s *HedgeSettings) more(c *hedging.Call) bool { return c.Started < s.Attempts }

// holding returns how long a failure still asks to wait.
func holding(c *hedging.Call, at time.Duration) time.Duration {
	if !c.Held {
		return 0
	}
	return max(0, until(c.Hold, at))
}

// replaces reports whether an attempt that has failed is to be replaced at once.
func (s *HedgeSettings) replaces(c *hedging.Call, at time.Duration) bool {
	return s.OnFailure && holding(c, at) == 0
}

// answered notes that an attempt has ended, in success or with a failure that has the marks m, and reports whether that is the end of the call.
func (s *HedgeSettings) answered(c *hedging.Call, at time.Duration, attempt int, success bool, m marks) bool {
	c.Running--
	if attempt == 1 {
		c.First = true
		if took := at - c.Began; success || c.Hedges && took >= c.Delay {
			s.State.latencies.add(at, took, false, success)
		}
	}
	if m.after > 0 {
		end := after(at, m.after)
		if c.Held {
			end = max(end, c.Hold)
		}
		c.Hold, c.Held = end, true
	}
	return success || m.flags&stop != 0
}

// finish settles the end of a call. Winner is the attempt that succeeded, or 0; over says that the context is over.
func (s *HedgeSettings) finish(c *hedging.Call, at time.Duration, winner int, over bool) {
	success := winner > 0
	if success {
		s.earn()
	}
	if hedges := c.Started - 1; hedges > 0 {
		won := winner > 1
		if won {
			hedges--
		}
		s.settle(won, hedges)
	}
	if c.Running > 0 && !c.First {
		if took := at - c.Began; took >= c.Delay || over {
			s.State.latencies.add(at, took, success, success) // the first attempt has taken so long so far
		}
	}
}

// mostTelling returns which attempt has the failure that tells most, and this with the longest hint of all. Failures are those of the attempts
// in their order, nil where there is none.
func mostTelling(failures []error) (attempt int, err error) {
	rank := func(err error, m marks) int {
		switch {
		case m.flags&canceled != 0:
			return 2
		case is(err, context.DeadlineExceeded):
			return 1
		}
		return 0
	}
	var hint, own time.Duration
	least := 3
	for i, failure := range failures {
		if failure == nil {
			continue
		}
		m := read(failure)
		hint = max(hint, m.after)
		if x := rank(failure, m); x < least {
			attempt, err, least, own = i+1, failure, x, m.after
		}
	}
	if hint > own {
		err = After(err, hint)
	}
	return attempt, err
}

// decisions are those of settings, by times since another epoch.
type decisions struct {
	HedgeSettings
	epoch time.Duration
}

func init() {
	hedging.Decide = func(settings any, from time.Time) (hedging.Decisions, error) {
		s := settings.(HedgeSettings)
		if err := s.invalid(); err != nil {
			return nil, err
		}
		return &decisions{s.complete(), from.Sub(epoch)}, nil
	}
}

func (d *decisions) Begin(c *hedging.Call, at time.Duration) bool {
	*c = hedging.Call{Started: 1, Running: 1}
	d.begin(c, d.epoch+at)
	return c.Hedges && d.AtOnce
}

func (d *decisions) Holding(c *hedging.Call, at time.Duration) time.Duration {
	return holding(c, d.epoch+at)
}

func (d *decisions) Another(c *hedging.Call, at time.Duration) bool {
	ok := d.more(c) && d.allows(d.epoch+at)
	if ok {
		c.Started++
		c.Running++
	}
	return ok
}

func (d *decisions) Answered(c *hedging.Call, at time.Duration, attempt int, failure error) bool {
	if attempt > 1 {
		d.leaves()
	}
	return d.answered(c, d.epoch+at, attempt, failure == nil, read(failure))
}

func (d *decisions) Replaces(c *hedging.Call, at time.Duration) bool {
	return d.replaces(c, d.epoch+at)
}

func (d *decisions) Best(failures []error) error {
	_, err := mostTelling(failures)
	return err
}

func (d *decisions) Finish(c *hedging.Call, at time.Duration, winner int, over bool) {
	running := c.Running // they are canceled, and leave
	if running > 0 && !c.First {
		running--
	}
	for range running {
		d.leaves()
	}
	d.finish(c, d.epoch+at, winner, over)
}
