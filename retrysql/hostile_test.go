package retrysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/errtree/errtreetest"
)

// A broken error panics when it's asked for its text.
type broken struct{ text string }

func (e *broken) Error() string { return e.text }

// An error without end isn't retried, and one whose code panics is like any other that isn't known.
func TestErrorsOfAnyShapeAreJudged(t *testing.T) {
	for _, err := range []error{
		new(errtreetest.Itself), new(errtreetest.Tree), fmt.Errorf("%w", new(errtreetest.Itself)), errors.Join(io.EOF, new(errtreetest.Tree)),
		(*broken)(nil), errors.Join(errors.New("no"), (*broken)(nil)),
	} {
		if Transient(err) || Refused(err) {
			t.Errorf("%T is to be retried", err)
		}
		if rolledBack(err) {
			t.Errorf("%T proves that nothing took effect", err)
		}
	}
	if !Transient(errors.Join((*broken)(nil), io.EOF)) {
		t.Error("a lost connection isn't seen beside an error that panics")
	}
}

// A brokenTx is one whose queries, COMMIT and ROLLBACK fail with an error.
type brokenTx struct{ err error }

func (tx brokenTx) Exec(context.Context, string) error            { return nil }
func (tx brokenTx) Query(context.Context, string) (string, error) { return "", tx.err }
func (tx brokenTx) Commit(context.Context) error                  { return tx.err }
func (tx brokenTx) Rollback(context.Context) error                { return tx.err }

// What a driver says of COMMIT and ROLLBACK may be an error without end as well.
func TestErrorsWithoutEndEndTheTransaction(t *testing.T) {
	errNo := errors.New("no")
	for _, endless := range []error{new(errtreetest.Itself), new(errtreetest.Tree)} {
		begin := func(context.Context) (Tx, error) { return brokenTx{endless}, nil }
		err := Run(t.Context(), retry.Policy{}, nil, begin, func(context.Context, Tx) error { return nil })
		if !errtree.Is(err, ErrUnknown) {
			t.Errorf("COMMIT: %T", err)
		}
		err = Run(t.Context(), retry.Policy{}, nil, begin, func(context.Context, Tx) error { return errNo })
		if err != errNo {
			t.Errorf("ROLLBACK: %T", err)
		}
		err = Run(t.Context(), retry.Policy{Attempts: 2, Backoff: retry.Constant(0)}, &Options{Outcome: Ledger{}}, begin, func(context.Context, Tx) error { return nil })
		if !errtree.Is(err, ErrUnknown) {
			t.Errorf("COMMIT, and what became of it: %T", err)
		}
	}
}
