package promises

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

var schedules = []promise[peers.Library]{
	{
		text: "A jittered delay never passes the cap",
		how:  "delays double from 100ms up to 1s, jittered; 2000 attempts; the longest delay seen",
		run: func(t *testing.T, l peers.Library) finding {
			longest := slices.Max(jittered(l))
			return is(longest <= time.Second, "longest delay %v", longest.Round(time.Millisecond))
		},
		remarks: map[string]string{"cenkalti/backoff": "documented: the cap is of the interval before jitter"},
	},
	{
		text: "Jitter keeps spreading at the cap",
		how:  "the same; of the delays from the 20th on, how many are exactly 1s",
		run: func(t *testing.T, l peers.Library) finding {
			gaps, atCap := jittered(l)[19:], 0
			for _, gap := range gaps {
				if gap == time.Second {
					atCap++
				}
			}
			return is(atCap*100 < len(gaps), "%d of %d delays are exactly the cap", atCap, len(gaps))
		},
	},
	{
		text: "Two hundred doublings under a cap never shrink",
		how:  "delays double from 1s up to 1h, no jitter, 200 attempts",
		run: func(t *testing.T, l peers.Library) finding {
			r := fails(errDown)
			prepare(l, peers.Plan{Attempts: 200, Within: peers.Unlimited, Delay: time.Second, Max: time.Hour})(t.Context(), r.f)
			gaps := r.gaps()
			return is(r.attempts() == 200 && slices.IsSorted(gaps) && gaps[len(gaps)-1] == time.Hour,
				"%s, last delay %v", plural(r.attempts(), "attempt"), gaps[len(gaps)-1])
		},
	},
	{
		text: "A list of delays is followed to the digit",
		how:  "10ms, 5s, 1s",
		run: func(t *testing.T, l peers.Library) finding {
			list := []time.Duration{10 * time.Millisecond, 5 * time.Second, time.Second}
			r := fails(errDown)
			prepare(l, peers.Plan{Delays: list})(t.Context(), r.f)
			return is(slices.Equal(r.gaps(), list), "%v", r.gaps())
		},
	},
	{
		text: "A slow attempt is followed by the whole delay",
		how:  "each attempt takes 30s before it fails; delay 10s; the time from an attempt's end to the next one's start",
		run: func(t *testing.T, l peers.Library) finding {
			r := fails(errDown)
			r.took = 30 * time.Second
			prepare(l, peers.Plan{Attempts: 3, Delay: 10 * time.Second})(t.Context(), r.f)
			return is(slices.Min(r.gaps()) == 10*time.Second, "%v after a slow attempt", slices.Min(r.gaps()))
		},
		remarks: map[string]string{"rogpeppe/retry": "documented: its delays are between the starts of attempts"},
	},
	{
		text: "A nonsense setting never makes a hot loop",
		how:  "a delay of -1s, no limit of attempts, a function that always fails; the attempts in the first minute",
		run: func(t *testing.T, l peers.Library) (f finding) {
			defer func() {
				if v := recover(); v != nil {
					f = is(true, "panics when it is set: %v", v)
				}
			}()
			call, err := l.Make(peers.Plan{Attempts: peers.Unlimited, Delay: -time.Second})
			if err != nil {
				return is(true, "refused: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r := fails(errDown)
			_, err = call(ctx, r.f)
			if r.ranAway {
				return is(false, "%d attempts in %v, and on", runaway, r.elapsed())
			}
			return is(true, "%s: %v", plural(r.attempts(), "attempt"), err)
		},
	},
	{
		text: "A delay that would pass the call's own limit of time is not waited for",
		how:  "limit 1s, delay 10s, attempts of 1ms",
		run: func(t *testing.T, l peers.Library) finding {
			r := fails(errDown)
			r.took = time.Millisecond
			prepare(l, peers.Plan{Attempts: peers.Unlimited, Within: time.Second, Delay: 10 * time.Second})(t.Context(), r.f)
			return is(r.attempts() == 1 && r.elapsed() == r.took, "returned after %v and %s", r.elapsed(), plural(r.attempts(), "attempt"))
		},
	},
	{
		text: "A limit of time counts from the call",
		how:  "a policy with limit 1m and delay 1s is built, and used an hour later by a function that fails once",
		run: func(t *testing.T, l peers.Library) finding {
			call := prepare(l, peers.Plan{Within: time.Minute, Delay: time.Second, Attempts: 5})
			time.Sleep(time.Hour)
			r := failsWith(once(errDown))
			_, err := call(t.Context(), r.f)
			return is(err == nil, "%s, %s", plural(r.attempts(), "attempt"), outcome(err))
		},
	},
}

// jittered returns the delays of a long call with a cap of one second.
func jittered(l peers.Library) []time.Duration {
	r := fails(errDown)
	prepare(l, peers.Plan{
		Attempts: 2000, Within: peers.Unlimited, Delay: 100 * time.Millisecond, Max: time.Second, Jitter: true,
	})(context.Background(), r.f)
	return r.gaps()
}

// once fails the first attempt with err.
func once(err error) func(int) error {
	return func(n int) error {
		if n == 1 {
			return err
		}
		return nil
	}
}

func outcome(err error) string {
	if err == nil {
		return "success"
	}
	return fmt.Sprintf("failed: %v", err)
}
