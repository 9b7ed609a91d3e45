package retryhttp

import (
	"sync"

	"github.com/callagain/retry"
)

// hosts holds a budget for each host, those of the latest ones that is: at most 2*maxHosts.
type hosts struct {
	mu           sync.RWMutex
	recent, past map[string]*retry.Budget
}

const maxHosts = 4096

// budget returns the host's budget. A host that hasn't been called for long starts with a full
// one again.
func (h *hosts) budget(host string) *retry.Budget {
	h.mu.RLock()
	b := h.recent[host]
	h.mu.RUnlock()
	if b != nil {
		return b
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.recent[host]; b != nil {
		return b
	}
	if b = h.past[host]; b == nil {
		b = retry.NewBudget(retry.BudgetSettings{})
	}
	if h.recent == nil || len(h.recent) == maxHosts {
		h.recent, h.past = make(map[string]*retry.Budget), h.recent
	}
	h.recent[host] = b
	return b
}
