package retrydebug

import (
	"context"
	"sync/atomic"

	"github.com/callagain/retry"
)

// hedges are what is known of the hedged functions of one name.
type hedges struct {
	name   string
	budget atomic.Pointer[retry.Budget]

	calls, started, won, refused atomic.Int64
}

// event counts what retry.HedgeSettings.Observe is told.
func (h *hedges) event(e retry.Event) {
	switch outcomeOf(e) {
	case "hedging":
		h.started.Add(1)
	case "refused":
		h.refused.Add(1)
	default:
		h.calls.Add(1)
		if e.Hedge > 1 && e.Err == nil {
			h.won.Add(1)
		}
	}
}

// watch returns s with h told of its calls.
func (h *hedges) watch(s retry.HedgeSettings) retry.HedgeSettings {
	if s.State == nil {
		s.State = new(retry.HedgeState)
	}
	if b := s.Budget; b != nil {
		h.budget.Store(b)
	} else if !s.Unlimited {
		h.budget.Store(s.State.Budget())
	}
	told := s.Observe
	s.Observe = func(ctx context.Context, e retry.Event) {
		h.event(e)
		if told != nil {
			told(ctx, e)
		}
	}
	return s
}

// hedging reads the counts. Those that end come before those that begin, so that no more have won than were started.
func (h *hedges) hedging() hedging {
	x := hedging{Name: h.name, Won: h.won.Load()}
	x.Started, x.Refused, x.Calls = h.started.Load(), h.refused.Load(), h.calls.Load()
	return x
}
