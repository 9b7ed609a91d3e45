package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The clock of a synctest bubble is years behind the program's own.
func TestWithinInABubble(t *testing.T) {
	for _, within := range []time.Duration{3 * time.Second, 1<<63 - 1} {
		synctest.Test(t, func(t *testing.T) {
			made := 0
			err := Do(t.Context(), Policy{Within: within, Backoff: List{0, time.Second, time.Second, time.Second}}, func(context.Context) error {
				made++
				return errDown
			})
			want, reason := 4, ErrExhausted
			if within < time.Minute {
				want, reason = 3, ErrTooLate
			}
			if made != want || !errors.Is(err, reason) {
				t.Errorf("Within %v: %d attempts and %v; want %d and %v", within, made, err, want, reason)
			}
		})
	}
}
