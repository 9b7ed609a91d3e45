package retrynats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/redact"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go/jetstream"
)

// An Attempt says which attempt of which call a context belongs to.
type Attempt struct {
	Function string
	Key      string    // of the call: the same for all its attempts, so it serves as an idempotency key
	Number   int       // from 1; it counts attempts that crashed, and goes on counting after Again
	Due      time.Time // when the attempt was due
	Crashes  int       // how often the call has crashed since an attempt last came to an end
}

type attemptKey struct{}

// Current returns the attempt that ctx, or a context that it was derived from, was given to by an [Engine], and whether there is one.
func Current(ctx context.Context) (Attempt, bool) {
	a, ok := ctx.Value(attemptKey{}).(Attempt)
	return a, ok
}

// attempt makes an attempt that was claimed, and stores what came of it. It returns what is to be done then.
func (e *Engine) attempt(ctx context.Context, f *function, m jetstream.Msg, r *record.Record, rev uint64) (then func() step) {
	res, failure := run(ctx, f, r.Argument)
	switch cause := context.Cause(ctx); {
	case cause == ErrCanceled, cause == errLost:
		return func() step { return look }
	case cause != nil && failure != nil:
		return e.leave(m, r, rev)
	}
	return e.conclude(f, m, r, rev, res, failure)
}

// run makes one attempt.
func run(ctx context.Context, f *function, argument json.RawMessage) (res json.RawMessage, failure error) {
	if broke := guard(func() {
		// One attempt of the core, for what Timeout and Around mean there. It returns the failure as it is.
		once := retry.Policy{Name: f.policy.Name, Timeout: f.policy.Timeout, Around: f.policy.Around, Decide: func(d *retry.Decision) { d.Retry = false }}
		res, failure = retry.Get(ctx, once, func(ctx context.Context) (json.RawMessage, error) { return f.run(ctx, argument) })
	}); broke != "" {
		return nil, retry.Stop(&panicked{broke})
	}
	return res, failure
}

// guard calls f, which isn't ours, in a goroutine of its own, so that a panic or Goexit is an outcome like others. It says how f ended, if
// it didn't return.
func guard(f func()) (broke string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		broke = "the function ended its goroutine by runtime.Goexit"
		defer func() {
			if p := recover(); p != nil {
				stack := debug.Stack()
				broke = fmt.Sprintf("panic with a %T, whose text can't be had\n\n%s", p, stack) // which may panic or end the goroutine, too
				broke = fmt.Sprintf("panic: %s\n\n%s", redact.String(fmt.Sprint(p)), stack)
			}
		}()
		f()
		broke = ""
	}()
	<-done
	return broke
}

type panicked struct{ text string }

func (p *panicked) Error() string { return p.text }

// leave gives a call whose attempt was ended by Close to the next process, without counting a failure.
func (e *Engine) leave(m jetstream.Msg, r *record.Record, rev uint64) (then func() step) {
	n := *r
	n.State, n.Worker, n.Due = record.Waiting, "", time.Now()
	rev, err := e.store.Change(e.life, &n, rev, 0)
	return func() step {
		switch {
		case errors.Is(err, store.ErrConflict):
			return look
		case err != nil:
			return over
		}
		return e.rewake(m, &n, rev, 0)
	}
}
