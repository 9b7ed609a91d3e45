package retryaws_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestOperationFollowsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second, 2 * time.Second, time.Hour}}}
		l := times(2, internalError)
		body, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if body != "whole" || err != nil {
			t.Fatalf("got %q, %v", body, err)
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second}; !slices.Equal(l.at, want) {
			t.Errorf("attempts at %v, want %v", l.at, want)
		}
		if want := []string{"attempt=1; max=4", "attempt=2; max=4", "attempt=3; max=4"}; !slices.Equal(l.headers, want) {
			t.Errorf("the server was told %q, want %q", l.headers, want)
		}
	})
}

func TestGivingUpKeepsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1}}}
		var n atomic.Int32
		_, err := get(t.Context(), serve(t, r, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) == 1 {
				fail(w, 500, "InternalError")
				return
			}
			fail(w, 504, "GatewayTimeout")
		}))
		gaveUp, ok := errors.AsType[*retry.Error](err)
		if !ok || gaveUp.Attempts != 3 || gaveUp.Name != "S3.GetObject" || !errors.Is(err, retry.ErrExhausted) {
			t.Fatalf("got %v", err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
			t.Errorf("the first failure isn't found: %v", err)
		}
		if op, ok := errors.AsType[*smithy.OperationError](err); !ok || op.OperationName != "GetObject" {
			t.Errorf("the operation isn't found: %v", err)
		}
	})
}

func TestWhatIsNotTransientMakesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []string{"NoSuchKey", "AccessDenied", "InvalidRequest"} {
			l := times(99, func(w http.ResponseWriter, _ *http.Request) {
				fail(w, map[string]int{"NoSuchKey": 404, "AccessDenied": 403, "InvalidRequest": 400}[code], code)
			})
			_, err := get(t.Context(), serve(t, new(retryaws.Retryer), l.ServeHTTP))
			if _, gaveUp := errors.AsType[*retry.Error](err); err == nil || gaveUp || len(l.at) != 1 {
				t.Errorf("%s: %d attempts, %v", code, len(l.at), err)
			}
			if _, ok := errors.AsType[*types.NoSuchKey](err); ok != (code == "NoSuchKey") {
				t.Errorf("%s: the SDK's type: %v", code, ok)
			}
		}
	})
}

// The SDK's own loop loses both: it returns the bare error of the context.
func TestCancelledDelayKeepsCauseAndFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Hour}}}
		ctx, cancel := context.WithCancelCause(t.Context())
		shutdown := errors.New("shutting down")
		time.AfterFunc(time.Minute, func() { cancel(shutdown) })
		start := time.Now()
		_, err := get(ctx, serve(t, r, internalError))
		if d := time.Since(start); d != time.Minute {
			t.Errorf("returned after %v", d)
		}
		if !errors.Is(err, shutdown) {
			t.Errorf("the cause is lost: %v", err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
			t.Errorf("the operation's failure is lost: %v", err)
		}
	})
}

func TestCancelledAttemptKeepsCauseAndEarlierFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second, time.Second}}}
		ctx, cancel := context.WithCancelCause(t.Context())
		shutdown := errors.New("shutting down")
		l := times(1, internalError)
		_, err := get(ctx, serve(t, r, func(w http.ResponseWriter, req *http.Request) {
			if len(l.at) == 1 {
				cancel(shutdown)
				<-req.Context().Done()
				return
			}
			l.ServeHTTP(w, req)
		}))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" || !errors.Is(err, shutdown) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNoHopelessWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, r := range []*retryaws.Retryer{
			{Policy: retry.Policy{Backoff: retry.List{0, time.Hour}}},
			{Policy: retry.Policy{Backoff: retry.List{0, 30 * time.Second}, Within: 10 * time.Second}},
		} {
			_, err := get(ctx, serve(t, r, internalError))
			if api, ok := errors.AsType[smithy.APIError](err); !errors.Is(err, retry.ErrTooLate) || !ok || api.ErrorCode() != "InternalError" {
				t.Errorf("got %v", err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v for nothing", d)
		}
	})
}

func TestBudgetIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := retry.NewBudget(retry.BudgetSettings{Cap: 2})
		r := &retryaws.Retryer{Policy: retry.Policy{Budget: budget}}
		l := times(99, internalError)
		_, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if _, ok := errors.AsType[smithy.APIError](err); !errors.Is(err, retry.ErrBudget) || !ok {
			t.Errorf("got %v", err)
		}
		if len(l.at) != 3 || budget.Refused() != 1 {
			t.Errorf("%d attempts, %d refused; want 3 and 1", len(l.at), budget.Refused())
		}
		if _, err := get(t.Context(), serve(t, r, l.ServeHTTP)); !errors.Is(err, retry.ErrBudget) || len(l.at) != 4 {
			t.Errorf("the next call made %d attempts: %v", len(l.at)-3, err)
		}
	})
}

