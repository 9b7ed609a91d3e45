package retry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Rule 14.

func TestHooksMeanOneThingEach(t *testing.T) {
	left := errors.New("the user left")
	dead, cancel := context.WithCancelCause(context.Background())
	cancel(left)
	late, cancelLate := context.WithDeadlineCause(context.Background(), time.Now().Add(-time.Hour), errors.New("the page was too slow"))
	defer cancelLate()
	paused := new(retry.Budget)
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		policy retry.Policy
		fails  int
		want   string
	}{
		{"success_at_once", nil, retry.Policy{}, 0, "succeeded(1) DEBUG"},
		{"success_after_two", nil, retry.Policy{Backoff: exact}, 2, "retrying(1, 10ms) WARN; retrying(2, 20ms) WARN; succeeded(3) INFO"},
		{"attempts_used_up", nil, retry.Policy{Backoff: retry.List{0, time.Second, 0}}, 9, "retrying(1, 1s) WARN; retrying(2, 0s) WARN; exhausted(3) ERROR"},
		{"canceled", dead, retry.Policy{}, 9, "canceled(0) DEBUG"},
		{"deadline_over", late, retry.Policy{}, 9, "late(0) ERROR"},
		{"invalid", nil, retry.Policy{Within: -1}, 9, "invalid(0) ERROR"},
		{"stopped", nil, retry.Policy{RetryIf: retry.On(io.EOF)}, 9, "stopped(1) DEBUG"},
		{"stopped_later", nil, retry.Policy{Backoff: retry.Constant(0), Decide: func(d *retry.Decision) { d.Retry = d.Attempt < 2 }}, 9, "retrying(1, 0s) WARN; stopped(2) INFO"},
		{"budget_refused", nil, retry.Policy{Budget: paused}, 9, "budget(1) ERROR"},
		{"too_late", nil, retry.Policy{Backoff: retry.List{0, time.Hour}, Within: time.Minute}, 9, "late(1) ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				ctx := tt.ctx
				if ctx == nil {
					ctx = t.Context()
				}
				paused.Pause(time.Hour)
				var got []string
				var last retry.Event
				p := tt.policy
				p.Name = "s3"
				p.Observe = func(seen context.Context, e retry.Event) {
					if seen != ctx || e.Name != "s3" {
						t.Errorf("told of %q with the context %v", e.Name, seen)
					}
					if last.Call != 0 && (e.Call != last.Call || !e.Began.Equal(last.Began)) {
						t.Errorf("one call is told as %d of %v and %d of %v", last.Call, last.Began, e.Call, e.Began)
					}
					last = e
					s := fmt.Sprintf("%s(%d", e.Outcome(), e.Attempt)
					if e.Retry {
						s += ", " + e.Delay.String()
					}
					got = append(got, s+") "+e.Level().String())
				}
				n := 0
				err := call(ctx, p, func(context.Context) error {
					if n++; n > tt.fails {
						return nil
					}
					return errFlaky
				})
				if s := strings.Join(got, "; "); s != tt.want {
					t.Errorf("it told %q, want %q", s, tt.want)
				}
				if last.Err != err || last.Retry || last.Call == 0 {
					t.Errorf("the end was told as %+v, the caller got %v", last, err)
				}
				if x, ok := errors.AsType[*retry.Error](err); ok && (x.Elapsed != last.Elapsed || x.Attempts != last.Attempt || x.Reason != last.Reason) {
					t.Errorf("the event %+v doesn't fit the error %+v", last, x)
				}
			})
		})
	}
}

func TestEventsSayWhichCallAndWhatWasWaited(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		begun := time.Now()
		var mu sync.Mutex
		calls := map[uint64]int{}
		p := retry.Policy{Backoff: retry.List{0, time.Second, 2 * time.Second}, Observe: func(_ context.Context, e retry.Event) {
			mu.Lock()
			defer mu.Unlock()
			calls[e.Call]++
			if !e.Began.Equal(begun) {
				t.Errorf("the call began at %v, told %v", begun, e.Began)
			}
			want := []time.Duration{0, time.Second, 3 * time.Second}[e.Attempt-1]
			if e.Waited != want || e.Elapsed != want+time.Duration(e.Attempt)*time.Minute {
				t.Errorf("after attempt %d: waited %v, elapsed %v", e.Attempt, e.Waited, e.Elapsed)
			}
		}}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				call(t.Context(), p, func(context.Context) error { time.Sleep(time.Minute); return errFlaky })
			})
		}
		wg.Wait()
		if len(calls) != 20 {
			t.Errorf("20 calls had %d numbers", len(calls))
		}
	})
}

// An outer call doesn't report again what an inner one has reported.
func TestInnerCallsEndIsReportedOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		var got []string
		observed := retry.Policy{Backoff: retry.Constant(0), Attempts: 2, Observe: func(_ context.Context, e retry.Event) {
			got = append(got, e.Outcome()+" "+e.Level().String())
		}}
		call(t.Context(), observed, func(ctx context.Context) error {
			return call(ctx, observed, func(context.Context) error { return errFlaky })
		})
		if s := strings.Join(got, "; "); s != "retrying WARN; exhausted ERROR; stopped DEBUG" {
			t.Errorf("it told %q", s)
		}
	})
}

// Rule 15.

func TestNoSecretOfAURLIsInErrorsOrLogs(t *testing.T) {
	failures := []error{
		&url.Error{Op: "Get", URL: "https://jo:pa55@example.com/v1?api_key=SECRET#frag=SECRET", Err: io.EOF},
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

func TestNothingIsLoggedWithoutALogger(t *testing.T) {
	var out bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(old)
	for _, w := range ways {
		w.call(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { return errFlaky })
		w.call(t.Context(), retry.Policy{Within: -1}, func(context.Context) error { return errFlaky })
	}
	if out.Len() != 0 {
		t.Errorf("it logged %s", out.String())
	}
}

func TestLogSaysWhatHappened(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "elapsed" || a.Key == "call" {
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
	if got := out.String(); !strings.HasPrefix(got, want) || !strings.Contains(got, `level=ERROR msg=exhausted retry.name=s3 retry.attempt=2 retry.err="connection refused (retry \"s3\": gave up after 2 attempts in `) {
		t.Errorf("the log is\n%s", got)
	}
}
