package retrygrpc

import (
	"sync"

	"github.com/callagain/retry"
)

// hedges holds what is known of each method of each target. When there are too many, those that weren't known yet share it.
type hedges struct {
	mu    sync.Mutex
	known map[[2]string]*retry.HedgeState
	rest  retry.HedgeState
}

// maxHedged bounds them: a state has some 4 KiB.
const maxHedged = 1024

func (h *hedges) state(target, method string) *retry.HedgeState {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := [2]string{target, method}
	s := h.known[key]
	switch {
	case s != nil:
	case len(h.known) >= maxHedged:
		s = &h.rest
	default:
		if h.known == nil {
			h.known = make(map[[2]string]*retry.HedgeState)
		}
		s = new(retry.HedgeState)
		h.known[key] = s
	}
	return s
}
