package retry_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func TestErrorIsOneLineWithTheFirstFailureFirst(t *testing.T) {
	for _, tt := range []struct {
		err  retry.Error
		want string
	}{
		{
			retry.Error{Name: "s3", Reason: retry.ErrExhausted, Attempts: 4, Elapsed: 812 * time.Millisecond, Failures: []error{errFlaky, io.ErrNoProgress, io.EOF}},
			`connection refused (retry "s3": gave up after 4 attempts in 812ms: attempts used up; last: EOF)`,
		},
		{
			retry.Error{Reason: retry.ErrBudget, Attempts: 1, Failures: []error{errFlaky}},
			`connection refused (retry: gave up after 1 attempt: retry budget exhausted)`,
		},
		{
			retry.Error{Reason: context.Canceled, Attempts: 3, Elapsed: 90*time.Minute + 12*time.Millisecond, Failures: []error{errFlaky, context.Canceled}},
			`connection refused (retry: gave up after 3 attempts in 1h30m: context canceled)`,
		},
		{
			retry.Error{Name: "a \"b\"", Reason: context.DeadlineExceeded},
			`retry "a \"b\"": no attempt made: context deadline exceeded`,
		},
		{
			retry.Error{Reason: retry.ErrExhausted, Attempts: 2, Elapsed: 1234567 * time.Microsecond, Failures: []error{errors.Join(io.EOF, errFlaky), errors.New("a\r\nb")}},
			`EOF; connection refused (retry: gave up after 2 attempts in 1.23s: attempts used up; last: a; b)`,
		},
		{retry.Error{}, `retry: no attempt made: no reason given`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if errors.Is(new(retry.Error), io.EOF) {
		t.Error("an empty Error is EOF")
	}
}

// What a timed-out attempt failed with says both what f said and why it did.
func TestTimeoutsText(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		err := call(t.Context(), retry.Policy{Backoff: retry.List{0}, Timeout: 2 * time.Second}, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if want := "context deadline exceeded (attempt timed out after 2s) (retry: gave up after 1 attempt in 2s: attempts used up)"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	})
}

func TestTooLateSaysWhatWouldNotFit(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		err := call(t.Context(), retry.Policy{Backoff: retry.List{0, time.Hour}, Within: time.Minute}, func(context.Context) error { return errFlaky })
		if want := "connection refused (retry: gave up after 1 attempt: no time left: the next delay is 1h, with 1m left)"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	})
}
