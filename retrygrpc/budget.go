package retrygrpc

import (
	"strings"
	"sync"

	"github.com/callagain/retry"
)

// targets holds a budget for each target, maxTargets of them at most. Only a budget that is as good as new is given up for
// another target's; while there is none, further targets share one.
type targets struct {
	mu      sync.RWMutex
	budgets map[string]*retry.Budget
	rest    retry.Budget
}

const maxTargets = 1024

func (t *targets) budget(target string) *retry.Budget {
	t.mu.RLock()
	b := t.budgets[target]
	t.mu.RUnlock()
	if b != nil {
		return b
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.budgets[target]; b != nil {
		return b
	}
	if len(t.budgets) >= maxTargets && !t.evict() {
		return &t.rest
	}
	if t.budgets == nil {
		t.budgets = make(map[string]*retry.Budget)
	}
	b = new(retry.Budget)
	if !strings.ContainsAny(target, "?#@") { // what might be a secret has no place in logs
		b.Name = target
	}
	t.budgets[target] = b
	return b
}

// evict removes the budgets that nothing would be lost with, and reports whether there was one.
func (t *targets) evict() bool {
	var fresh retry.Budget
	full := fresh.Available()
	for target, b := range t.budgets {
		if b.Available() >= full && b.Paused() == 0 {
			delete(t.budgets, target)
		}
	}
	return len(t.budgets) < maxTargets
}
