package retrysql

import (
	"errors"
	"sync/atomic"
)

var (
	// ErrUnknown says that COMMIT was sent and not answered, so that the transaction may have taken effect or not. Look before
	// the work is done again; or set Options.Outcome, and InTx does so.
	ErrUnknown = errors.New("outcome of COMMIT unknown")

	// ErrRolledBack says that the server had rolled back the transaction although the function returned nil. Usually the
	// function ignored the error of a statement. InTx makes the transaction again.
	ErrRolledBack = errors.New("transaction rolled back by the server")

	// ErrApplied says that the transaction named by Ledger.Key took effect in an earlier call. The function wasn't called.
	ErrApplied = errors.New("transaction already applied")
)

// An unknown is the failure of an attempt whose COMMIT was sent and not answered. It is an ErrUnknown until a later attempt finds out
// that the transaction didn't take effect, so that the error of the whole call doesn't claim what was settled.
type unknown struct {
	err     error        // of COMMIT
	ended   []error      // if the context was over: its cause and its Err
	asked   error        // why the database couldn't tell, or nil
	settled *atomic.Bool // shared by all that was said of this transaction
}

func (u *unknown) Error() string {
	if u.settled.Load() {
		return "COMMIT got no answer; the transaction didn't take effect: " + u.err.Error()
	}
	s := ErrUnknown.Error() + ": " + u.err.Error()
	if u.asked != nil {
		s += "; asked for it: " + u.asked.Error()
	}
	if u.ended != nil {
		s += " (" + u.ended[0].Error() + ")"
	}
	return s
}

func (u *unknown) Is(target error) bool { return target == ErrUnknown && !u.settled.Load() }

func (u *unknown) Unwrap() []error {
	errs := append([]error{u.err}, u.ended...)
	if u.asked != nil {
		errs = append(errs, u.asked)
	}
	return errs
}
