package retrydebug

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/probe"
)

// snapshot reads the board. It holds no lock for long.
func (b *Board) snapshot(v view) *snapshot {
	now := time.Now()
	s := &snapshot{At: now.UTC(), Policies: []policy{}, Hedges: []hedging{}, Budgets: []budget{}, Transports: []transport{}, GiveUps: []*giveUp{}, Uses: []use{}}
	b.mu.RLock()
	rows := slices.AppendSeq(make([]*row, 0, len(b.rows)+1), maps.Values(b.rows))
	if b.other != nil {
		rows = append(rows, b.other)
	}
	hedged := slices.SortedFunc(maps.Values(b.hedges.byName), func(a, b *hedges) int { return cmp.Compare(a.name, b.name) })
	budgets := maps.Clone(b.budgets.byName)
	transports := maps.Clone(b.transports.byName)
	s.Omitted = omitted{b.budgets.omitted, b.transports.omitted}
	b.mu.RUnlock()

	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.name, b.name) })
	named := make(map[*retry.Budget]string, len(budgets))
	users := make(map[*retry.Budget][]string)
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(budgets))) {
		named[budgets[name]] = name
	}
	all := make([]policy, 0, len(rows))
	for _, r := range rows {
		p := r.policy(now, b.retrying.Load() >= maxRetrying)
		if bud := r.budget.Load(); bud != nil {
			users[bud] = append(users[bud], r.name)
			if p.Budget = named[bud]; p.Budget == "" {
				p.Budget = cmp.Or(visible(bud.Name, maxName), r.name)
			}
		}
		all = append(all, p)
		if v.policy == "" && v.shows(r.name) || v.policy != "" && v.policy == r.name {
			s.Policies = append(s.Policies, p)
		}
		if v.policy == r.name && v.policy != "" {
			s.GiveUps = r.latest()
		}
	}
	for _, h := range hedged {
		x := h.hedging()
		if bud := h.budget.Load(); bud != nil {
			users[bud] = append(users[bud], "hedges of "+cmp.Or(h.name, "(no name)"))
			x.Budget = cmp.Or(named[bud], visible(bud.Name, maxName), h.name)
		}
		if v.policy == "" && v.shows(h.name) {
			s.Hedges = append(s.Hedges, x)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(budgets)) {
		if bud := budgets[name]; v.shows(append(users[bud], name)...) {
			s.Budgets = append(s.Budgets, stand(bud, now, "budget:"+name, "", name, users[bud]))
		}
	}
	done := map[*retry.Budget]bool{}
	own := func(bud *retry.Budget, kind, of string) {
		if bud == nil || named[bud] != "" || done[bud] {
			return
		}
		done[bud] = true
		name := cmp.Or(visible(bud.Name, maxName), of)
		if v.shows(append(users[bud], name)...) {
			s.Budgets = append(s.Budgets, stand(bud, now, kind+":"+of, "", name, users[bud]))
		}
	}
	for _, r := range rows {
		own(r.budget.Load(), "policy", r.name)
	}
	for _, h := range hedged {
		own(h.budget.Load(), "hedge", h.name)
	}
	slices.SortFunc(s.Budgets, need)
	s.Known = len(s.Budgets)
	s.empty, s.shut = troubled(s.Budgets)
	s.Budgets = v.first(s.Budgets)
	for _, name := range slices.Sorted(maps.Keys(transports)) {
		t := transport{Name: name, Hosts: []budget{}}
		for host, bud := range transports[name].Budgets() {
			t.Known++
			if host = visible(host, maxName); v.shows(host, name) {
				t.Hosts = append(t.Hosts, stand(bud, now, "transport:"+name, host, host, nil))
			}
		}
		slices.SortFunc(t.Hosts, need)
		empty, shut := troubled(t.Hosts)
		s.empty, s.shut = s.empty+empty, s.shut+shut
		t.Hosts = v.first(t.Hosts)
		s.Transports = append(s.Transports, t)
	}
	b.recent.Lock()
	if v.policy == "" {
		for _, g := range slices.Backward(b.recent.giveUps) {
			if v.shows(g.Policy) {
				s.GiveUps = append(s.GiveUps, g)
			}
		}
	}
	s.Uses = slices.AppendSeq(s.Uses, reversed(b.recent.uses))
	b.recent.Unlock()
	slices.SortStableFunc(s.Policies, func(a, b policy) int { return cmp.Compare(b.Recent, a.Recent) })
	s.Headline, s.Load = headline(all, s), load(all)
	return s
}

