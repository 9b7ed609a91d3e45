package retrysql

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// An itself is an error that wraps itself, so that package errors never returns.
type itself struct{}

func (e *itself) Error() string { return "itself" }
func (e *itself) Unwrap() error { return e }

// A tree is one that wraps itself twice.
type tree struct{}

func (e *tree) Error() string   { return "tree" }
func (e *tree) Unwrap() []error { return []error{e, e} }

// A broken error panics when it's asked for its text.
type broken struct{ text string }

func (e *broken) Error() string { return e.text }

// An error without end isn't retried, and one whose code panics is like any other that isn't known.
func TestErrorsOfAnyShapeAreJudged(t *testing.T) {
	for _, err := range []error{
		new(itself), new(tree), fmt.Errorf("%w", new(itself)), errors.Join(io.EOF, new(tree)),
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
