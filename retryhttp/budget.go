package retryhttp

import "github.com/callagain/retry"

// Budgets returns the budgets that t keeps by itself, by the names of their hosts, for a debug page or for metrics. Hosts that were
// called when there were too many share the budget of "other hosts". The map is the caller's own; the budgets are those in use.
func (t *Transport) Budgets() map[string]*retry.Budget { return t.budgets.All() }
