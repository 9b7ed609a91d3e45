package retry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// A position that is stored as JSON between all steps gives Do's exact timeline, by a clock that is nobody's.
func TestStepsAreThoseOfDo(t *testing.T) {
	notFound := errors.New("404")
	script := []error{errFlaky, notFound, errFlaky, retry.After(errFlaky, 3*time.Second), retry.Progress(errFlaky), notFound, errFlaky, notFound}
	for range 8 {
		script = append(script, errFlaky)
	}
	triple := func(d time.Duration) time.Duration { return d * 3 }
	one404 := func(d *retry.Decision) {
		if d.Err == notFound {
			d.Retry = d.Count("404") <= 1
		}
	}
	delays := retry.List{0, 1 * time.Second, 2 * time.Second, 3 * time.Second, 0, 0, 1}
	for name, p := range map[string]retry.Policy{
		"zero":          {},
		"ten":           {Backoff: exact, Attempts: 10},
		"list":          {Backoff: delays},
		"seq":           {Backoff: retry.Seq(delays.Delays())},
		"constant":      {Backoff: retry.Constant(time.Second), Attempts: 6},
		"grow":          {Backoff: retry.Exponential{Jitter: retry.NoJitter, Grow: triple}, Attempts: 9},
		"counts":        {Backoff: exact, Attempts: 10, Decide: one404},
		"within":        {Backoff: exact, Attempts: 10, Within: 3500 * time.Millisecond},
		"first":         {Backoff: retry.List{time.Second, time.Second}},
		"predicate":     {Backoff: exact, Attempts: 10, RetryIf: retry.On(errFlaky)},
		"budget":        {Backoff: exact, Attempts: 10, Budget: new(retry.Budget)},
		"decides_delay": {Backoff: exact, Attempts: 10, Decide: func(d *retry.Decision) { d.Delay = time.Duration(d.Attempt) * time.Minute }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if p.Backoff == nil {
					p.Backoff = retry.Exponential{Jitter: retry.NoJitter} // the default, comparable
				}
				fresh := func() {
					if p.Budget != nil {
						p.Budget = new(retry.Budget)
					}
				}
				fresh()
				l := begin()
				n := 0
				did := retry.Do(t.Context(), p, func(context.Context) error { l.mark(); n++; return script[n-1] })
				fresh()
				now := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
				start := now
				var at []time.Duration
				stored := []byte("{}")
				step := func(failure error) bool {
					var pos retry.Position
					if err := json.Unmarshal(stored, &pos); err != nil {
						t.Fatal(err)
					}
					next, wait, end := p.Next(pos, now, failure)
					stored, _ = json.Marshal(next)
					now = now.Add(wait)
					if end != nil && !sameEnd(end, did) {
						t.Errorf("stepping ended with %v, Do with %v", end, did)
					}
					return end == nil
				}
				for ok := step(nil); ok; {
					at = append(at, now.Sub(start))
					ok = step(script[len(at)-1])
				}
				if !slices.Equal(at, l.at) {
					t.Errorf("stepped at %v, Do at %v", at, l.at)
				}
			})
		})
	}
}

func sameEnd(a, b error) bool {
	x, ok := errors.AsType[*retry.Error](a)
	y, ok2 := errors.AsType[*retry.Error](b)
	if !ok || !ok2 {
		return a == b
	}
	return x.Attempts == y.Attempts && x.Elapsed == y.Elapsed && fmt.Sprint(x.Reason) == fmt.Sprint(y.Reason)
}

// What the retryer of an SDK is asked: the delay after the n-th attempt, and nothing else is known.
func TestNumberOfAttemptsIsEnoughForADelay(t *testing.T) {
	for n, want := range []time.Duration{10, 20, 40, 80} {
		p := retry.Policy{Backoff: exact, Attempts: 10}
		_, d, err := p.Next(retry.Position{Attempts: n, Delays: n + 1}, epoch, errFlaky)
		if d != want*time.Millisecond || err != nil {
			t.Error(n, d, err)
		}
		p.Backoff = retry.Exponential{Initial: 10 * time.Millisecond, Grow: func(d time.Duration) time.Duration { return 2 * d }, Jitter: retry.NoJitter}
		if _, d, err := p.Next(retry.Position{Attempts: n, Delays: n + 1}, epoch, errFlaky); d != want*time.Millisecond || err != nil {
			t.Error(n, d, err)
		}
	}
	// The first attempt was made without asking.
	if at, d, err := (retry.Policy{Backoff: exact}).Next(retry.Position{}, epoch, errFlaky); d != 10*time.Millisecond || err != nil || at.Delays != 2 {
		t.Error(at, d, err)
	}
}

