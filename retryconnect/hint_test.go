package retryconnect_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
)

func (p protocol) on(client *http.Client, procedure string, i connect.Interceptor) *connect.Client[value, value] {
	opts := append([]connect.ClientOption{connect.WithInterceptors(i)}, p.opts...)
	if procedure == get {
		opts = append(opts, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	return connect.NewClient[value, value](client, "http://memory"+procedure, opts...)
}

// A server's word on when to come back, or that it would rather not, is obeyed.
func TestHint(t *testing.T) {
	with := func(code connect.Code, keysAndValues ...string) *connect.Error {
		e := connect.NewError(code, errors.New("no"))
		for i := 0; i < len(keysAndValues); i += 2 {
			e.Meta().Add(keysAndValues[i], keysAndValues[i+1])
		}
		return e
	}
	const pushback, unavailable, exhausted = "Grpc-Retry-Pushback-Ms", connect.CodeUnavailable, connect.CodeResourceExhausted
	for name, row := range map[string]struct {
		err   *connect.Error
		calls int
		wait  time.Duration
	}{
		"none":                  {with(unavailable), 2, 10 * time.Millisecond},
		"pushback":              {with(unavailable, pushback, "2500"), 2, 2500 * time.Millisecond},
		"pushback of 0":         {with(unavailable, pushback, "0"), 2, 10 * time.Millisecond},
		"negative":              {with(unavailable, pushback, "-1"), 1, 0},
		"garbage":               {with(unavailable, pushback, "soon"), 1, 0},
		"two":                   {with(unavailable, pushback, "1", pushback, "1"), 1, 0},
		"too long":              {with(unavailable, pushback, "9223372036854775807"), 1, 0},
		"seconds":               {with(unavailable, "Retry-After", "3"), 2, 3 * time.Second},
		"garbage in seconds":    {with(unavailable, "Retry-After", "soon"), 2, 10 * time.Millisecond},
		"overloaded":            {with(unavailable, "X-Envoy-Overloaded", "true"), 1, 0},
		"exhausted":             {with(exhausted), 1, 0},
		"exhausted, pushback":   {with(exhausted, pushback, "1000"), 2, time.Second},
		"aborted, pushback":     {with(connect.CodeAborted, pushback, "1000"), 1, 0},
		"RetryLater":            {retryconnect.RetryLater(1500 * time.Millisecond), 2, 2 * time.Second},
		"RetryLater with no d":  {retryconnect.RetryLater(-1), 2, 10 * time.Millisecond},
		"RetryLater in details": {detailsOf(retryconnect.RetryLater(1500 * time.Millisecond)), 2, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, p protocol) {
				calls := 0
				s := service{unary: func(_ context.Context, _ http.Header, v int64) (int64, error) {
					if calls++; calls == 1 {
						return 0, row.err
					}
					return v, nil
				}}
				i := retryconnect.NewInterceptor(retry.Policy{Backoff: retry.Constant(10 * time.Millisecond)})
				inMemory(t, p, s.handler(), func(t *testing.T, client *http.Client) {
					began := time.Now()
					v, err := call(t.Context(), p.on(client, add, i), 7)
					if calls != row.calls || time.Since(began) != row.wait || calls == 2 && (err != nil || v != 7) || calls == 1 && connect.CodeOf(err) != row.err.Code() {
						t.Errorf("%d calls in %v, want %d in %v; %v", calls, time.Since(began), row.calls, row.wait, err)
					}
				})
			})
		})
	}
}

func detailsOf(e *connect.Error) *connect.Error {
	only := connect.NewError(e.Code(), errors.New("no"))
	for _, d := range e.Details() {
		only.AddDetail(d)
	}
	return only
}

// Policy.Timeout is for an attempt: what is known to be safe is retried. The caller's deadline and cancellation aren't.
func TestTimeout(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, row := range []struct {
			name, procedure string
			end             time.Duration // of the caller's context
			cancel          bool
			calls           int64
			code            connect.Code // 0 for success
		}{
			{"safe", get, time.Hour, false, 2, 0},
			{"unknown", add, time.Hour, false, 1, connect.CodeDeadlineExceeded},
			{"deadline", get, time.Second / 2, false, 1, connect.CodeDeadlineExceeded},
			{"canceled", get, time.Second / 2, true, 1, connect.CodeCanceled},
		} {
			var calls atomic.Int64
			s := service{unary: func(ctx context.Context, _ http.Header, v int64) (int64, error) {
				if calls.Add(1) == 1 {
					<-ctx.Done()
					return 0, ctx.Err()
				}
				return v, nil
			}}
			i := retryconnect.NewInterceptor(retry.Policy{Timeout: time.Second, Backoff: retry.Constant(0)})
			inMemory(t, p, s.handler(), func(t *testing.T, client *http.Client) {
				ctx, cancel := context.WithCancel(t.Context())
				if !row.cancel {
					ctx, cancel = context.WithTimeout(t.Context(), row.end)
				} else {
					time.AfterFunc(row.end, cancel)
				}
				defer cancel()
				_, err := call(ctx, p.on(client, row.procedure, i), 7)
				if calls.Load() != row.calls || (err == nil) != (row.code == 0) || err != nil && connect.CodeOf(err) != row.code {
					t.Errorf("%s: %d calls, %v", row.name, calls.Load(), err)
				}
				if errors.Is(err, retryconnect.ErrUnknown) != (row.name == "unknown") {
					t.Errorf("%s: %v", row.name, err)
				}
			})
		}
	})
}

