package retry_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func TestPolicySaysWhatItComesTo(t *testing.T) {
	b := retry.NewBudget(retry.BudgetSettings{})
	never := retry.NewBudget(retry.BudgetSettings{Ratio: 0.025, Cap: 5, Every: math.MaxInt64})
	linear := func(d time.Duration) time.Duration { return d + time.Second }
	for _, tt := range []struct {
		name   string
		policy retry.Policy
		want   string
	}{
		{"zero", retry.Policy{},
			`up to 10 attempts, the first at once, then after up to 10ms, 20ms, 40ms, 80ms, …, 2.56s; 5.11s of waiting at worst, 2.56s on average, no delay longer than 2.56s; no budget: in an outage 10 attempts for each call`},
		{"pointer", retry.Policy{Backoff: &retry.Exponential{Attempts: 2}},
			`up to 2 attempts, the first at once, then after up to 10ms; 10ms of waiting at worst, 5ms on average, no delay longer than 10ms; no budget: in an outage 2 attempts for each call`},
		{"no_jitter", retry.Policy{Backoff: retry.Exponential{Attempts: 6, Jitter: retry.None}},
			`up to 6 attempts, the first at once, then after 10ms, 20ms, 40ms, 80ms, 160ms; 310ms of waiting at worst, no delay longer than 160ms; no budget: in an outage 6 attempts for each call`},
		{"equal_jitter_without_end", retry.Policy{Backoff: retry.Exponential{Jitter: retry.Equal, Attempts: retry.Unlimited}},
			`attempts without end, the first at once, then after 5ms to 10ms, 10ms to 20ms, 20ms to 40ms, 40ms to 80ms, …, 1m to 2m again and again; no limit to the waiting, no delay longer than 2m; no budget: in an outage attempts without end for each call`},
		{"wait_first", retry.Policy{Backoff: retry.Exponential{WaitFirst: true, Attempts: 2}},
			`up to 2 attempts, the first after up to 10ms, 20ms; 30ms of waiting at worst, 15ms on average, no delay longer than 20ms; no budget: in an outage 2 attempts for each call`},
		{"two_billion_attempts", retry.Policy{Backoff: retry.Exponential{Attempts: 2e9, Max: time.Second}},
			`up to 2000000000 attempts, the first at once, then after up to 10ms, 20ms, 40ms, 80ms, …, 1s again and again; 555555h33m13s of waiting at worst, 277777h46m37s on average, no delay longer than 1s; no budget: in an outage 2000000000 attempts for each call`},
		{"linear", retry.Policy{Backoff: retry.Exponential{Grow: linear, Initial: time.Second, Attempts: 4, Jitter: retry.None}},
			`up to 4 attempts, the first at once, then after 1s, 2s, 3s; 6s of waiting at worst, no delay longer than 3s; no budget: in an outage 4 attempts for each call`},
		{"saturated", retry.Policy{Backoff: retry.Exponential{Initial: math.MaxInt64, Max: math.MaxInt64}},
			`up to 10 attempts, the first at once, then after up to 2562047h47m16.854775807s again and again; no limit to the waiting; no budget: in an outage 10 attempts for each call`},
		{"decorrelated", retry.Policy{Backoff: retry.Decorrelated{Attempts: 3, Initial: time.Second}},
			`up to 3 attempts, the first at once, then after 1s to 3s, 1s to 9s; 12s of waiting at worst, 5.5s on average, no delay longer than 9s; no budget: in an outage 3 attempts for each call`},
		{"decorrelated_without_end", retry.Policy{Backoff: retry.Decorrelated{Attempts: retry.Unlimited, Max: time.Second}},
			`attempts without end, the first at once, then after 10ms to 30ms, 10ms to 90ms, 10ms to 270ms, 10ms to 810ms, 10ms to 1s again and again; no limit to the waiting, no delay longer than 1s; no budget: in an outage attempts without end for each call`},
		{"list", retry.Policy{Backoff: retry.List{time.Second, 0, time.Minute}},
			`up to 3 attempts, the first after 1s, 0s, 1m; 1m1s of waiting at worst, no delay longer than 1m; no budget: in an outage 3 attempts for each call`},
		{"long_list", retry.Policy{Backoff: append(retry.List{0}, slices.Repeat(retry.List{time.Hour}, 2000)...)},
			`up to 2001 attempts, the first at once, then after 1h again and again; 2000h of waiting at worst, no delay longer than 1h; no budget: in an outage 2001 attempts for each call`},
		{"one_attempt", retry.Policy{Backoff: retry.List{0}}, `1 attempt, the first at once`},
		{"no_attempt", retry.Policy{Backoff: retry.List{}}, `no attempts`},
		{"seq", retry.Policy{Backoff: retry.Seq(retry.List{0, time.Minute}.Delays())},
			`up to 2 attempts, the first at once, then after 1m; 1m of waiting at worst, no delay longer than 1m; no budget: in an outage 2 attempts for each call`},
		{"seq_without_end", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) {
			for yield(time.Second) {
			}
		})}, `attempts without end, the first after 1s again and again; no limit to the waiting, no delay longer than 1s; no budget: in an outage attempts without end for each call`},
		{"timeout", retry.Policy{Timeout: 2 * time.Second, Backoff: retry.List{0, time.Second}},
			`up to 2 attempts, the first at once, then after 1s; 1s of waiting at worst, no delay longer than 1s; an attempt may take up to 2s, the whole call up to 5s; no budget: in an outage 2 attempts for each call`},
		{"within", retry.Policy{Within: time.Minute, Backoff: retry.List{0, time.Hour}},
			`up to 2 attempts, the first at once, then after 1h; 1m of waiting at worst, no delay longer than 1m; the whole call may take up to 1m; no budget: in an outage 2 attempts for each call`},
		{"timeout_without_end", retry.Policy{Timeout: time.Second, Backoff: retry.Exponential{Attempts: retry.Unlimited, Initial: 2 * time.Minute}},
			`attempts without end, the first at once, then after up to 2m again and again; no limit to the waiting, no delay longer than 2m; an attempt may take up to 1s, the whole call without end; no budget: in an outage attempts without end for each call`},
		{"budget", retry.Policy{Budget: b, Backoff: retry.List{0, 0}},
			`up to 2 attempts, the first at once, then after 0s; a budget allows 1.1 attempts for each call in the long run, beside 20 retries at once and one every 30s`},
		{"budget_without_trickle", retry.Policy{Budget: never, Backoff: retry.List{0, 0}},
			`up to 2 attempts, the first at once, then after 0s; a budget allows 1.025 attempts for each call in the long run, beside 5 retries at once`},
		{"unusable", retry.Policy{Within: -1}, `unusable policy: Within is -1ns; set none, or a positive one`},
		{"unusable_seq", retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) { yield(-1) })},
			`unusable policy: Backoff.Delays is -1ns: a delay can't be negative`},
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

