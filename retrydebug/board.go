// Package retrydebug shows what is being retried, why, and how much load that makes, on a page for whoever is woken at night, and lets an
// operator shut a budget.
//
//	board := retrydebug.New(retrydebug.Settings{})
//	policy = board.Watch(policy)
//	board.Transport("api", transport) // the budgets of its hosts
//	mux.Handle("/debug/retry/", board)
//
// The page is live where there is JavaScript, and works without. A client that asks for application/json gets JSON, and one that doesn't ask for
// text/html, as curl, gets text. It shows names of policies and hosts, and failures' texts without the secrets of URLs: serve it where
// you serve net/http/pprof, not to the public.
package retrydebug

import (
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/probe"
	"github.com/callagain/retry/retryhttp"
)

// otherPolicies is the name of the row that policies share when there are too many.
const otherPolicies = "other policies"

// otherHedges is the same for hedges.
const otherHedges = "other hedges"

// Settings of a [Board]. The zero value shows everything and can't change anything.
type Settings struct {
	// Operate decides by the request whether its sender may shut and open budgets, and says who that is, for the log and the page. If it is nil,
	// nobody may. Requests of other origins (see [http.CrossOriginProtection]) and those that aren't POST don't get as far. That is no
	// protection from other users of the network: Operate must ask for a credential.
	Operate func(*http.Request) (who string, ok bool)

	// Log is told of each use of the switch. It is required with Operate.
	Log *slog.Logger
}

// A Board is an [http.Handler] that shows the policies and budgets that were added to it. It must be served at a path that ends in
// a slash. It may be used by any number of goroutines. Its memory is bounded, whatever the number of policies, hosts, calls and
// failures, and the length of their texts.
type Board struct {
	ledger
	settings Settings
	tick     time.Duration // between two updates of a live page
	stall    time.Duration // that a reader may stop reading
	stream   time.Duration // that a live page lasts: a browser comes back by itself, and a server that shuts down waits no longer
	cross    *http.CrossOriginProtection

	mu         sync.RWMutex
	rows       map[string]*row
	other      *row
	hedges     named[*hedges]
	budgets    named[*retry.Budget]
	transports named[*retryhttp.Transport]

	readers atomic.Int64
	views   views
}

// New returns a Board. It panics if there is an Operate without a Log.
func New(s Settings) *Board {
	if s.Operate != nil && s.Log == nil {
		panic("retrydebug: Settings.Operate without Settings.Log: each use of the switch is logged")
	}
	return &Board{
		settings: s,
		ledger:   ledger{start: time.Now()},
		tick:     time.Second,
		stall:    10 * time.Second,
		stream:   30 * time.Second,
		cross:    http.NewCrossOriginProtection(),
		rows:     make(map[string]*row),
	}
}

// Watch returns p, the calls of which are shown by the board. Policies of one name are one row, however often Watch is called. A policy is
// shown by one board: the last that watched it. It costs a success at the first attempt two atomic additions.
//
// If p has a budget it is shown as well, and can be shut; the last one, if policies of one name have several.
func (b *Board) Watch(p retry.Policy) retry.Policy {
	r := b.row(p.Name)
	if p.Budget != nil && r.budget.Load() != p.Budget {
		r.budget.Store(p.Budget)
	}
	return probe.Add(p, r, func(old probe.Probe) bool {
		_, ok := old.(*row)
		return ok
	}).(retry.Policy)
}

func (b *Board) row(name string) *row {
	name = visible(name, maxName)
	b.mu.RLock()
	r := b.rows[name]
	b.mu.RUnlock()
	if r != nil {
		return r
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.rows[name] != nil:
		return b.rows[name]
	case len(b.rows) >= maxPolicies && b.other != nil:
		return b.other
	}
	r = newRow(&b.ledger, name)
	if len(b.rows) >= maxPolicies {
		r.name, b.other = otherPolicies, r
		return r
	}
	b.rows[name] = r
	return r
}

// Hedge returns s, the calls of which are shown by the board: how many hedges were started, won and refused. Settings of one name are one row.
// Call it once for each hedged function, and not once for each call: it gives s a State if there is none, so that the budget of its hedges is
// shown as well, and can be shut.
func (b *Board) Hedge(s retry.HedgeSettings) retry.HedgeSettings {
	name := visible(s.Name, maxName)
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hedges.byName[name]
	if h == nil && len(b.hedges.byName) >= maxHedges {
		name = otherHedges
		h = b.hedges.byName[name]
	}
	if h == nil {
		h = &hedges{name: name}
		b.hedges.set(name, h, false, maxHedges+1)
	}
	return h.watch(s)
}

// Budget adds a budget under a name; if there is one of the name already, it takes its place. Beyond 1000 the page says how many
// aren't shown. A nil budget is removed.
func (b *Board) Budget(name string, budget *retry.Budget) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.budgets.set(visible(name, maxName), budget, budget == nil, maxBudgets)
}

// Transport adds the budgets that a transport keeps for its hosts, as [Board.Budget] adds one. At most 100 transports are shown.
func (b *Board) Transport(name string, t *retryhttp.Transport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.transports.set(visible(name, maxName), t, t == nil, maxTransports)
}

// named is a bounded map.
type named[T any] struct {
	byName  map[string]T
	omitted int
}

func (n *named[T]) set(name string, v T, none bool, limit int) {
	_, known := n.byName[name]
	switch {
	case none:
		delete(n.byName, name)
	case !known && len(n.byName) >= limit:
		n.omitted++
	default:
		if n.byName == nil {
			n.byName = make(map[string]T)
		}
		n.byName[name] = v
	}
}