// Three servers, of which each calls the next one: four attempts of four attempts are four, if the servers say so.
func TestServersDontMultiply(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		for _, row := range []struct {
			opts []connect.HandlerOption
			want int64
		}{
			{[]connect.HandlerOption{connect.WithInterceptors(retryconnect.NewInterceptor(retry.Policy{}))}, 4},
			{nil, 64},
		} {
			var calls atomic.Int64
			no := connect.NewError(connect.CodeUnavailable, errors.New("no room"))
			no.Meta().Set("Secret", "of the last server")
			url := serve(t, service{
				unary:  func(context.Context, http.Header, int64) (int64, error) { calls.Add(1); return 0, no },
				stream: func(context.Context, func() (int64, error), func(int64) error) error { calls.Add(1); return no },
				opts:   row.opts,
			}.handler())
			i := retryconnect.NewInterceptor(quick, unlimited)
			for range 2 {
				unary, stream := p.dial(t, url, get, i), p.dial(t, url, list, i)
				url = serve(t, service{
					unary: func(ctx context.Context, _ http.Header, v int64) (int64, error) { return call(ctx, unary, v) },
					stream: func(context.Context, func() (int64, error), func(int64) error) error {
						s, err := open(t.Context(), stream, 1)
						if err == nil {
							_, err = all(s)
							s.Close()
						}
						return err
					},
					opts: row.opts,
				}.handler())
			}
			check := func(how string, err error) {
				var e *connect.Error
				if !errors.As(err, &e) || e.Code() != connect.CodeUnavailable || !strings.Contains(err.Error(), "no room") || calls.Load() != row.want {
					t.Errorf("%s: %d calls, want %d; %v", how, calls.Load(), row.want, err)
				} else if e.Meta().Get("Secret") != "" {
					t.Errorf("%s: the headers of the last server were passed on", how)
				}
				calls.Store(0)
			}
			_, err := call(t.Context(), p.dial(t, url, get, i), 1)
			check("unary", err)
			s, err := open(t.Context(), p.dial(t, url, list, i), 1)
			if err == nil {
				_, err = all(s)
				s.Close()
			}
			check("stream", err)
		}
	})
}

// DoNotRetry doesn't change the error, and nil stays nil.
func TestDoNotRetry(t *testing.T) {
	if retryconnect.DoNotRetry(nil) != nil {
		t.Error("DoNotRetry(nil) isn't nil")
	}
	each(t, func(t *testing.T, p protocol) {
		var calls atomic.Int64
		url := serve(t, service{unary: func(context.Context, http.Header, int64) (int64, error) {
			calls.Add(1)
			return 0, retryconnect.DoNotRetry(connect.NewError(connect.CodeUnavailable, errors.New("for good")))
		}}.handler())
		_, err := call(t.Context(), p.dial(t, url, get, retryconnect.NewInterceptor(quick)), 1)
		var e *connect.Error
		if !errors.As(err, &e) || e.Code() != connect.CodeUnavailable || e.Message() != "for good" || calls.Load() != 1 {
			t.Errorf("%d calls, %v", calls.Load(), err)
		}
	})
}

// A call that was canceled in a delay keeps its failure, and has the code of its context.
func TestCanceledInDelay(t *testing.T) {
	s := service{unary: func(context.Context, http.Header, int64) (int64, error) {
		return 0, connect.NewError(connect.CodeUnavailable, errors.New("no room"))
	}}
	inMemory(t, protocols["connect"], s.handler(), func(t *testing.T, client *http.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		i := retryconnect.NewInterceptor(retry.Policy{Backoff: retry.Constant(time.Second)})
		_, err := call(ctx, protocols["connect"].on(client, add, i), 7)
		var e *retry.Error
		if !errors.As(err, &e) || e.Attempts != 2 || connect.CodeOf(err) != connect.CodeCanceled || connect.CodeOf(e.Last()) != connect.CodeUnavailable {
			t.Errorf("%v", err)
		}
	})
}
