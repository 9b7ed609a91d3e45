package retryconnect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
)

func TestAnErrorWithoutEndIsNotTransient(t *testing.T) {
	for _, err := range []error{new(errtreetest.Itself), fmt.Errorf("%w", new(errtreetest.Itself)), errors.Join(errors.New("no"), new(errtreetest.Itself))} {
		if Transient(err) {
			t.Errorf("%T is to be retried", err)
		}
	}
}

// It is the caller's as it is, and so is one that connect-go has given a code.
func TestAnErrorWithoutEndEndsTheCall(t *testing.T) {
	i := NewInterceptor(retry.Policy{}).(*interceptor)
	for _, end := range []error{new(errtreetest.Itself), new(errtreetest.Tree)} {
		if err := noMultiple(end); err != end {
			t.Errorf("of a handler: %v", err)
		}
		for _, failure := range []error{end, connect.NewError(connect.CodeCanceled, end)} {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(end)
			c, _ := i.newCall(t.Context(), connect.Spec{}, connect.Peer{})
			if err := c.end(c.failed(ctx, http.Header{}, failure)); err != failure && !errors.Is(err, ErrUnknown) {
				t.Errorf("%T", err)
			}
			c.ctx = ctx
			if err := c.end(&retry.Error{Reason: end, Failures: []error{failure}}); connect.CodeOf(err) != connect.CodeInternal && connect.CodeOf(err) != connect.CodeCanceled {
				t.Errorf("%T", err)
			}
		}
	}
}
