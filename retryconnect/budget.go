package retryconnect

import (
	"strings"
	"sync"

	"github.com/callagain/retry"
)

// hosts holds a budget for each host, maxHosts of them at most. Only a budget that is as good as new is given up for
// another host's; while there is none, further hosts share one.
type hosts struct {
	mu      sync.RWMutex
	budgets map[string]*retry.Budget
	rest    retry.Budget
}

const maxHosts = 1024

func (h *hosts) budget(host string) *retry.Budget {
	h.mu.RLock()
	b := h.budgets[host]
	h.mu.RUnlock()
	if b != nil {
		return b
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.budgets[host]; b != nil {
		return b
	}
	if len(h.budgets) >= maxHosts && !h.evict() {
		return &h.rest
	}
	if h.budgets == nil {
		h.budgets = make(map[string]*retry.Budget)
	}
	b = new(retry.Budget)
	if !strings.ContainsAny(host, "?#@") { // what might be a secret has no place in logs
		b.Name = host
	}
	h.budgets[host] = b
	return b
}

// evict removes the budgets that nothing would be lost with, and reports whether there was one.
func (h *hosts) evict() bool {
	var fresh retry.Budget
	full := fresh.Available()
	for host, b := range h.budgets {
		if b.Available() >= full && b.Paused() == 0 {
			delete(h.budgets, host)
		}
	}
	return len(h.budgets) < maxHosts
}
