package sdktest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

func TestBudgetIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := &retry.Budget{Min: 2}
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
		// Three are always allowed, and one more each minute.
		if n := len(l.at); n < 103 || n > 104 {
			t.Errorf("100 calls made %d attempts, want 103", n)
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
		budget := &retry.Budget{Min: 1}
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

// A RetryerV2 is shared by all calls, but each call has its own counts. Exactly one 404 is retried in each of them.
func TestCountsAreThoseOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notFound := func(err error) bool {
			_, ok := errors.AsType[*types.NoSuchKey](err)
			return ok
		}
		r := &retryaws.Retryer{Policy: retry.Policy{
			Backoff: retry.List{0, time.Millisecond, time.Millisecond, time.Millisecond},
			Decide: func(d *retry.Decision) {
				if notFound(d.Err) {
					d.Retry = d.Count("not found") <= 1
				}
			},
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

func TestRetryIfReplacesTransient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		r := &retryaws.Retryer{Policy: retry.Policy{RetryIf: func(error) bool { asked++; return asked < 3 }}}
		l := times(99, func(w http.ResponseWriter, _ *http.Request) { fail(w, 404, "NoSuchKey") })
		_, err := get(t.Context(), serve(t, r, l.ServeHTTP))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "NoSuchKey" || asked != 3 || len(l.at) != 3 {
			t.Errorf("asked %d times, %d attempts: %v", asked, len(l.at), err)
		}
	})
}

func TestDecideSeesEachFailureOnceAndMayReplaceIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		better := errors.New("better")
		seen := 0
		r := &retryaws.Retryer{Policy: retry.Policy{Decide: func(d *retry.Decision) {
			if seen++; seen == 3 {
				d.Err, d.Retry = better, false
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
		r := &retryaws.Retryer{Policy: retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(time.Second)}, Budget: unlimited}
		l := times(100, internalError)
		if body, err := get(t.Context(), serve(t, r, l.ServeHTTP)); body != "whole" || err != nil || len(l.at) != 101 {
			t.Errorf("%q, %v after %d attempts", body, err, len(l.at))
		}
		if last := l.headers[100]; last != "attempt=101" {
			t.Errorf("the server was told %q", last)
		}
	})
}

func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		r := &retryaws.Retryer{Policy: retry.Policy{
			Backoff: retry.List{0, time.Second, time.Second},
			Observe: func(_ context.Context, e retry.Event) {
				got = append(got, e.Name+" "+e.Outcome()+" "+e.Elapsed.String())
			},
		}}
		get(t.Context(), serve(t, r, times(1, internalError).ServeHTTP))
		get(t.Context(), serve(t, r, internalError))
		want := []string{
			"S3.GetObject retrying 0s", "S3.GetObject succeeded 1s",
			"S3.GetObject retrying 0s", "S3.GetObject retrying 1s", "S3.GetObject exhausted 2s",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestInvalidPolicyMakesNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := times(0, nil)
		for _, p := range []retry.Policy{{Within: -1}, {Timeout: -1}, {Backoff: retry.Exponential{Initial: -1}}} {
			if _, err := get(t.Context(), serve(t, &retryaws.Retryer{Policy: p}, l.ServeHTTP)); !errors.Is(err, retry.ErrInvalid) {
				t.Errorf("%+v: %v", p, err)
			}
		}
		r := &retryaws.Retryer{ThrottleDelay: -1}
		if _, err := get(t.Context(), serve(t, r, l.ServeHTTP)); !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("ThrottleDelay: %v", err)
		}
		if err := retryaws.Do(t.Context(), r, nil); !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("ThrottleDelay in Do: %v", err)
		}
		if len(l.at) != 0 {
			t.Errorf("%d requests were sent", len(l.at))
		}
	})
}
