package retrygrpc

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callagain/retry/internal/errtree/errtreetest"
)

func TestAnErrorWithoutEndIsNotTransient(t *testing.T) {
	for _, err := range []error{new(errtreetest.Itself), fmt.Errorf("%w", new(errtreetest.Itself)), errors.Join(errors.New("no"), new(errtreetest.Itself))} {
		if Transient(err) {
			t.Errorf("%T is to be retried", err)
		}
	}
}
