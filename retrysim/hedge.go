package retrysim

import (
	"errors"
	"time"

	"github.com/callagain/retry"
)

// A hedger makes more attempts beside slow ones.
type hedger struct {
	delay    int64
	attempts uint8
	ask      layer
}

func newHedger(e *engine, h retry.HedgeSettings) *hedger {
	n := h.Attempts
	if n == 0 {
		n = 2
	}
	ask := layer{policy: retry.Policy{Backoff: retry.List{0, 0}}}
	if !h.Unlimited {
		ask.budgets = e.budget(&retry.Budget{}) // as a HedgeState has one
	}
	return &hedger{int64(h.Delay), uint8(n), ask}
}

var errSlow = errors.New("slow")

// another makes another attempt beside those of a call that are in progress.
func (h *hedger) another(e *engine, index, serial uint32) {
	c := e.calls.at(index)
	if c.made >= h.attempts || !h.allowed(e, c.client) {
		return
	}
	c.made++
	c.running++
	e.meter.now.Attempts++
	e.meter.now.Hedges++
	e.transmit(index, serial, arrive)
	if c.made < h.attempts {
		e.agenda.push(hedgeLane, newEvent(e.now+h.delay, serial, hedge, index))
	}
}

// allowed takes a retry from the budget, at the simulated time: a policy that has one retry left asks for it.
func (h *hedger) allowed(e *engine, client uint32) bool {
	if h.ask.budgets == nil {
		return true
	}
	h.ask.policy.Budget = h.ask.budget(client)
	now := epoch.Add(time.Duration(e.now))
	_, _, err := h.ask.policy.Next(retry.Position{Began: now, Delays: 1, Seed: 1}, now, errSlow)
	return err == nil
}
