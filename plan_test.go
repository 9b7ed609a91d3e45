package retry_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func TestPolicySaysWhatItComesTo(t *testing.T) {
	linear := func(d time.Duration) time.Duration { return d + time.Second }
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		want   string
	}{
		{"zero", retry.Policy{},
			`up to 4 attempts, the first at once, then after up to 100ms, 200ms, 400ms; 700ms of waiting at most, 350ms on average; without a budget, an outage gets 4 times the calls`},
		{"pointer", retry.Policy{Backoff: &retry.Exponential{}, Attempts: 2},
			`up to 2 attempts, the first at once, then after up to 100ms; 100ms of waiting at most, 50ms on average; without a budget, an outage gets 2 times the calls`},
		{"the_notes", retry.Policy{Backoff: exact, Attempts: 10},
			`up to 10 attempts, the first at once, then after 10ms, 20ms, 40ms, 80ms … 2.56s; 5.11s of waiting at most; without a budget, an outage gets 10 times the calls`},
		{"growing_without_end", retry.Policy{Backoff: retry.Exponential{Initial: time.Second, Jitter: retry.EqualJitter}, Attempts: retry.Unlimited},
			`any number of attempts, the first at once, then after up to 1s, 2s, 4s, 8s … 2m each time; no limit to the waiting; without a budget, an outage gets attempts without end for each call`},
		{"linear_without_end", retry.Policy{Backoff: retry.Exponential{Initial: time.Second, Grow: linear, Max: math.MaxInt64, Jitter: retry.NoJitter}, Attempts: retry.Unlimited},
			`any number of attempts, the first at once, then after 1s, 2s, 3s, 4s … 16m39s and so on; no limit to the waiting; without a budget, an outage gets attempts without end for each call`},
		{"constant", retry.Policy{Backoff: retry.Constant(5 * time.Second), Attempts: retry.Unlimited, Within: time.Minute},
			`any number of attempts, the first at once, then after 5s each time; 1m of waiting at most; the whole call may take up to 1m; without a budget, an outage gets attempts without end for each call`},
		{"wait_first", retry.Policy{Backoff: retry.Exponential{WaitFirst: true}, Attempts: 2},
			`up to 2 attempts, the first after up to 100ms, 200ms; 300ms of waiting at most, 150ms on average; without a budget, an outage gets 2 times the calls`},
		{"two_billion_attempts", retry.Policy{Backoff: retry.Exponential{Max: time.Second}, Attempts: 2e9},
			`up to 2000000000 attempts, the first at once, then after up to 100ms, 200ms, 400ms, 800ms, 1s each time; 555555h33m17s of waiting at most, 277777h46m38s on average; without a budget, an outage gets 2000000000 times the calls`},
		{"saturated", retry.Policy{Backoff: retry.Exponential{Initial: math.MaxInt64, Max: math.MaxInt64}},
			`up to 4 attempts, the first at once, then after up to 2562047h47m16.854775807s, 2562047h47m16.854775807s, 2562047h47m16.854775807s; no limit to the waiting; without a budget, an outage gets 4 times the calls`},
		{"list", retry.Policy{Backoff: retry.List{time.Second, 0, time.Minute}},
			`up to 3 attempts, the first after 1s, 0s, 1m; 1m1s of waiting at most; without a budget, an outage gets 3 times the calls`},
		{"long_list", retry.Policy{Backoff: append(retry.List{0}, slices.Repeat(retry.List{time.Hour}, 2000)...)},
			`up to 2001 attempts, the first at once, then after 1h each time; 2000h of waiting at most; without a budget, an outage gets 2001 times the calls`},
		{"shortened_list", retry.Policy{Backoff: retry.List{0, 0, 0, 0}, Attempts: 2},
			`up to 2 attempts, the first at once, then after 0s; 0s of waiting at most; without a budget, an outage gets 2 times the calls`},
		{"one_attempt", retry.Policy{Backoff: retry.List{0}}, `1 attempt, the first at once`},
		{"seq", retry.Policy{Backoff: retry.Seq(retry.List{0, time.Minute}.Delays())},
			`up to 2 attempts, the first at once, then after 1m; 1m of waiting at most; without a budget, an outage gets 2 times the calls`},
		{"seq_without_end", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) {
			for yield(time.Second) {
			}
		})}, `any number of attempts, the first after 1s each time; no limit to the waiting; without a budget, an outage gets attempts without end for each call`},
		{"embedded", retry.Policy{Backoff: lastTwice{}},
			`up to 2 attempts, the first after 1m, 1m; 2m of waiting at most; without a budget, an outage gets 2 times the calls`},
		{"timeout", retry.Policy{Timeout: 2 * time.Second, Backoff: retry.List{0, time.Second}},
			`up to 2 attempts, the first at once, then after 1s; 1s of waiting at most; an attempt may take up to 2s, the whole call up to 5s; without a budget, an outage gets 2 times the calls`},
		{"timeout_without_end", retry.Policy{Timeout: time.Second, Backoff: retry.Exponential{Initial: 2 * time.Minute}, Attempts: retry.Unlimited},
			`any number of attempts, the first at once, then after up to 2m each time; no limit to the waiting; an attempt may take up to 1s, the whole call has no limit; without a budget, an outage gets attempts without end for each call`},
		{"budget", retry.Policy{Budget: new(retry.Budget), Backoff: retry.List{0, 0}},
			`up to 2 attempts, the first at once, then after 0s; 0s of waiting at most; with the budget, an outage gets 1.1 times the calls, besides 3 retries at once and one every 1m`},
		{"invalid", retry.Policy{Within: -1}, `invalid policy: Within is -1ns; use 0 for no limit`},
		{"invalid_list", retry.Policy{Backoff: retry.List{}}, `invalid policy: Backoff is an empty List, which allows no attempt; List{0} makes one`},
		{"invalid_seq", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) { yield(-1) })},
			`invalid policy: Backoff gives a delay of -1ns`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.String(); got != "retry: "+tt.want {
				t.Errorf("got  %s\nwant retry: %s", got, tt.want)
			}
			tt.policy.Name = "S3"
			if got := fmt.Sprint(tt.policy); got != `retry "S3": `+tt.want {
				t.Errorf("with a name, and as a value: %s", got)
			}
		})
	}
}

