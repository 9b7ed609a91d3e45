package retrynats

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/redact"
	"github.com/callagain/retry/retrynats/internal/record"
)

// retrying tells the observer that an attempt failed and another one follows.
func (e *Engine) retrying(f *function, r *record.Record, wait time.Duration, failure error) {
	e.observe(f, r, retry.Event{Retry: true, Delay: wait, Err: failure})
}

// ended tells the observer that the call has ended, with err unless it succeeded.
func (e *Engine) ended(f *function, r *record.Record, err error) {
	v := retry.Event{Err: err}
	if g, ok := err.(*retry.Error); ok && (r.State == record.Canceled || r.Reason != stopped) {
		v.Reason = g.Reason
	}
	e.observe(f, r, v)
}

// observe is called when what it tells is stored. The process may die in between: then nobody is told.
func (e *Engine) observe(f *function, r *record.Record, v retry.Event) {
	if f.policy.Observe == nil {
		return
	}
	h := fnv.New64a()
	h.Write([]byte(record.ID(r.Function, r.Key)))
	v.Name, v.Call, v.Began, v.Attempt, v.Waited, v.Elapsed = f.policy.Name, h.Sum64(), r.Started, r.Attempts, r.Waited, time.Since(r.Started)
	defer func() {
		if p := recover(); p != nil {
			e.set.Log.Error("retrynats: Policy.Observe panicked", "panic", redact.String(fmt.Sprint(p)), "stack", string(debug.Stack()))
		}
	}()
	ctx := context.WithValue(e.attempts, attemptKey{}, Attempt{f.name, r.Key, r.Attempts, r.Due, r.Crashes.Attempts})
	f.policy.Observe(ctx, v)
}
