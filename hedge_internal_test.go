package retry

import (
	"context"
	"testing"
	"time"
)

// In a program whose first numbered context is a hedge's, its number is found.
func TestHedgedAttemptIsTheFirstWithANumber(t *testing.T) {
	numberedYet.Store(false)
	f := Hedge(HedgeSettings{Delay: time.Millisecond}, func(ctx context.Context) (int, error) {
		if Attempt(ctx) == 1 {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return Get(ctx, Policy{}, func(ctx context.Context) (int, error) { return Attempt(ctx), nil })
	})
	if n, err := f(t.Context()); n != 1 || err != nil {
		t.Errorf("a call in the second hedged attempt has the number %d, and %v; want its own, 1", n, err)
	}
}
