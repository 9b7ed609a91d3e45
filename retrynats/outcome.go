package retrynats

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/redact"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go/jetstream"
)

// conclude stores what came of an attempt. Then the next one is woken, and then the tick is settled: whatever is missing when the
// process dies in between is found by the next one.
func (e *Engine) conclude(f *function, m jetstream.Msg, r *record.Record, rev uint64, res json.RawMessage, failure error) (then func() step) {
	n := *r
	now := time.Now()
	n.Worker, n.Crashes = "", retry.Position{}
	var wait time.Duration
	var end error
	if failure == nil {
		n.State, n.Ended, n.Result = record.Done, now, res
	} else {
		wait, end = decide(f, &n, now, failure)
	}
	taken := n.State == record.Waiting && f.policy.Budget != nil
	seq, err := e.store.Change(e.life, &n, rev, e.keep(&n))
	if err != nil && !errors.Is(err, store.ErrConflict) && e.life.Err() == nil {
		// The server won't have it because of its size: that is an outcome, too.
		n.State, n.Ended, n.Reason, n.Text, n.Result, n.Failures = record.Dead, now, stopped, record.Clip(redact.String(fmt.Sprintf("%v: %v", ErrTooLarge, err))), nil, nil
		n.Position = r.Position // which may be what is too large, by what Decide counts
		n.Fail(now, record.Error, n.Text)
		end = failed(f.policy.Name, &n)
		seq, err = e.store.Change(e.life, &n, rev, e.keep(&n))
	}
	if taken && (err != nil || n.State != record.Waiting) {
		f.policy.Budget.Return()
	}
	switch {
	case errors.Is(err, store.ErrConflict):
		e.set.Log.Warn("retrynats: an outcome came too late: the call was canceled or taken over", "function", f.name, "attempt", r.Attempts)
		return func() step { return look }
	case err != nil:
		return func() step { return over }
	case n.State == record.Waiting:
		return func() step {
			e.rewake(m, &n, seq, 0)
			e.retrying(f, &n, wait, failure)
			return over
		}
	}
	return func() step {
		m.Ack()
		if failure == nil && f.policy.Budget != nil {
			f.policy.Budget.Earn()
		}
		e.ended(f, &n, end)
		return over
	}
}

// decide asks the policy what follows a failure, and writes it into the record. It returns the delay, or the error with which the call
// ends. What the policy and the failure's methods do doesn't harm others.
func decide(f *function, n *record.Record, now time.Time, failure error) (wait time.Duration, end error) {
	m := *n
	broke := guard(func() { wait, end = judge(f, &m, now, failure) })
	if broke == "" {
		*n = m
		return wait, end
	}
	n.Fail(now, record.Panic, "the policy, or a method of the failure: "+broke)
	n.State, n.Ended, n.Reason, n.Text = record.Dead, now, stopped, n.Failures[len(n.Failures)-1].Text
	return 0, failed(f.policy.Name, n)
}

func judge(f *function, n *record.Record, now time.Time, failure error) (wait time.Duration, end error) {
	kind, text := describe(failure)
	n.Fail(now, kind, text)
	at, wait, end, ok := next(f.policy, n.Position, now, failure)
	n.Position = at
	if end == nil {
		n.State, n.Due, n.Waited = record.Waiting, now.Add(wait), n.Waited+wait
		return wait, nil
	}
	n.State, n.Ended = record.Dead, now
	if e, gaveUp := errtree.AsType[*retry.Error](end); ok && gaveUp && !inside(failure, e) {
		n.Reason, n.Text = reason(e.Reason), record.Clip(redact.String(e.Reason.Error()))
		return 0, failed(f.policy.Name, n)
	}
	_, text = describe(end)
	n.Reason, n.Text = stopped, record.Clip(text)
	return 0, end
}

// next is Policy.Next, whose RetryIf and Decide may panic: that ends the call.
func next(p retry.Policy, at retry.Position, now time.Time, failure error) (pos retry.Position, wait time.Duration, end error, ok bool) {
	defer func() {
		if v := recover(); v != nil {
			pos, wait, end, ok = at, 0, fmt.Errorf("the policy panicked: %v (after %w)", v, failure), false
		}
	}()
	pos, wait, end = p.Next(at, now, failure)
	return pos, wait, end, true
}

// inside reports whether e is the error of an inner call, which the failure brought with it.
func inside(failure error, e *retry.Error) bool {
	inner, ok := errtree.AsType[*retry.Error](failure)
	return ok && inner == e
}

// describe returns the kind and the text of a failure, whose methods are not ours. The text is stored, and read by whoever may read the
// directory or the stream, long after: what may be secret in it isn't.
func describe(failure error) (kind, text string) {
	defer func() {
		if v := recover(); v != nil {
			kind, text = record.Error, redact.String(fmt.Sprintf("%T, whose text can't be had: panic: %v", failure, v))
		}
	}()
	if p, ok := errtree.AsType[*panicked](failure); ok {
		return record.Panic, p.Error() // redacted already, but for the stack
	}
	kind = record.Error
	if errtree.Is(failure, retry.ErrTimeout) {
		kind = record.Timeout
	}
	return kind, redact.String(failure.Error())
}

// crash asks Settings.Crashes what follows a crash.
func (e *Engine) crash(f *function, r, n *record.Record, now time.Time) (wait time.Duration, end error) {
	p := e.set.Crashes
	p.Within = f.policy.Within // which is the whole call's
	at := r.Crashes
	if at.Attempts == 0 {
		began := retry.Position{}
		if p.Within > 0 {
			began.Began = r.Position.Began
		}
		at, _, _ = p.Next(began, now, nil)
	}
	if broke := guard(func() { n.Crashes, wait, end = p.Next(at, now, ErrCrashed) }); broke != "" {
		n.Crashes, end = at, errors.New("the policy of Crashes: "+broke)
	}
	return wait, end
}

// keep returns how long a record is kept; 0 is for ever.
func (e *Engine) keep(r *record.Record) time.Duration {
	switch r.State {
	case record.Done, record.Canceled:
		return e.set.KeepResults
	case record.Dead:
		return e.set.KeepDead
	}
	return 0
}
