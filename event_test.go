package retry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Rule 14.

func TestHooksMeanOneThingEach(t *testing.T) {
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	shut := retry.NewBudget(retry.BudgetSettings{})
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		policy retry.Policy
		fails  int
		want   string
	}{
		{"success_at_once", nil, retry.Policy{}, 0, "succeeded(1)"},
		{"success_after_two", nil, retry.Policy{Backoff: exact}, 2, "retrying(1, 10ms) retrying(2, 20ms) succeeded(3)"},
		{"attempts_used_up", nil, retry.Policy{Backoff: retry.List{0, time.Second, 0}}, 9, "retrying(1, 1s) retrying(2, 0s) gave up(3: attempts used up)"},
		{"no_attempt", nil, retry.Policy{Backoff: retry.List{}}, 9, "gave up(0: attempts used up)"},
		{"dead_context", dead, retry.Policy{}, 9, "gave up(0: context canceled)"},
		{"unusable", nil, retry.Policy{Within: -1}, 9, "gave up(0: unusable policy)"},
		{"stopped", nil, retry.Policy{Test: retry.On(io.EOF)}, 9, "gave up(1: connection refused)"},
		{"budget_refused", nil, retry.Policy{Budget: shut}, 9, "gave up(1: retry budget used up)"},
		{"too_late", nil, retry.Policy{Backoff: retry.List{0, time.Hour}, Within: time.Minute}, 9, "gave up(1: no time left)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				ctx := tt.ctx
				if ctx == nil {
					ctx = t.Context()
				}
				shut.Shut(time.Hour)
				var got []string
				var end error
				p := tt.policy
				p.Name = "s3"
				p.Observe = func(seen context.Context, e retry.Event) {
					if seen != ctx || e.Name != "s3" {
						t.Errorf("told of %q with the context %v", e.Name, seen)
					}
					s := fmt.Sprintf("%v(%d", e.Kind, e.Attempt)
					switch e.Kind {
					case retry.Retrying:
						s += ", " + e.Delay.String()
						if !errors.Is(e.Err, errFlaky) {
							t.Errorf("the failure is %v", e.Err)
						}
					case retry.GaveUp:
						end = e.Err
						reason := e.Err
						if x, ok := errors.AsType[*retry.Error](e.Err); ok {
							reason = x.Reason
							if x.Elapsed != e.Elapsed || x.Attempts != e.Attempt {
								t.Errorf("the event %+v doesn't fit the error %+v", e, x)
							}
						}
						first, _, _ := strings.Cut(reason.Error(), ":")
						s += ": " + first
					}
					got = append(got, s+")")
				}
				n := 0
				err := call(ctx, p, func(context.Context) error {
					if n++; n > tt.fails {
						return nil
					}
					return errFlaky
				})
				if s := strings.Join(got, " "); s != tt.want {
					t.Errorf("it told %q, want %q", s, tt.want)
				}
				if end != err {
					t.Errorf("the end was told with %v, the caller got %v", end, err)
				}
			})
		})
	}
}

func TestLeavingALoopEndsItsCallOnce(t *testing.T) {
	for _, err := range []error{nil, io.EOF} {
		var got []retry.Event
		b := retry.NewBudget(retry.BudgetSettings{Ratio: 1})
		retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0}, Budget: b}, func(context.Context) error { return io.EOF })
		p := retry.Policy{Budget: b, Observe: func(_ context.Context, e retry.Event) { got = append(got, e) }}
		result := errFlaky
		for range retry.Loop(t.Context(), p, &result) {
			result = err
			break
		}
		want := retry.Succeeded
		if err != nil {
			want = retry.GaveUp
		}
		if full := b.Tokens() > 19.5; full != (err == nil) {
			t.Errorf("leaving with %v left %v tokens", err, b.Tokens())
		}
		if len(got) != 1 || got[0].Kind != want || got[0].Err != err || result != err {
			t.Errorf("leaving with %v told %+v and left %v", err, got, result)
		}
	}
}

func TestLoopsErrorIsNilWhenTheBodyBegins(t *testing.T) {
	err := io.EOF
	seq := retry.Loop(t.Context(), retry.Policy{Backoff: retry.List{0, 0, 0}}, &err)
	for range 2 { // each range is a call of its own
		n := 0
		for range seq {
			if err != nil {
				t.Errorf("attempt %d began with the error %v", n+1, err)
			}
			if n++; n < 3 {
				err = errFlaky
				continue
			}
		}
		if n != 3 || err != nil {
			t.Errorf("%d attempts ended with %v", n, err)
		}
	}
}

func TestObserversAreToldInTurn(t *testing.T) {
	var got []int
	tell := func(i int) func(context.Context, retry.Event) {
		return func(context.Context, retry.Event) { got = append(got, i) }
	}
	retry.Do(t.Context(), retry.Policy{Observe: retry.Observers(tell(1), nil, tell(2))}, func(context.Context) error { return nil })
	if !slices.Equal(got, []int{1, 2}) {
		t.Errorf("told %v", got)
	}
}

func TestKindsHaveNames(t *testing.T) {
	if got := fmt.Sprint(retry.Retrying, retry.Succeeded, retry.GaveUp, retry.Kind(9)); got != "retrying succeeded gave up Kind(9)" {
		t.Errorf("got %q", got)
	}
}

// Rule 15.

func TestNoSecretOfAURLIsInErrorsOrLogs(t *testing.T) {
	failures := []error{
		&url.Error{Op: "Get", URL: "https://jo:pa55@example.com/v1?api_key=SECRET", Err: io.EOF},
		errors.New("GET http://example.com/a/b?token=SECRET&x=1: status 503"),
		fmt.Errorf("one\ntwo https://SECRET@example.com:8080: %w", io.EOF),
		errors.New(`dial "postgres://app:SECRET@db/app?sslmode=off", then https://h/p?SECRET#SECRET.`),
		errors.New("postgres://app:SE/CRET@db/x"),
	}
	for _, failure := range failures {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		n := 0
		err := retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0}, Observe: retry.Log(log)}, func(context.Context) error { n++; return failure })
		for _, s := range []string{err.Error(), out.String()} {
			if strings.Contains(s, "SECRET") || strings.Contains(s, "pa55") || strings.Contains(s, "CRET@") {
				t.Errorf("a secret is in %s", s)
			}
			if !strings.Contains(s, "://") {
				t.Errorf("the URL is lost in %s", s)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("the text is more than a line: %q", err)
		}
	}
}

func TestLogLevels(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "elapsed" {
			return slog.Attr{}
		}
		return a
	}}))
	for _, fails := range []int{0, 1, 2} {
		n := 0
		retry.Do(t.Context(), retry.Policy{Name: "s3", Backoff: retry.List{0, 0}, Observe: retry.Log(log)}, func(context.Context) error {
			if n++; n > fails {
				return nil
			}
			return errFlaky
		})
	}
	want := `level=DEBUG msg=succeeded retry.name=s3 retry.attempt=1
level=WARN msg=retrying retry.name=s3 retry.attempt=1 retry.delay=0s retry.err="connection refused"
level=INFO msg=succeeded retry.name=s3 retry.attempt=2
level=WARN msg=retrying retry.name=s3 retry.attempt=1 retry.delay=0s retry.err="connection refused"
`
	if got := out.String(); !strings.HasPrefix(got, want) || !strings.Contains(got, `level=ERROR msg="gave up" retry.name=s3 retry.attempt=2 retry.err="connection refused (retry \"s3\": gave up after 2 attempts in `) {
		t.Errorf("the log is\n%s", got)
	}
}