// A service that is down gets little more than what it is called for, whatever the policy allows.
func TestEachServiceHasABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r retryaws.Retryer
		l := times(999, internalError)
		c := serve(t, &r, l.ServeHTTP)
		for range 100 {
			get(t.Context(), c)
		}
		if n := len(l.at); n != 120 {
			t.Errorf("100 calls made %d attempts, want 120", n)
		}
		err := retryaws.Do(t.Context(), &r, func(ctx context.Context) error {
			_, err := get(ctx, c)
			return err
		})
		if errors.Is(err, retry.ErrBudget) {
			t.Errorf("Do has no budget of its own: %v", err)
		}
	})
}

func TestBudgetOfAService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := retry.NewBudget(retry.BudgetSettings{Cap: 1})
		r := &retryaws.Retryer{Budget: func(service string) *retry.Budget {
			if service != "S3" {
				t.Errorf("asked for the budget of %q", service)
			}
			return budget
		}}
		l := times(99, internalError)
		_, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if !errors.Is(err, retry.ErrBudget) || len(l.at) != 2 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
	})
}

// A RetryerV2 is shared by all calls, but a test may count. Exactly one 404 is forgiven in each of them.
func TestStatefulTestIsFreshForEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notFound := func(err error) bool {
			_, ok := errors.AsType[*types.NoSuchKey](err)
			return ok
		}
		r := &retryaws.Retryer{Policy: retry.Policy{
			Backoff: retry.List{0, time.Millisecond, time.Millisecond, time.Millisecond},
			Test:    retry.Any(retryaws.Transient, retry.AtMost(1, notFound)),
		}, Budget: unlimited}
		var requests atomic.Int32
		c := serve(t, r, func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			fail(w, 404, "NoSuchKey")
		})
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				_, err := get(t.Context(), c)
				if _, gaveUp := errors.AsType[*retry.Error](err); gaveUp || !notFound(err) {
					t.Errorf("got %v", err)
				}
			})
		}
		calls.Wait()
		if n := requests.Load(); n != 100 {
			t.Errorf("%d requests for 50 calls, want 2 each", n)
		}
	})
}

func TestTestSeesEachFailureOnceAndMayReplaceIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		better := errors.New("better")
		seen := 0
		r := &retryaws.Retryer{Policy: retry.Policy{Test: func() retry.Test {
			return func(error) error {
				if seen++; seen == 3 {
					return better
				}
				return nil
			}
		}}}
		_, err := get(t.Context(), serve(t, r, internalError))
		if op, ok := errors.AsType[*smithy.OperationError](err); !ok || op.Err != better || seen != 3 {
			t.Errorf("after %d failures: %v", seen, err)
		}
	})
}

func unlimited(string) *retry.Budget { return nil }

func TestUnlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.Exponential{Attempts: retry.Unlimited}}, Budget: unlimited}
		l := times(100, internalError)
		if body, err := get(t.Context(), serve(t, r, l.ServeHTTP)); body != "whole" || err != nil || len(l.at) != 101 {
			t.Errorf("%q, %v after %d attempts", body, err, len(l.at))
		}
		if last := l.headers[100]; last != "attempt=101" {
			t.Errorf("the server was told %q", last)
		}
	})
}

func TestMaxAttempts(t *testing.T) {
	for _, b := range []retry.Backoff{
		nil, retry.Exponential{}, retry.Decorrelated{}, retry.List{}, retry.List{0, 1},
		retry.Exponential{Attempts: 3}, retry.Decorrelated{Attempts: 4},
	} {
		schedule := b
		if b == nil {
			schedule = retry.Exponential{}
		}
		want := 0
		for range schedule.Delays() {
			want++
		}
		if got := (&retryaws.Retryer{Policy: retry.Policy{Backoff: b}}).MaxAttempts(); got != want {
			t.Errorf("MaxAttempts with %#v is %d, want %d", b, got, want)
		}
	}
	for _, b := range []retry.Backoff{
		retry.Exponential{Attempts: retry.Unlimited}, retry.Decorrelated{Attempts: retry.Unlimited},
		retry.Seq(func(func(time.Duration) bool) { t.Error("asked a schedule that may have effects") }),
	} {
		if got := (&retryaws.Retryer{Policy: retry.Policy{Backoff: b}}).MaxAttempts(); got != 0 {
			t.Errorf("MaxAttempts with %T is %d, want 0", b, got)
		}
	}
}

