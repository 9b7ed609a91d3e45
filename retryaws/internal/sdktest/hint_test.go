package sdktest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
	"github.com/callagain/retry/retrytest"
)

// gap returns how long a client with policy waited after one failure.
func gap(t *testing.T, r *retryaws.Retryer, f http.HandlerFunc) time.Duration {
	t.Helper()
	l := times(1, f)
	if body, err := get(t.Context(), serve(t, r, l.ServeHTTP)); body != "whole" || err != nil {
		t.Fatalf("got %q, %v", body, err)
	}
	return l.at[1]
}

func TestThrottlesWaitLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Millisecond}}, Budget: unlimited}
		for _, test := range []struct {
			status    int
			code      string
			throttled bool
		}{
			{503, "SlowDown", true},
			{503, "", true},
			{429, "TooManyRequestsException", true},
			{429, "", true},
			{400, "RequestLimitExceeded", true},
			{400, "ProvisionedThroughputExceededException", true},
			{500, "InternalError", false},
			{502, "", false},
			{504, "", false},
			{408, "", false},
			{425, "", false},
		} {
			got := gap(t, r, func(w http.ResponseWriter, _ *http.Request) { fail(w, test.status, test.code) })
			if test.throttled && (got < 500*time.Millisecond || got > time.Second) || !test.throttled && got != time.Millisecond {
				t.Errorf("%d %s: waited %v", test.status, test.code, got)
			}
		}
	})
}

func TestEachThrottleOfACallWaitsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Attempts: 10, Backoff: retry.Constant(1)}, Budget: unlimited}
		l := times(7, slowDown)
		c := serve(t, r, l.ServeHTTP)
		for range 2 { // the second call, without failures, shows that nothing is left of the first one's
			if _, err := get(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		longest := time.Second
		for n := range 7 {
			if d := l.at[n+1] - l.at[n]; d < longest/2 || d > longest+1 {
				t.Errorf("delay %d is %v, want %v to %v", n+1, d, longest/2, longest)
			}
			longest = min(2*longest, 20*time.Second)
		}
		if l.at[8] != l.at[7] {
			t.Errorf("the next call waited %v", l.at[8]-l.at[7])
		}
	})
}

func TestThrottleDelayIsAFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ policy, floor, least, most time.Duration }{
			{time.Minute, 0, time.Minute, time.Minute},
			{time.Minute, 2 * time.Minute, time.Minute, 2 * time.Minute},
			{time.Millisecond, 30 * time.Second, 15 * time.Second, 30 * time.Second},
			{time.Millisecond, 1, time.Millisecond, time.Millisecond},
		} {
			r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, test.policy}}, ThrottleDelay: test.floor}
			if got := gap(t, r, slowDown); got < test.least || got > test.most {
				t.Errorf("%v of the policy's and %v for throttles: waited %v, want %v to %v", test.policy, test.floor, got, test.least, test.most)
			}
		}
	})
}

func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second}}, Budget: unlimited}
		hint := func(key, value string) time.Duration {
			return gap(t, r, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(key, value)
				slowDown(w, nil)
			})
		}
		const aws = "X-Amz-Retry-After"
		for _, test := range []struct {
			key, value  string
			least, most time.Duration
		}{
			{aws, "3000", 3 * time.Second, 3300 * time.Millisecond},
			// At most five seconds more than without it, as in the SDK; and it doesn't overflow.
			{aws, "86400000", 5500 * time.Millisecond, 6600 * time.Millisecond},
			{aws, "9223372036854775807", 5500 * time.Millisecond, 6600 * time.Millisecond},
			{aws, "200", time.Second, time.Second}, // never shortens
			{aws, "0", time.Second, time.Second},
			{aws, "-1", time.Second, time.Second},
			{aws, "soon", time.Second, time.Second},
			{"Retry-After", "7", 7 * time.Second, 7700 * time.Millisecond},
			{"X-RateLimit-Reset", "9", time.Second, time.Second}, // the quota isn't said to be used up
			{"Retry-After", "garbage", time.Second, time.Second},
		} {
			// What isn't a hint leaves the second of the schedule, or the delay of a throttle, which is no longer.
			if got := hint(test.key, test.value); got < test.least || got > test.most {
				t.Errorf("%s: %q: waited %v, want %v to %v", test.key, test.value, got, test.least, test.most)
			}
		}
	})
}

// What is added to a hint doesn't make it one that no longer fits.
func TestHintThatJustFitsIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			r := &retryaws.Retryer{Policy: retry.Policy{Within: 10*time.Second + time.Millisecond}, Budget: unlimited}
			got := gap(t, r, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "10")
				fail(w, 500, "InternalError")
			})
			if got < 10*time.Second {
				t.Errorf("waited %v", got)
			}
		}
	})
}

// Under retrytest's zero Settings delays are exact.
func TestHintsAreExactUnderRetrytest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			settings retrytest.Settings
			exact    bool
		}{{retrytest.Settings{}, true}, {retrytest.Settings{Seed: 7}, false}} {
			run := func() []time.Duration {
				ctx, record := retrytest.Context(t.Context(), test.settings)
				n := 0
				get(ctx, serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
					switch n++; n {
					case 1:
						w.Header().Set("Retry-After", "20")
						fail(w, 500, "InternalError")
					case 2:
						internalError(w, r)
					default:
						slowDown(w, r)
					}
				}))
				return record.Delays()
			}
			delays, again := run(), run()
			want := []time.Duration{20 * time.Second, 200 * time.Millisecond, time.Second}
			if slices.Equal(delays, want) != test.exact || !slices.Equal(delays, again) {
				t.Errorf("%+v: recorded %v and %v; without jitter they are %v", test.settings, delays, again, want)
			}
		}
	})
}

func TestRetryAfterDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Second}}, Budget: unlimited}
		for _, d := range []time.Duration{20 * time.Second, -time.Hour} {
			got := gap(t, r, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", time.Now().Add(d).UTC().Format(http.TimeFormat))
				slowDown(w, nil)
			})
			if least := max(d, time.Second); got < least || got > least+least/10+1 {
				t.Errorf("waited %v until a date in %v", got, d)
			}
		}
	})
}

// A hint that doesn't fit is no reason to park the caller, nor to come sooner.
func TestLongRetryAfterIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		limited, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for value, ctx := range map[string]context.Context{"86400": t.Context(), "99999999999999999999": t.Context(), "61": limited} {
			_, err := get(ctx, serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", value)
				slowDown(w, nil)
			}))
			if !errors.Is(err, retry.ErrTooLate) || !retryaws.Throttled(err) {
				t.Errorf("%s: %v", value, err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
	})
}
