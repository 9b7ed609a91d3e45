package retrynats

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
)

// Errors of this package, for errors.Is.
var (
	ErrArgument = errors.New("there is a call of this key with another argument")
	ErrNotFound = store.ErrNotFound // there is no call of the key, or no longer
	ErrTooLarge = store.ErrTooLarge // the argument or the result is too large to be stored
	ErrFull     = store.ErrFull     // new calls are refused, so that those that are there can end
	ErrUnknown  = store.ErrUnknown  // it isn't known whether a change was stored
	ErrCanceled = errors.New("the call was canceled")
	ErrCrashed  = errors.New("the attempt's process died or fell silent")
	ErrNewer    = record.ErrNewer // the call needs a newer version of this package
	ErrClosed   = store.ErrClosed // the engine is closed
	ErrState    = errors.New("not possible in this state of the call")
)

// errLost ends the context of an attempt whose call was taken over.
var errLost = errors.New("the call was taken over, since its worker was silent for longer than its lease")

// A Failure is a failed attempt as it was stored. As an error it has the text of the one that the attempt returned, without what may be
// secret in a URL: user info, query and fragment. errors.Is finds [ErrCrashed] in one that crashed, and retry.ErrTimeout in one that
// exceeded Policy.Timeout.
type Failure struct {
	Attempt int       // its number
	At      time.Time // when it ended
	Kind    string    // "error", "timeout", "panic" or "crashed"
	Text    string    // the first 2,000 bytes
}

// Error returns the text.
func (f *Failure) Error() string { return f.Text }

// Is makes errors.Is find the kind.
func (f *Failure) Is(target error) bool {
	switch f.Kind {
	case record.Crashed:
		return target == ErrCrashed
	case record.Timeout:
		return target == retry.ErrTimeout || target == context.DeadlineExceeded
	}
	return false
}

func failures(r *record.Record) []error {
	var errs []error
	for _, f := range r.Failures {
		errs = append(errs, &Failure{f.Attempt, f.At, f.Kind, f.Text})
	}
	return errs
}

// The reasons for which a call is dead, as they are stored.
const (
	stopped   = "stopped" // the failure isn't to be retried
	exhausted = "exhausted"
	late      = "late"
	budget    = "budget"
	invalid   = "invalid"
	crashed   = "crashed"
)

var reasons = map[string]error{exhausted: retry.ErrExhausted, late: retry.ErrTooLate, budget: retry.ErrBudget, invalid: retry.ErrInvalid, crashed: ErrCrashed}

// reason returns the word for why a call gave up.
func reason(err error) string {
	for word, is := range reasons {
		if errors.Is(err, is) {
			return word
		}
	}
	return stopped
}

// A gaveUp is the reason of an error that was stored: its text, and what it is.
type gaveUp struct {
	text string
	is   error
}

func (g *gaveUp) Error() string { return g.text }
func (g *gaveUp) Unwrap() error { return g.is }

// failed returns the error with which a call ended, which is what retry.Get would have returned. It is never retried by a call around
// it.
func failed(name string, r *record.Record) error {
	e := &retry.Error{Name: name, Attempts: r.Attempts, Elapsed: r.Ended.Sub(r.Started), Failures: failures(r)}
	if r.State == record.Canceled {
		e.Reason = ErrCanceled
		return e
	}
	is, ok := reasons[r.Reason]
	if ok {
		e.Reason = &gaveUp{r.Text, is}
		return e
	}
	kind := record.Error
	if n := len(r.Failures); n > 0 {
		kind = r.Failures[n-1].Kind
	}
	return retry.Stop(&Failure{r.Attempts, r.Ended, kind, r.Text})
}