func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		r := &retryaws.Retryer{Policy: retry.Policy{
			Backoff: retry.List{0, time.Second, time.Second},
			Observe: func(_ context.Context, e retry.Event) {
				got = append(got, e.Name+" "+e.Kind.String()+" "+e.Elapsed.String())
			},
		}}
		get(t.Context(), serve(t, r, times(1, internalError).ServeHTTP))
		get(t.Context(), serve(t, r, internalError))
		want := []string{
			"S3.GetObject retrying 0s", "S3.GetObject succeeded 1s",
			"S3.GetObject retrying 0s", "S3.GetObject retrying 1s", "S3.GetObject gave up 2s",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestUnusablePolicyMakesNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(0, nil)
		for _, p := range []retry.Policy{{Within: -1}, {Timeout: -1}, {Backoff: retry.Exponential{Initial: -1}}} {
			if _, err := get(t.Context(), serve(t, &retryaws.Retryer{Policy: p}, l.ServeHTTP)); !errors.Is(err, retry.ErrPolicy) {
				t.Errorf("%+v: %v", p, err)
			}
		}
		r := &retryaws.Retryer{ThrottleDelay: -1}
		if _, err := get(t.Context(), serve(t, r, l.ServeHTTP)); !errors.Is(err, retry.ErrPolicy) {
			t.Errorf("ThrottleDelay: %v", err)
		}
		if err := retryaws.Do(t.Context(), r, nil); !errors.Is(err, retry.ErrPolicy) {
			t.Errorf("ThrottleDelay in Do: %v", err)
		}
		p := retry.Policy{Test: func() retry.Test { return nil }}
		if _, err := get(t.Context(), serve(t, &retryaws.Retryer{Policy: p}, internalError)); !errors.Is(err, retry.ErrPolicy) {
			t.Errorf("nil Test: %v", err)
		}
		if len(l.at) != 0 {
			t.Errorf("%d requests were sent", len(l.at))
		}
	})
}

func TestRetriesDoNotMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1}}}
		l := times(99, internalError)
		c := serve(t, r, l.ServeHTTP)
		err := retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 1, 1}}, func(ctx context.Context) error {
			_, err := get(ctx, c)
			return err
		})
		if len(l.at) != 3 || err == nil {
			t.Errorf("%d attempts, want 3: %v", len(l.at), err)
		}
	})
}

func TestRetryerWithoutItsMiddlewareIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(0, nil)
		other := &retryaws.Retryer{}
		for name, c := range map[string]*s3.Client{
			"no middleware":      serve(t, nil, l.ServeHTTP),
			"another middleware": serve(t, new(retryaws.Retryer), l.ServeHTTP),
		} {
			_, err := get(t.Context(), c, func(o *s3.Options) { o.Retryer = other })
			if err == nil || !strings.Contains(err.Error(), "Retryer.Configure") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(l.at) != 0 {
			t.Errorf("%d requests were sent", len(l.at))
		}
	})
}

func TestAnotherRetryerOfAnOperationIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 1, 1, 1, 1}}}
		for name, test := range map[string]struct {
			set  func(*s3.Options)
			want int
		}{
			"none of its own":  {func(*s3.Options) {}, 10},
			"NopRetryer":       {func(o *s3.Options) { o.Retryer = aws.NopRetryer{} }, 1},
			"the SDK's":        {func(o *s3.Options) { o.Retryer = sdk.NewStandard() }, 3},
			"RetryMaxAttempts": {func(o *s3.Options) { o.RetryMaxAttempts = 2 }, 10},
			"error codes": {func(o *s3.Options) {
				o.Retryer = sdk.AddWithErrorCodes(o.Retryer, "InternalError")
			}, 10},
			"a Retryer of ours": {func(o *s3.Options) {
				o.Retryer = own
				o.APIOptions = append(o.APIOptions, own.Middleware)
			}, 5},
		} {
			l := times(99, internalError)
			_, err := get(t.Context(), serve(t, new(retryaws.Retryer), l.ServeHTTP), test.set)
			if len(l.at) != test.want || err == nil {
				t.Errorf("%s: %d attempts, want %d: %v", name, len(l.at), test.want, err)
			}
		}
	})
}

// Around a single attempt of a client a caller's own retry works as around anything else.
func TestSingleAttemptIsNotMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(2, internalError)
		c := serve(t, new(retryaws.Retryer), l.ServeHTTP)
		err := retry.Do(t.Context(), retry.Policy{}, func(ctx context.Context) error {
			_, err := get(ctx, c, func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
			return err
		})
		if err != nil || len(l.at) != 3 {
			t.Errorf("%d attempts: %v", len(l.at), err)
		}
	})
}

func TestPresigningNeedsNoCall(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(credentials)}
	new(retryaws.Retryer).Configure(&cfg)
	req, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignGetObject(t.Context(), object)
	if err != nil || !strings.Contains(req.URL, "X-Amz-Signature=") {
		t.Errorf("got %+v, %v", req, err)
	}
}
