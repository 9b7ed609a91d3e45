package retry_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// What a body may do, and what comes of it. The first trap of a loop that sets an error variable was that `v, err := fetch(ctx)`
// declares another one, so that a failed attempt counted as a success. Here the failure is passed as a value.
//
//retryvet:ignore these are the mistakes
func TestLoopCannotBeHeldWrongSilently(t *testing.T) {
	type fetch func(context.Context) (int, error)
	for _, tt := range []struct {
		name   string
		fails  int
		body   func(*retry.Loop, context.Context, retry.Policy, fetch) error
		events string
		err    error // nil, errFlaky as it is, or what errors.Is finds
	}{
		{"shadowed_error", 1, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			var err error
			for ctx := range l.Attempts(ctx, p) {
				_, err := f(ctx)
				l.Done(err)
			}
			_ = err
			return l.Err()
		}, "retrying succeeded", nil},
		{"all_fail", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				_, err := f(ctx)
				l.Done(err)
			}
			return l.Err()
		}, "retrying retrying exhausted", retry.ErrExhausted},
		{"forgot_done", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				f(ctx)
			}
			return l.Err()
		}, "invalid", retry.ErrInvalid},
		{"continue_without_done", 1, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				if _, err := f(ctx); err != nil {
					continue
				}
				l.Done(nil)
			}
			return l.Err()
		}, "invalid", retry.ErrInvalid},
		{"break_after_done", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				_, err := f(ctx)
				l.Done(err)
				break
			}
			return l.Err()
		}, "stopped", errFlaky},
		{"break_after_success", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				_, err := f(ctx)
				l.Done(err)
				break
			}
			return l.Err()
		}, "succeeded", nil},
		{"break_without_done", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for range l.Attempts(ctx, p) {
				break
			}
			return l.Err()
		}, "invalid", retry.ErrInvalid},
		{"break_without_done_later", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				if retry.Attempt(ctx) == 2 {
					break
				}
				_, err := f(ctx)
				l.Done(err)
			}
			return l.Err()
		}, "retrying invalid", retry.ErrInvalid},
		{"return_if_done", 1, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				if _, err := f(ctx); l.Done(err) {
					return nil
				}
			}
			return l.Err()
		}, "retrying succeeded", nil},
		{"deliberate_nil", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				f(ctx)
				l.Done(nil)
			}
			return l.Err()
		}, "succeeded", nil},
		{"told_twice", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			for ctx := range l.Attempts(ctx, p) {
				l.Done(errFlaky)
				_, err := f(ctx)
				l.Done(err) // the last one counts
			}
			return l.Err()
		}, "succeeded", nil},
		{"recovered_panic", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			func() {
				defer func() { recover() }()
				for range l.Attempts(ctx, p) {
					panic("boom")
				}
			}()
			return l.Err()
		}, "panicked", retry.ErrInvalid},
		{"never_ranged_over", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			l.Attempts(ctx, p)
			return l.Err()
		}, "", retry.ErrInvalid},
		{"used_again", 1, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			seq := l.Attempts(ctx, p)
			for range 2 { // each range is a call of its own
				for ctx := range seq {
					_, err := f(ctx)
					l.Done(err)
				}
			}
			return l.Err()
		}, "retrying succeeded succeeded", nil},
		{"around_refuses", 0, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			p.Around = func(context.Context, func(context.Context) error) error { return retry.Stop(errFlaky) }
			for range l.Attempts(ctx, p) {
				l.Done(nil)
			}
			return l.Err()
		}, "stopped", errFlaky},
		{"around_and_left", 9, func(l *retry.Loop, ctx context.Context, p retry.Policy, f fetch) error {
			p.Around = func(ctx context.Context, attempt func(context.Context) error) error {
				return errors.Join(attempt(ctx), errors.New("more"))
			}
			for ctx := range l.Attempts(ctx, p) {
				_, err := f(ctx)
				l.Done(err)
				break
			}
			return l.Err()
		}, "stopped", errFlaky},
	} {
		for _, observed := range []bool{true, false} { // without Observe the first attempt goes another way
			name := tt.name
			if !observed {
				name += "_unobserved"
			}
			t.Run(name, func(t *testing.T) {
				var events []string
				p := retry.Policy{Backoff: retry.Constant(0), Attempts: 3, Budget: new(retry.Budget)}
				if observed {
					p.Observe = func(_ context.Context, e retry.Event) { events = append(events, e.Outcome()) }
				}
				n := 0
				err := tt.body(new(retry.Loop), t.Context(), p, func(context.Context) (int, error) {
					if n++; n <= tt.fails {
						return 0, errFlaky
					}
					return 42, nil
				})
				if got := strings.Join(events, " "); observed && got != tt.events {
					t.Errorf("it told %q, want %q", got, tt.events)
				}
				if tt.err == errFlaky && !errors.Is(err, errFlaky) || (tt.err == nil) != (err == nil) || !errors.Is(err, tt.err) {
					t.Errorf("the call ended with %v, want %v", err, tt.err)
				}
				if _, gaveUp := errors.AsType[*retry.Error](err); gaveUp && tt.err == errFlaky {
					t.Errorf("the call ended with %v, want the failure as it is", err)
				}
			})
		}
	}
}

//retryvet:ignore this is the mistake
func TestLoopInsideOfItselfPanics(t *testing.T) {
	defer func() {
		if s, _ := recover().(string); !strings.Contains(s, "use one Loop for each call") {
			t.Errorf("it panicked with %q", s)
		}
	}()
	var loop retry.Loop
	for ctx := range loop.Attempts(t.Context(), retry.Policy{}) {
		for range loop.Attempts(ctx, retry.Policy{}) {
		}
	}
}

//retryvet:ignore one of the loops tells nothing
func TestLeavingALoopEarnsForASuccessOnly(t *testing.T) {
	for _, failure := range []error{nil, errFlaky} {
		for _, p := range []retry.Policy{{}, {Timeout: time.Hour}} {
			p.Budget = &retry.Budget{Ratio: 1}
			var loop retry.Loop
			for range loop.Attempts(t.Context(), p) {
				loop.Done(failure)
				break
			}
			if earned := p.Budget.Available() > 3; earned != (failure == nil) {
				t.Errorf("leaving with %v left %v", failure, p.Budget)
			}
			p.Budget = &retry.Budget{Ratio: 1}
			for range loop.Attempts(t.Context(), p) { // tells nothing
			}
			if p.Budget.Available() > 3 {
				t.Errorf("an attempt of which nothing was told earned: %v", p.Budget)
			}
		}
	}
}