func reversed[T any](s []T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for _, v := range slices.Backward(s) {
			if !yield(v) {
				return
			}
		}
	}
}

// first returns as many budgets as the view has.
func (v view) first(all []budget) []budget {
	if v.most > 0 && len(all) > v.most {
		return all[:v.most]
	}
	return all
}

// troubled counts the budgets that are empty or shut.
func troubled(all []budget) (empty, shut int) {
	for _, b := range all {
		if b.Shut > 0 {
			shut++
		} else if b.Available == 0 {
			empty++
		}
	}
	return empty, shut
}

// need orders budgets: those that are shut first, then empty ones, then those that refused most.
func need(a, b budget) int {
	rank := func(x budget) int {
		switch {
		case x.Shut > 0:
			return 0
		case x.Available == 0:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Name, b.Name))
}

// stand says how a budget stands.
func stand(b *retry.Budget, now time.Time, target, host, name string, users []string) budget {
	s := b.State(now)
	x := budget{
		Target: target, Host: host, Name: name, Policies: users,
		Available: int(s.Earned) + int(s.Spare), Granted: b.Granted(), Refused: b.Refused(),
	}
	if !s.PausedUntil.IsZero() {
		x.Shut = seconds(s.PausedUntil.Sub(now))
	}
	if x.Available == 0 {
		every := b.Every
		if every <= 0 {
			every = time.Minute
		}
		x.Next = (1 - s.Spare) * seconds(every)
	}
	return x
}

// policy reads the counts of a row.
func (r *row) policy(now time.Time, more bool) policy {
	p := policy{Name: r.name, GaveUp: map[string]int64{}, Line: make([][2]int64, 0, shown), More: more}
	kinds := [...]*int64{&p.Attempts.Succeeded, &p.Attempts.Failed, &p.Attempts.Refused, &p.Attempts.Panicked}
	for o := range r.ended { // before begun: none of them has yet to begin
		for n := range r.ended[o] {
			v := r.ended[o][n].Load()
			*kinds[o] += v
			p.made[n] += v
			if probe.Outcome(o) == probe.Succeeded {
				p.By[n] = v
			}
		}
	}
	for _, n := range p.made {
		p.Attempts.All += n
	}
	p.InTry = r.begun.Load() - p.Attempts.All
	p.Calls, p.AtOnce, p.Saved = p.made[0], p.By[0], p.Attempts.Succeeded-p.By[0]
	for i, o := range outcomes {
		if n := r.over[i].Load(); n > 0 {
			p.GaveUp[o] = n
		}
	}
	var minute, ten totals
	all := r.history()
	for i, t := range all {
		p.Line = append(p.Line, [2]int64{t.calls, t.attempts})
		ten = totals{ten.calls + t.calls, ten.attempts + t.attempts, ten.gaveUp + t.gaveUp}
		if i >= len(all)-6 {
			minute = totals{minute.calls + t.calls, minute.attempts + t.attempts, 0}
		}
	}
	p.Minute, p.Ten, p.Recent = amplification(minute.calls, minute.attempts), amplification(ten.calls, ten.attempts), ten.gaveUp
	var next time.Duration
	p.Wait, next = r.waiting(now)
	p.Next = seconds(next)
	p.Words = words(&p)
	return p
}

// amplification is how many attempts there were for each call. Attempts without a new call count as those of one.
func amplification(calls, attempts int64) float64 {
	return float64(attempts) / float64(max(calls, 1))
}

// latest returns the give-ups, the latest first.
func (r *row) latest() []*giveUp {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.AppendSeq([]*giveUp{}, reversed(r.giveUps))
}
