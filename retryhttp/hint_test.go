package retryhttp

import (
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrytest"
)

func TestHint(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	epoch := func(d time.Duration) string { return big.NewInt(now.Add(d).Unix()).String() }
	const none, forever = -1, time.Duration(math.MaxInt64)
	for _, row := range []struct {
		name   string
		status int
		header string // fields, one a line
		want   time.Duration
	}{
		{"nothing", 429, "", none},
		{"seconds", 503, "Retry-After: 120", 2 * time.Minute},
		{"zero", 503, "Retry-After: 0", 0},
		{"any_failure", 500, "Retry-After: 7", 7 * time.Second},
		{"white_space", 503, "Retry-After:\t 7 \t", 7 * time.Second},
		{"fraction", 503, "Retry-After: 1.001", 1001 * time.Millisecond},
		{"fraction_is_rounded_up", 503, "Retry-After: 0.0000000001", 1},
		{"fraction_of_nothing", 503, "Retry-After: 1.000", time.Second},
		{"date", 503, "Retry-After: " + later(time.Minute), time.Minute},
		{"date_in_the_past", 503, "Retry-After: " + later(-time.Minute), 0},
		{"date_of_an_old_form", 503, "Retry-After: " + now.Add(time.Minute).Format(time.ANSIC), time.Minute},
		{"date_by_the_servers_clock", 503, "Date: " + later(time.Hour) + "\nRetry-After: " + later(time.Hour+time.Minute), time.Minute},
		{"date_far_away", 503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", forever},
		{"several", 503, "Retry-After: 3\nRetry-After: 30\nRetry-After: soon", 30 * time.Second},
		{"hostile", 503, "Retry-After: 9223372037", forever},
		{"very_hostile", 503, "Retry-After: 99999999999999999999999999999999999999", forever},
		{"negative", 503, "Retry-After: -1", none},
		{"signed", 503, "Retry-After: +1", none},
		{"words", 503, "Retry-After: soon", none},
		{"empty", 503, "Retry-After:", none},
		{"only_a_dot", 503, "Retry-After: .", none},
		{"half_a_number", 503, "Retry-After: 1.", none},
		{"exponent", 503, "Retry-After: 1e3", none},
		{"unit", 503, "Retry-After: 3s", none},
		{"full_width_digits", 503, "Retry-After: ３", none},

		{"milliseconds", 429, "Retry-After-Ms: 1500", 1500 * time.Millisecond},
		{"milliseconds_of_azure", 429, "X-Ms-Retry-After-Ms: 1500", 1500 * time.Millisecond},
		{"fraction_of_milliseconds", 429, "Retry-After-Ms: 0.5", 500 * time.Microsecond},
		{"milliseconds_and_seconds", 429, "Retry-After-Ms: 1500\nRetry-After: 2", 1500 * time.Millisecond},
		{"milliseconds_that_contradict", 429, "Retry-After-Ms: 0\nRetry-After: 30", 30 * time.Second},
		{"seconds_that_contradict", 429, "Retry-After-Ms: 30000\nRetry-After: 1", 30 * time.Second},
		{"milliseconds_and_garbage", 429, "Retry-After-Ms: 1500\nRetry-After: soon", 1500 * time.Millisecond},
		{"milliseconds_garbage", 429, "Retry-After-Ms: soon", none},
		{"milliseconds_hostile", 429, "Retry-After-Ms: 99999999999999999999", forever},
		{"date_with_zone_minus_0", 503, "Retry-After: Sun, 22 Nov 2026 12:01:00 -0000", time.Minute},
		{"date_with_zone_0", 503, "Retry-After: Sun, 22 Nov 2026 12:01:00 +0000", time.Minute},
		{"date_with_zone", 503, "Retry-After: Sun, 22 Nov 2026 13:01:00 +0100", time.Minute},
		{"date_in_utc", 503, "Retry-After: Sun, 22 Nov 2026 12:01:00 UTC", time.Minute},
		{"date_of_one_digit", 503, "Retry-After: Tue, 1 Dec 2026 12:00:00 GMT", 9 * 24 * time.Hour},
		{"date_without_weekday", 503, "Retry-After: 22 Nov 2026 12:01:00 GMT", time.Minute},
		{"date_with_ambiguous_zone", 503, "Retry-After: Sun, 22 Nov 2026 12:01:00 CST", none},
		{"date_of_iso", 503, "Retry-After: 2026-11-22T12:01:00Z", time.Minute},
		{"date_of_iso_with_fraction", 503, "Retry-After: 2026-11-22T12:01:00.5Z", time.Minute + 500*time.Millisecond},
		{"date_of_iso_with_zone", 503, "Retry-After: 2026-11-22T13:01:00+01:00", time.Minute},
		{"date_of_iso_without_zone", 503, "Retry-After: 2026-11-22T12:01:00", time.Minute},
		{"date_of_iso_without_seconds", 503, "Retry-After: 2026-11-22T12:01Z", time.Minute},
		{"date_of_iso_in_lower_case", 503, "Retry-After: 2026-11-22t12:01:00z", time.Minute},
		{"date_of_iso_and_words", 503, "Retry-After: 2026-11-22 12:01:00 UTC", time.Minute},
		{"since_1970", 503, "Retry-After: " + epoch(time.Minute), time.Minute},
		{"since_1970_in_the_past", 503, "Retry-After: " + epoch(-time.Minute), 0},
		{"since_1970_in_milliseconds", 503, "Retry-After: " + epoch(time.Minute) + "500", time.Minute + 500*time.Millisecond},
		{"date_header_absurd", 429, "Date: Fri, 31 Dec 9999 23:59:59 GMT\nX-RateLimit-Reset: 1700000000", 0},
		{"date_header_absurd_and_seconds", 429, "Date: Fri, 31 Dec 9999 23:59:59 GMT\nRetry-After: 7", 7 * time.Second},
		{"date_header_ancient", 429, "Date: Thu, 01 Jan 1970 00:00:00 GMT\nRetry-After: Thu, 01 Jan 1970 00:01:00 GMT", time.Minute},

		{"forbidden_with_reset", 403, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: " + epoch(time.Minute), time.Minute},
		{"forbidden_with_reset_unused", 403, "X-RateLimit-Remaining: 1\nX-RateLimit-Reset: " + epoch(time.Minute), none},
		{"reset_in_milliseconds", 429, "X-RateLimit-Reset: " + epoch(time.Minute) + "000", time.Minute},
		{"reset_in_microseconds", 429, "X-RateLimit-Reset: " + epoch(time.Minute) + "000000", time.Minute},
		{"reset_in_nanoseconds", 429, "X-RateLimit-Reset: " + epoch(time.Minute) + "000000000", time.Minute},
		{"reset_of_iso", 429, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-22T12:01Z", time.Minute},
		{"reset_after_of_discord", 429, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: " + epoch(time.Minute) + ".25\nX-RateLimit-Reset-After: 1.25", 1250 * time.Millisecond},
		{"reset_of_openai", 429, "X-RateLimit-Remaining-Requests: 0\nX-RateLimit-Reset-Requests: 6m0s\nX-RateLimit-Remaining-Tokens: 9\nX-RateLimit-Reset-Tokens: 9h", 6 * time.Minute},
		{"reset_of_openai_in_milliseconds", 429, "X-RateLimit-Remaining-Tokens: 0\nX-RateLimit-Reset-Tokens: 59.7ms", 59700 * time.Microsecond},
		{"reset_of_anthropic", 429, "Anthropic-RateLimit-Requests-Remaining: 3\nAnthropic-RateLimit-Requests-Reset: 2026-11-22T13:00:00Z\n" +
			"Anthropic-RateLimit-Input-Tokens-Remaining: 0\nAnthropic-RateLimit-Input-Tokens-Reset: 2026-11-22T12:01:00Z", time.Minute},
		{"reset_with_negative_duration", 429, "X-RateLimit-Reset: -6m", none},

		{"retry_after_wins", 429, "Retry-After: 3\nRateLimit: \"a\";r=0;t=30", 3 * time.Second},
		{"invalid_retry_after_does_not", 429, "Retry-After: soon\nRateLimit: \"a\";r=0;t=30", 30 * time.Second},
		{"list", 429, `RateLimit: "default";r=0;t=30`, 30 * time.Second},
		{"list_of_tokens", 429, `RateLimit: default;r=0;t=30`, 30 * time.Second},
		{"list_with_spaces", 429, `RateLimit: "default" ; r=0 ; t=30`, 30 * time.Second},
		{"list_of_used_and_unused", 429, `RateLimit: "burst";r=0;t=3, "daily";r=95;t=8000`, 3 * time.Second},
		{"list_of_used", 429, `RateLimit: "burst";r=0;t=3, "daily";r=0;t=8000`, 8000 * time.Second},
		{"list_over_two_fields", 429, "RateLimit: \"burst\";r=0;t=3\nRateLimit: \"daily\";r=0;t=8000", 8000 * time.Second},
		{"list_with_hostile_names", 429, `RateLimit: "a;r=0;t=9,\"b";r=1;t=9, "c=d";r=0;t=4`, 4 * time.Second},
		{"list_unused", 429, `RateLimit: "default";r=1;t=30`, none},
		{"list_without_remaining", 429, `RateLimit: "default";t=30`, 30 * time.Second},
		{"list_without_remaining_nor_429", 503, `RateLimit: "default";t=30`, none},
		{"list_used_up_by_a_failure", 503, `RateLimit: "default";r=0;t=30`, 30 * time.Second},
		{"list_without_time", 429, `RateLimit: "default";r=0`, none},
		{"dictionary", 429, `RateLimit: limit=100, remaining=0, reset=30`, 30 * time.Second},
		{"dictionary_unused", 429, `RateLimit: limit=100, remaining=1, reset=30`, none},
		{"dictionary_with_policy", 429, `RateLimit: limit=100;w=60, remaining=0, reset=30`, 30 * time.Second},

		{"reset", 429, "RateLimit-Remaining: 0\nRateLimit-Reset: 30", 30 * time.Second},
		{"reset_only", 429, "RateLimit-Reset: 30", 30 * time.Second},
		{"reset_only_without_429", 502, "RateLimit-Reset: 30", none},
		{"reset_unused", 502, "RateLimit-Remaining: 4999\nRateLimit-Reset: 2400", none},
		{"reset_of_gitlab", 429, "RateLimit-Remaining: 0\nRateLimit-Reset: " + epoch(time.Minute), time.Minute},
		{"reset_of_github", 429, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: " + epoch(time.Minute), time.Minute},
		{"reset_of_github_in_an_outage", 502, "X-RateLimit-Remaining: 4999\nX-RateLimit-Reset: " + epoch(time.Hour), none},
		{"reset_of_twitter", 429, "x-rate-limit-remaining: 0\nx-rate-limit-reset: " + epoch(15*time.Minute), 15 * time.Minute},
		{"reset_in_the_past", 429, "X-RateLimit-Reset: " + epoch(-time.Minute), 0},
		{"reset_by_the_servers_clock", 429, "Date: " + later(time.Hour) + "\nX-RateLimit-Reset: " + epoch(time.Hour+time.Minute), time.Minute},
		{"reset_hostile", 429, "X-RateLimit-Reset: 99999999999999999999", forever},
		{"reset_garbage", 429, "X-RateLimit-Reset: tomorrow", none},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{}
			for line := range strings.Lines(row.header) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
				h.Add(name, strings.TrimPrefix(value, " "))
			}
			got, ok := hint(row.status, h, now)
			if !ok {
				got = none
			}
			if got != row.want {
				t.Errorf("hint = %v, want %v", got, row.want)
			}
		})
	}
}

// The hint is never negative, and is there only if it's said to be.
func FuzzHint(f *testing.F) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Add(503, "120", "", "", "", "")
	f.Add(503, "Fri, 31 Dec 1999 23:59:59 GMT", "", "", "", "Fri, 31 Dec 9999 23:59:59 GMT")
	f.Add(429, "", `"burst";r=0;t=3, "daily";r=95;t=8000`, "", "", "")
	f.Add(429, "", "limit=100, remaining=0, reset=50", "0", "50", "")
	f.Add(502, "9223372036854775808", `"\`, "1.5", "1735689600", "x")
	f.Fuzz(func(t *testing.T, status int, after, limit, remaining, reset, date string) {
		for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-", "X-Rate-Limit-"} {
			d, ok := hint(status, http.Header{
				"Retry-After":        {after},
				"Ratelimit":          {limit},
				prefix + "Remaining": {remaining},
				prefix + "Reset":     {reset},
				"Date":               {date},
			}, now)
			if d < 0 || !ok && d != 0 {
				t.Errorf("hint = %v, %v", d, ok)
			}
		}
	})
}

// A number of seconds is what arithmetic without limits says, as far as a Duration holds it; one since 1970 is a time.
func FuzzParseWhen(f *testing.F) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, s := range []string{"0", "120", "9223372036", "9223372037", "18446744073709551617", "1.5", "0.0000000001", "-1", "", " 7\t", "1795348805",
		"1795348805000", "4294967295.999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "1994-11-06T08:49:37.5+01:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseWhen(s)
		if got.from(now) < 0 || !ok && got != (when{}) {
			t.Errorf("parseWhen(%q) = %v, %v", s, got, ok)
		}
		whole, fraction, fractional := strings.Cut(trim(s), ".")
		valid := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
		if !valid(whole) || fractional && !valid(fraction) || len(trim(s)) > longestDate {
			return
		}
		if !ok {
			t.Fatalf("parseWhen(%q) is invalid", s)
		}
		n, _ := new(big.Int).SetString(whole, 10)
		if n.Cmp(big.NewInt(1e9)) >= 0 {
			if at := got.at; !at.IsZero() && (at.Year() < 2001 || at.Year() > 2106) {
				t.Errorf("parseWhen(%q) = %v", s, at)
			}
			return
		}
		want := new(big.Rat)
		want.SetString(trim(s))
		want.Mul(want, big.NewRat(int64(time.Second), 1))
		exact := new(big.Rat).SetInt64(int64(got.wait))
		if less := exact.Cmp(want) < 0; less || exact.Sub(exact, want).Cmp(big.NewRat(1, 1)) >= 0 {
			t.Errorf("parseWhen(%q) = %v", s, got.wait)
		}
	})
}

// A hint is only ever made longer, by a tenth at most, and not out of the time left.
func FuzzSpread(f *testing.F) {
	f.Add(int64(time.Second), int64(time.Minute))
	f.Add(int64(time.Minute), int64(time.Minute))
	f.Add(int64(math.MaxInt64), int64(0))
	f.Add(int64(0), int64(-1))
	f.Fuzz(func(t *testing.T, hint, timeLeft int64) {
		d, left := time.Duration(max(hint, 0)), time.Duration(timeLeft)
		got := spread(t.Context(), d, left)
		if got < d || got-d > d/10 || d < left && got >= left {
			t.Errorf("spread(%v, %v) = %v", d, left, got)
		}
	})
}

// Not all clients that were told the same come back at once.
func TestSpreadSpreads(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[spread(t.Context(), 30*time.Second, 5*time.Minute)] = true
	}
	if len(seen) < 50 {
		t.Errorf("100 clients come back at %d different times", len(seen))
	}
}

// Under zero settings of retrytest what is recorded is always the same.
func TestHintIsExactUnderRetrytest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for range 10 {
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
		req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		resp, err := NewClient(retry.Policy{Attempts: 2}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := record.Delays(); len(got) != 1 || got[0] != 2*time.Second {
			t.Fatalf("the delays are %v, want [2s]", got)
		}
	}
}
