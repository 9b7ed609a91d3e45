package destination

import (
	"strings"
	"sync"

	"github.com/callagain/retry"
)

// mostHedged bounds what is known for hedging: a state has some 4 KiB.
const mostHedged = 1024

// Hedges has what is known of each method of each destination. When there are too many, those that weren't known yet share one state. The
// zero value is ready to use, by any number of goroutines.
type Hedges struct {
	mu    sync.Mutex
	known map[[2]string]*retry.HedgeState
	other retry.HedgeState
}

// Of returns what is known of a method of a destination. HTTP has one for all of a host.
func (h *Hedges) Of(destination, method string) *retry.HedgeState {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.known[[2]string{destination, method}]; s != nil {
		return s
	}
	if len(h.known) >= mostHedged {
		return &h.other
	}
	if h.known == nil {
		h.known = make(map[[2]string]*retry.HedgeState)
	}
	s := new(retry.HedgeState)
	h.known[[2]string{strings.Clone(destination), strings.Clone(method)}] = s
	return s
}