// The plan's bounds hold for what the schedule really gives, and are nearly reached; its mean is near.
func TestPlanIsTrueOfTheSchedule(t *testing.T) {
	linear := func(d time.Duration) time.Duration { return d + 7*time.Millisecond }
	for _, p := range []retry.Policy{
		{},
		{Backoff: retry.Exponential{Jitter: retry.EqualJitter, Max: time.Second}, Attempts: 20},
		{Backoff: retry.Exponential{Jitter: retry.NoJitter, WaitFirst: true}, Attempts: 9},
		{Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter}, Attempts: 6},
		{Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter, Max: time.Second, WaitFirst: true}, Attempts: 30},
		{Backoff: retry.Exponential{Grow: linear}, Attempts: 30},
		{Backoff: retry.Constant(time.Second), Attempts: 5},
		{Backoff: retry.List{0, 5, 3}},
	} {
		plan, err := p.Plan()
		if err != nil {
			t.Fatal(err)
		}
		const runs = 20_000
		var sum, most float64
		for seed := range uint64(runs) {
			delays := planned(t, p, seed+1, 1000)
			if len(delays) != plan.Attempts || len(delays) != len(plan.Delays) {
				t.Fatalf("%v: %d attempts", p, len(delays))
			}
			var total time.Duration
			for i, d := range delays {
				if total += d; d > plan.Delays[i] {
					t.Fatalf("%v: delay %d is %v, planned %v", p, i, d, plan.Delays[i])
				}
			}
			sum += float64(total)
			most = max(most, float64(total))
		}
		if mean := sum / runs; math.Abs(mean-float64(plan.MeanWait)) > 0.05*mean {
			t.Errorf("%v: the mean wait is %v", p, time.Duration(mean))
		}
		if most > float64(plan.MaxWait) || most < 0.5*float64(plan.MaxWait) && plan.Attempts < 10 && p.Backoff == nil {
			t.Errorf("%v: the longest wait is %v", p, time.Duration(most))
		}
	}
}

func TestPlanMadeByHandPrints(t *testing.T) {
	for _, l := range []retry.Plan{{}, {Attempts: 3}, {Attempts: retry.Unlimited}, {Attempts: 1}, {Attempts: 3, Delays: []time.Duration{0}}, {Attempts: -7, Delays: []time.Duration{-1}}} {
		if s := l.String(); s == "" || strings.Contains(s, "%!") {
			t.Errorf("%#v is %q", l, s)
		}
	}
}
