package retrydebug

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/probe"
)

// A row is what is known of the policies of one name. It is their probe.
type row struct {
	tracker
	budget atomic.Pointer[retry.Budget]

	begun atomic.Int64                              // attempts
	ended [probe.Panicked + 1][numbers]atomic.Int64 // attempts, by how and by their number
	over  [len(outcomes)]atomic.Int64               // calls that didn't succeed, by outcome
	now   atomic.Int64                              // the current slot
	timed atomic.Bool                               // a timer will end the current slot

	past [slots]totals // with tracker.mu held
}

func newRow(l *ledger, name string) *row {
	return &row{tracker: tracker{ledger: l, name: name, calls: map[uint64]*retrying{}}}
}

// outcomes are the ends of calls that aren't successes, as retry.Event.Outcome has them. Those from gaveUp on are what the page
// calls giving up.
var outcomes = [...]string{"canceled", "stopped", "exhausted", "late", "budget", "invalid", "panicked"}

const gaveUp = 2

// Begin says that an attempt begins.
func (r *row) Begin(ctx context.Context, _ int) (context.Context, any) {
	r.begun.Add(1)
	return ctx, nil
}

// End counts an attempt. It reads no clock: a timer ends the slot.
func (r *row) End(_ any, o probe.Outcome, attempt int, _ error) {
	if !r.timed.Load() {
		r.time()
	}
	r.ended[o][min(max(attempt, 1), numbers)-1].Add(1)
}

// Event tells of a retry or of an end.
func (r *row) Event(event any) {
	e := event.(retry.Event)
	if e.Retry {
		r.retry(e)
		return
	}
	outcome := outcomeOf(e)
	for i, o := range outcomes {
		if o == outcome {
			r.roll()
			r.over[i].Add(1)
		}
	}
	r.end(e, outcome)
}

// outcomeOf is e.Outcome, which asks errors that aren't ours.
func outcomeOf(e retry.Event) (outcome string) {
	defer func() {
		if recover() != nil {
			outcome = "canceled" // the caller's cause is the only foreign reason
		}
	}()
	return e.Outcome()
}

// Ten minutes are kept in slots of ten seconds.
const (
	slot  = 10 * time.Second
	slots = 64
	shown = 60
)

// totals are counts since the row was made.
type totals struct{ calls, attempts, gaveUp int64 }

func (t totals) less(u totals) totals {
	return totals{t.calls - u.calls, t.attempts - u.attempts, t.gaveUp - u.gaveUp}
}

func (r *row) totals() (t totals) {
	for o := range r.ended {
		for n := range r.ended[o] {
			v := r.ended[o][n].Load()
			t.attempts += v
			if n == 0 {
				t.calls += v
			}
		}
	}
	for i := gaveUp; i < len(outcomes); i++ {
		t.gaveUp += r.over[i].Load()
	}
	return t
}

// roll begins a new slot when it is time. What is counted afterwards belongs to it.
func (r *row) roll() {
	if now := int64(time.Since(r.start) / slot); now > r.now.Load() {
		r.begin(now)
	}
}

// time has the current slot ended in time. There is no timer while nothing happens.
func (r *row) time() {
	if r.timed.Swap(true) {
		return
	}
	r.roll()
	time.AfterFunc(slot-time.Since(r.start)%slot, func() {
		r.timed.Store(false)
		r.roll()
	})
}

func (r *row) begin(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.now.Load()
	if now <= last {
		return
	}
	t := r.totals()
	for i := max(last+1, now-slots+1); i <= now; i++ { // nothing has happened in those between
		r.past[i%slots] = t
	}
	r.now.Store(now)
}

// history returns what happened in each of the last shown slots, the current one last.
func (r *row) history() []totals {
	r.roll()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now.Load()
	at := func(i int64) totals {
		if i <= 0 {
			return totals{}
		}
		return r.past[i%slots]
	}
	all := make([]totals, 0, shown)
	for i := now - shown + 1; i < now; i++ {
		all = append(all, at(i+1).less(at(i)))
	}
	return append(all, r.totals().less(at(now)))
}
