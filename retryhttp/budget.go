package retryhttp

import (
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// hosts holds a budget for each host.
//
// A stranger may choose the hosts that are called, so their number is bounded. Only budgets are forgotten that are as new:
// a host that is down doesn't get its retries back, and one that is well doesn't lose those it has earned. When there is
// nothing to forget, hosts that weren't known yet share one budget.
type hosts struct {
	mu    sync.RWMutex
	known map[string]*retry.Budget
	swept time.Time
	other retry.Budget
}

const maxHosts = 4096

// otherHosts is the name of the budget that hosts share when there are too many.
const otherHosts = "other hosts"

// budget returns the budget of a host.
func (h *hosts) budget(host string) *retry.Budget {
	h.mu.RLock()
	b := h.known[host]
	h.mu.RUnlock()
	if b != nil {
		return b
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.known[host]; b != nil {
		return b
	}
	if h.known == nil {
		h.known = make(map[string]*retry.Budget)
		h.other.Name = otherHosts
	}
	if len(h.known) >= maxHosts && !h.sweep(time.Now()) {
		return &h.other
	}
	host = strings.Clone(host) // not the whole URL that it may be a piece of
	b = &retry.Budget{Name: host}
	h.known[host] = b
	return b
}

// sweep forgets the budgets that are as new, and reports whether there is room for another. It takes a while, so a sweep that
// found little is not made again within a second.
func (h *hosts) sweep(now time.Time) bool {
	if since := now.Sub(h.swept); 0 <= since && since < time.Second {
		return false
	}
	fresh := new(retry.Budget).State(now)
	for host, b := range h.known {
		s := b.State(now)
		if s.Spare >= fresh.Spare && s.Earned < 1 && !s.PausedUntil.After(now) {
			delete(h.known, host)
		}
	}
	if len(h.known) > maxHosts*3/4 {
		h.swept = now
	}
	return len(h.known) < maxHosts
}

// Budgets returns the budgets that t keeps by itself, by the names of their hosts, for a debug page or for metrics. Hosts that were
// called when there were too many share the budget of "other hosts". The map is the caller's own; the budgets are those in use.
func (t *Transport) Budgets() map[string]*retry.Budget {
	h := &t.hosts
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make(map[string]*retry.Budget, len(h.known)+1)
	for host, b := range h.known {
		all[host] = b
	}
	if h.other.Granted() > 0 || h.other.Refused() > 0 {
		all[otherHosts] = &h.other
	}
	return all
}
