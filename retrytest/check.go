package retrytest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// Bounds are upper limits for a policy; see [Check]. A field that is 0 is not checked.
type Bounds struct {
	Attempts int           // of one call
	Delay    time.Duration // the longest one
	Wait     time.Duration // the sum of the delays of one call
	Load     float64       // attempts for each call in a long outage: see [retry.Plan]
}

// GoString returns b in Go syntax.
func (b Bounds) GoString() string {
	var fields []string
	if b.Attempts != 0 {
		fields = append(fields, fmt.Sprintf("Attempts: %d", b.Attempts))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"Delay", b.Delay}, {"Wait", b.Wait}} {
		if d.value != 0 {
			fields = append(fields, d.name+": "+goDuration(d.value))
		}
	}
	switch {
	case math.IsInf(b.Load, 1):
		fields = append(fields, "Load: math.Inf(1)")
	case b.Load != 0:
		fields = append(fields, fmt.Sprintf("Load: %v", b.Load))
	}
	return "retrytest.Bounds{" + strings.Join(fields, ", ") + "}"
}

func goDuration(d time.Duration) string {
	if d == math.MaxInt64 {
		return "math.MaxInt64"
	}
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"time.Hour", time.Hour}, {"time.Minute", time.Minute}, {"time.Second", time.Second}, {"time.Millisecond", time.Millisecond}, {"time.Microsecond", time.Microsecond}} {
		if d%unit.size == 0 {
			return fmt.Sprintf("%d * %s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}

// Check makes t fail if p can exceed the bounds in most, or can't be used. As a line in a test it prevents that somebody
// makes a policy worse without noticing. The bounds are compared with those of [retry.Policy.Plan]; then a
// hundred calls that always fail, with their delays skipped, check that attempts and delays stay within
// the plan. These calls don't use p's Budget, and its Observe isn't told of them. If p exceeds a bound, the
// message has the Bounds that p keeps, ready to be copied. With empty Bounds, Check fails and tells them.
func Check(t TB, p retry.Policy, most Bounds) {
	t.Helper()
	plan, err := p.Plan()
	if err != nil {
		t.Errorf("retrytest: %v", err)
		return
	}
	longest := slices.Max(plan.Delays)
	if p.Within > 0 {
		longest = min(longest, p.Within)
	}
	got := Bounds{plan.Attempts, longest, plan.MaxWait, plan.Load}
	if plan.Attempts == retry.Unlimited {
		got.Attempts = math.MaxInt
	}
	var broken []string
	switch {
	case most == (Bounds{}):
		broken = append(broken, "no bounds are given")
	case plan.Attempts == retry.Unlimited && most.Attempts != 0:
		broken = append(broken, fmt.Sprintf("unlimited attempts, more than %d", most.Attempts))
	case got.Attempts > most.Attempts && most.Attempts != 0:
		broken = append(broken, fmt.Sprintf("%d attempts, more than %d", got.Attempts, most.Attempts))
	}
	if got.Delay > most.Delay && most.Delay != 0 {
		broken = append(broken, fmt.Sprintf("a delay of %v, more than %v", got.Delay, most.Delay))
	}
	if got.Wait > most.Wait && most.Wait != 0 {
		broken = append(broken, fmt.Sprintf("%v of waiting, more than %v", got.Wait, most.Wait))
	}
	// 1.1 as a constant may be a little less than 1 + 0.1.
	if got.Load > most.Load*(1+1e-9) && most.Load != 0 {
		broken = append(broken, fmt.Sprintf("%v attempts for each call in an outage, more than %v", got.Load, most.Load))
	}
	if broken != nil {
		if plan.Attempts == retry.Unlimited {
			got.Attempts = 0 // there is no bound to copy
		}
		t.Errorf("retrytest: %s\nThe policy keeps %#v.\nIt is %v", strings.Join(broken, "; "), got, p)
		return
	}
	prove(t, p, plan, longest)
}

// prove makes calls that fail, and compares them with the plan.
func prove(t TB, p retry.Policy, plan retry.Plan, most time.Duration) {
	t.Helper()
	p.Budget, p.Observe, p.RetryIf, p.Decide, p.Around = nil, nil, nil, nil, nil
	for seed := range uint64(100) {
		const enough = 1000 // attempts, of a policy that makes more or never ends
		ctx, record := Context(context.Background(), Settings{Seed: seed, Attempts: enough})
		attempts := 0
		_ = retry.Do(ctx, p, func(context.Context) error { // how it ended is in the record
			attempts++
			return ErrScripted
		})
		var longest, total time.Duration
		for _, d := range record.Delays() {
			longest = max(longest, d)
			total += min(d, math.MaxInt64-total)
		}
		// Within ends calls that really wait; these don't.
		if p.Within > 0 {
			longest, total = min(longest, p.Within), min(total, p.Within)
		}
		if plan.Attempts != retry.Unlimited && attempts > plan.Attempts || longest > most || total > plan.MaxWait {
			t.Errorf("retrytest: a call made %d attempts, with delays of up to %v and of %v together. The plan of the policy was %v\n"+
				"Its Backoff gives other delays each time. Test that Backoff by itself.", attempts, longest, total, plan)
			return
		}
	}
}
