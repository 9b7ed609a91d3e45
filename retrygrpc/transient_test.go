package retrygrpc

import (
	"errors"
	"fmt"
	"testing"
)

// An itself is an error that wraps itself, so that package errors never returns.
type itself struct{}

func (e *itself) Error() string { return "itself" }
func (e *itself) Unwrap() error { return e }

func TestAnErrorWithoutEndIsNotTransient(t *testing.T) {
	for _, err := range []error{new(itself), fmt.Errorf("%w", new(itself)), errors.Join(errors.New("no"), new(itself))} {
		if Transient(err) {
			t.Errorf("%T is to be retried", err)
		}
	}
}
