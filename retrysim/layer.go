package retrysim

import (
	"errors"
	"time"

	"github.com/callagain/retry"
)

// A layer is a policy and where its calls are. The inner policy's calls are made of attempts; the attempts of each outer one
// are calls of the next one below.
type layer struct {
	policy    retry.Policy
	budgets   []retry.Budget // one, or one for each client
	foreign   *foreign
	positions pages[retry.Position]
	number    int
	asks      bool // functions of the user's
}

func newLayer(e *engine, number int, p retry.Policy) layer {
	l := layer{policy: p, budgets: e.budget(p.Budget), number: number}
	x, _ := p.Backoff.(retry.Exponential)
	l.asks = p.RetryIf != nil || p.Decide != nil || x.Grow != nil || !builtin(p.Backoff)
	if !builtin(p.Backoff) {
		l.foreign = &foreign{backoff: p.Backoff, pulls: map[uint32]steps{}}
	}
	return l
}

func (l *layer) budget(client uint32) *retry.Budget {
	if len(l.budgets) == 1 {
		return &l.budgets[0]
	}
	return &l.budgets[client]
}

// next asks the policy what follows at the time now: a wait, or the end of the call.
func (l *layer) next(e *engine, index uint32, now int64, failure error) (time.Duration, error) {
	at := l.positions.at(index)
	if l.budgets != nil {
		l.policy.Budget = l.budget(e.calls.at(index).client)
	}
	if l.asks {
		e.watch.enter(l.number)
	}
	if l.foreign != nil {
		l.policy.Backoff = l.foreign.at(index, at.Delays)
	}
	before := at.Delays
	next, wait, end := l.policy.Next(*at, epoch.Add(time.Duration(now)), failure)
	if l.asks {
		e.watch.leave()
	}
	*at = next
	if l.foreign != nil && end == nil && next.Delays <= before {
		e.fatal = errors.New("retrysim: retry.Progress with a Backoff that isn't of package retry can't be simulated")
	}
	return wait, end
}

func (l *layer) earn(client uint32) {
	if l.budgets != nil {
		l.budget(client).Earn()
	}
}

// began returns when the call began.
func (l *layer) began(index uint32) int64 { return int64(l.positions.at(index).Began.Sub(epoch)) }
