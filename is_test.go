package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
)

// An error that wraps itself is a failure like any other: whoever looks into it ends.
func TestAnErrorThatWrapsItselfEndsTheCall(t *testing.T) {
	var joined error
	for i := range 2000 {
		joined = errors.Join(joined, fmt.Errorf("failure %d", i))
	}
	for _, failure := range []error{new(errtreetest.Itself), new(errtreetest.Tree), joined} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			policy := retry.Policy{RetryIf: retry.On(io.EOF, failure), Observe: func(_ context.Context, e retry.Event) { e.Outcome() }}
			fails := func(context.Context) (int, error) { return 0, failure }
			_, err := retry.Get(ctx, policy, fails)
			var gaveUp *retry.Error
			if !errors.As(err, &gaveUp) || gaveUp.Attempts != 4 || gaveUp.Timeout() {
				t.Errorf("%T: %v", failure, err)
			}
			hedged := retry.Hedge(retry.HedgeSettings{AtOnce: true, Unlimited: true}, fails)
			if _, err := hedged(ctx); err != failure {
				t.Errorf("%T, hedged: %v", failure, err)
			}
			ended, end := context.WithCancelCause(ctx)
			policy.RetryIf = func(error) bool { end(failure); return false }
			if _, err := retry.Get(ended, policy, fails); !errors.As(err, &gaveUp) && err != failure {
				t.Errorf("%T, canceled: %v", failure, err)
			}
		})
	}
}