func TestNextObeysHintsOfHoursAndMarks(t *testing.T) {
	p := retry.Policy{}
	at, d, err := p.Next(retry.Position{}, epoch, retry.After(errFlaky, 5*time.Hour))
	if d != 5*time.Hour || err != nil {
		t.Error(d, err)
	}
	if _, _, err = p.Next(at, epoch, retry.Stop(errFlaky)); !errors.Is(err, errFlaky) {
		t.Error(err)
	}
	p.Within = time.Hour
	if _, _, err = p.Next(at, epoch, retry.After(errFlaky, 5*time.Hour)); !errors.Is(err, retry.ErrTooLate) {
		t.Error(err)
	}
}

func TestNextDrawsASeedOnceAndKeepsIt(t *testing.T) {
	at, _, _ := retry.Policy{}.Next(retry.Position{}, epoch, nil)
	at, _, _ = retry.Policy{}.Next(at, epoch, errFlaky)
	seed := at.Seed
	at, _, _ = retry.Policy{}.Next(at, epoch, errFlaky)
	if seed == 0 || at.Seed != seed {
		t.Errorf("seeds %d, %d", seed, at.Seed)
	}
}

func TestNextLeavesTheStoredPositionAsItWas(t *testing.T) {
	p := retry.Policy{Decide: func(d *retry.Decision) { d.Count("x") }}
	at, _, _ := p.Next(retry.Position{}, epoch, errFlaky)
	if next, _, _ := p.Next(at, epoch, errFlaky); at.Counts["x"] != 1 || next.Counts["x"] != 2 {
		t.Errorf("counts %v, %v", at.Counts, next.Counts)
	}
}

func TestNextSaysWhatIsInvalidAndTakesNoToken(t *testing.T) {
	b := new(retry.Budget)
	for _, p := range []retry.Policy{{Within: -1, Budget: b}, {Backoff: retry.List{}, Budget: b}, {Backoff: retry.Seq(nil), Budget: b}, {Backoff: nilDelays{}, Budget: b}} {
		if _, _, err := p.Next(retry.Position{}, epoch, errFlaky); !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if b.Granted() != 0 {
		t.Error("a token was taken")
	}
}

func FuzzAnyPositionIsContinued(f *testing.F) {
	f.Add([]byte(`{"Attempts":3,"Delays":4,"Base":40000000,"Seed":9,"Counts":{"x":1}}`), int64(0))
	f.Add([]byte(`{"Attempts":-3,"Delays":-4,"Base":-40,"Last":-9}`), int64(-1))
	f.Add([]byte(`{"Attempts":9223372036854775807,"Delays":9223372036854775807,"Base":9223372036854775807,"Began":"0001-01-01T00:00:00Z"}`), int64(1)<<62)
	f.Fuzz(func(t *testing.T, stored []byte, after int64) {
		var at retry.Position
		if json.Unmarshal(stored, &at) != nil {
			return
		}
		for _, p := range []retry.Policy{{}, {Attempts: retry.Unlimited}, {Backoff: retry.Exponential{Jitter: retry.DecorrelatedJitter, Max: time.Second}, Attempts: 1000}, {Backoff: retry.List{0, 1, 2}}, {Backoff: retry.Seq(retry.List{0, 1}.Delays())}, {Within: time.Hour}} {
			next, d, end := p.Next(at, epoch.Add(time.Duration(after)), errFlaky)
			if d < 0 || d > 2*time.Minute || end == nil && next.Delays < at.Delays && at.Delays < math.MaxInt/2 {
				t.Fatalf("%+v of %+v: %+v, %v, %v", p, at, next, d, end)
			}
		}
	})
}
