package retrysql

import (
	"errors"
	"fmt"
	"io"
	"testing"

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
