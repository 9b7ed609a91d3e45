package retrysim_test

import (
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

var long = flag.Bool("retrysim.long", false, "run the models with as many runs as docs/simulation.md says")

// conflicts is the scenario of Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), as its public simulator
// has it: clients that read and write the same row, each until it has written it once.
func conflicts(clients int, b retry.Backoff, seed uint64) retrysim.Scenario {
	return retrysim.Scenario{
		Policy:  retry.Policy{Attempts: endless, Backoff: b},
		Clients: clients,
		Network: retrysim.Normal(10*time.Millisecond, 2*time.Millisecond),
		Server:  retrysim.Server{Optimistic: true},
		Seed:    seed,
	}
}

// published is decorrelated jitter as in the article, where the draw is capped. retry.DecorrelatedJitter caps what is drawn from, so it
// keeps spreading at the cap.
type published struct{ random *rand.Rand }

func (p published) Delays() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		const base, most = 5 * time.Millisecond, 2 * time.Second
		last := base
		for ok := yield(0); ok; ok = yield(last) {
			last = min(most, base+time.Duration(p.random.Int64N(int64(3*last-base))))
		}
	}
}

func TestExponentialBackoffAndJitter(t *testing.T) {
	exponential := func(j retry.Jitter) func(uint64) retry.Backoff {
		return func(uint64) retry.Backoff {
			return retry.Exponential{Initial: 10 * time.Millisecond, Max: 2 * time.Second, Jitter: j}
		}
	}
	clients := []int{10, 50, 100, 190}
	for _, test := range []struct {
		name  string
		b     func(seed uint64) retry.Backoff
		ms    [4]float64
		calls [4]float64
	}{
		{"none", func(uint64) retry.Backoff { return retry.Constant(0) }, [4]float64{379, 1140, 2028, 3539}, [4]float64{51, 690, 2422, 8004}},
		{"exponential", exponential(retry.NoJitter), [4]float64{3400, 36297, 63422, 101341}, [4]float64{51, 623, 1856, 5167}},
		{"equal", exponential(retry.EqualJitter), [4]float64{724, 4232, 6632, 9433}, [4]float64{42, 347, 812, 1760}},
		{"full", exponential(retry.FullJitter), [4]float64{461, 2935, 4903, 7437}, [4]float64{39, 333, 796, 1772}},
		{"decorrelated, published", func(seed uint64) retry.Backoff { return published{rand.New(rand.NewPCG(seed, 0))} },
			[4]float64{442, 2214, 4640, 7845}, [4]float64{38, 375, 1002, 2434}},
		{"decorrelated", func(uint64) retry.Backoff {
			return retry.Exponential{Initial: 5 * time.Millisecond, Max: 2 * time.Second, Jitter: retry.DecorrelatedJitter}
		}, [4]float64{0, 0, 4257, 6788}, [4]float64{0, 0, 1002, 2445}},
	} {
		for i, n := range clients {
			if raced && n != 100 {
				continue
			}
			runs := max(4000/n, 30) // the larger ones vary less
			if *long {
				runs = 1000
			}
			t.Run(fmt.Sprintf("%s/%d", test.name, n), func(t *testing.T) {
				var ms, calls sample
				for seed := range uint64(runs) {
					r := run(t, conflicts(n, test.b(seed), seed))
					ms.add(float64(r.End.Microseconds()) / 1000)
					calls.add(float64(r.Attempts))
				}
				t.Logf("%d runs: %.0f ms / %.0f calls", runs, ms.mean(), calls.mean())
				if test.ms[i] != 0 {
					ms.want(t, test.ms[i])
					calls.want(t, test.calls[i])
				}
			})
		}
	}
}