// The plan's bounds hold for what the backoff really gives, and are reached; its mean is near.
func TestPlanIsTrueOfTheSchedule(t *testing.T) {
	linear := func(d time.Duration) time.Duration { return d + 7*time.Millisecond }
	for _, b := range []retry.Backoff{
		retry.Exponential{Rand: rand.New(rand.NewPCG(1, 2))},
		retry.Exponential{Rand: rand.New(rand.NewPCG(1, 2)), Jitter: retry.Equal, Max: 100 * time.Millisecond, Attempts: 20},
		retry.Exponential{Rand: rand.New(rand.NewPCG(1, 2)), Jitter: retry.None, WaitFirst: true},
		retry.Exponential{Rand: rand.New(rand.NewPCG(1, 2)), Grow: linear, Attempts: 30},
		retry.Decorrelated{Rand: rand.New(rand.NewPCG(1, 2))},
		retry.Decorrelated{Rand: rand.New(rand.NewPCG(1, 2)), Max: 50 * time.Millisecond, Attempts: 40, WaitFirst: true},
		retry.List{time.Second, 0, time.Minute},
	} {
		plan, err := retry.Policy{Backoff: b}.Plan()
		if err != nil {
			t.Fatal(err)
		}
		const runs = 10_000
		var mean, worst, longest time.Duration
		for range runs {
			var sum time.Duration
			i := 0
			for d := range b.Delays() {
				if r := plan.Delays[i]; d < r.Min || d > r.Max {
					t.Fatalf("%T: the delay before attempt %d was %v, planned for %v to %v", b, i+1, d, r.Min, r.Max)
				}
				longest = max(longest, d)
				sum += d
				i++
			}
			if i != plan.Attempts || i != len(plan.Delays) {
				t.Fatalf("%T: %d delays, planned for %d and listed %d", b, i, plan.Attempts, len(plan.Delays))
			}
			worst = max(worst, sum)
			mean += sum / runs
		}
		if worst > plan.MaxWait || worst < plan.MaxWait/8 || longest > plan.MaxDelay || longest < plan.MaxDelay/8 {
			t.Errorf("%T: waited for %v, planned for %v at worst; the longest delay was %v, planned for %v", b, worst, plan.MaxWait, longest, plan.MaxDelay)
		}
		if ratio := float64(mean) / float64(plan.MeanWait); ratio < 0.95 || ratio > 1.05 {
			t.Errorf("%T: waited for %v on average, planned for %v", b, mean, plan.MeanWait)
		}
	}
}

func TestPlanOfNonsense(t *testing.T) {
	plan, err := retry.Policy{Backoff: retry.Exponential{Attempts: -2}}.Plan()
	if !errors.Is(err, retry.ErrPolicy) || len(plan.Delays) != 0 {
		t.Errorf("got %v, %v", plan, err)
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(int64(0), int64(0), 0, false, 0, int64(0), int64(0), byte(0))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), math.MaxInt, true, 1, int64(math.MaxInt64), int64(1), byte(1))
	f.Add(int64(1), int64(1), -1, true, 2, int64(1), int64(math.MaxInt64), byte(2))
	f.Fuzz(func(t *testing.T, initial, most int64, attempts int, first bool, jitter int, timeout, within int64, kind byte) {
		i, m := time.Duration(initial), time.Duration(most)
		var b retry.Backoff = retry.Exponential{Initial: i, Max: m, Attempts: attempts, WaitFirst: first, Jitter: retry.Jitter(jitter)}
		switch kind % 3 {
		case 1:
			b = retry.Decorrelated{Initial: i, Max: m, Attempts: attempts % 50, WaitFirst: first}
		case 2:
			b = retry.List{i, m}
		}
		p := retry.Policy{Backoff: b, Timeout: time.Duration(timeout), Within: time.Duration(within)}
		plan, err := p.Plan()
		if err != nil {
			if !errors.Is(err, retry.ErrPolicy) {
				t.Errorf("got %v", err)
			}
			return
		}
		if plan.MaxWait < 0 || plan.MeanWait < 0 || plan.MeanWait > plan.MaxWait || plan.MaxDelay > plan.MaxWait || plan.MaxTime < 0 {
			t.Errorf("%+v", plan)
		}
		for _, d := range plan.Delays {
			if d.Min < 0 || d.Min > d.Mean || d.Mean > d.Max {
				t.Errorf("%+v", d)
			}
		}
		if text := p.String(); strings.Contains(text, "-") || strings.Contains(text, "\n") {
			t.Errorf("%s", text)
		}
	})
}
