// Package destination keeps what the adapters remember of each place that a program calls: its budget, and what hedging knows of it.
// A stranger may choose the places, so their number is bounded.
package destination

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// Most is how many destinations are told apart.
const Most = 4096

// Other is the name of the budget that destinations share when there are too many.
const Other = "other hosts"

// Budgets has a budget for each destination. Only budgets are forgotten that are as new: a destination that is down doesn't get its
// retries back, and one that is well doesn't lose those it has earned. When there is nothing to forget, destinations that weren't known
// yet share one budget. The zero value is ready to use, by any number of goroutines.
type Budgets struct {
	mu    sync.RWMutex
	known map[string]*retry.Budget
	swept time.Time
	other retry.Budget
}

// Of returns the budget of a destination. It has that as its name, unless there may be a secret in it.
func (b *Budgets) Of(destination string) *retry.Budget {
	b.mu.RLock()
	known := b.known[destination]
	b.mu.RUnlock()
	if known != nil {
		return known
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.known[destination]; known != nil {
		return known
	}
	if b.known == nil {
		b.known = make(map[string]*retry.Budget)
		b.other.Name = Other
	}
	if len(b.known) >= Most && !b.sweep(time.Now()) {
		return &b.other
	}
	destination = strings.Clone(destination) // not the whole URL that it may be a piece of
	made := new(retry.Budget)
	if !strings.ContainsAny(destination, "?#@") {
		made.Name = destination
	}
	b.known[destination] = made
	return made
}

// sweep forgets the budgets that are as new, and reports whether there is room for another. It takes a while, so a sweep that
// found little is not made again within a second.
func (b *Budgets) sweep(now time.Time) bool {
	if since := now.Sub(b.swept); 0 <= since && since < time.Second {
		return false
	}
	fresh := new(retry.Budget).State(now)
	for destination, known := range b.known {
		s := known.State(now)
		if s.Spare >= fresh.Spare && s.Earned < 1 && !s.PausedUntil.After(now) {
			delete(b.known, destination)
		}
	}
	if len(b.known) > Most*3/4 {
		b.swept = now
	}
	return len(b.known) < Most
}

// All returns the budgets by the names of their destinations, and that of the others if it was asked for a retry. The map is the
// caller's own; the budgets are those in use.
func (b *Budgets) All() map[string]*retry.Budget {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := maps.Clone(b.known)
	if all == nil {
		all = map[string]*retry.Budget{}
	}
	if b.other.Granted() > 0 || b.other.Refused() > 0 {
		all[Other] = &b.other
	}
	return all
}
