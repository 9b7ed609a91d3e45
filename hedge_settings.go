package retry

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// HedgeSettings say when [Hedge] makes another attempt beside those that run. The zero value makes a second one when the first takes
// longer than 95 of 100 recent ones did, within a budget.
type HedgeSettings struct {
	// Name identifies what is hedged, in events and errors.
	Name string

	// Delay is the time after which another attempt is made. If it is 0, Quantile says. Beside a Quantile it is used until enough
	// latencies are known.
	Delay time.Duration

	// Quantile makes the delay that fraction of the latencies of recent attempts, at least a millisecond. If it is 0, it is 0.95 unless there
	// is a Delay; it is at most 0.99. Where more attempts than it leaves out are much slower than the others, as with one slow server of ten, the delay
	// is shorter: it comes before those. Until enough latencies are known (20 for 0.95, 100 for 0.99) the delay is Delay, or, if that is 0,
	// there are no further attempts.
	Quantile float64

	// MaxDelay limits the delay that Quantile gives. If it is 0, it is ten times the median latency.
	MaxDelay time.Duration

	// AtOnce makes all attempts at the same time, and takes the first success.
	AtOnce bool

	// Attempts is the maximum number of attempts, including the first. If it is 0, it is 2; at most 16.
	Attempts int

	// OnFailure makes the next attempt at once when one fails, unless the failure asks to wait by [After]. Otherwise a failed attempt is not
	// replaced: that is for [Get] to do, around a Hedge or in it.
	OnFailure bool

	// MaxInFlight limits the hedges that run at the same time, over all calls that share State. If it is 0, there is no such limit.
	MaxInFlight int

	// Budget limits the attempts other than the first. If it is nil, the one of State does: a tenth of recent successes, of which a hedge that
	// wins takes half of one, and one that doesn't two. So hedges are at most a twentieth of the calls if they are of no use, and at most a fifth.
	// Of what successes earn, only that of 0.3 seconds may be saved up, or ten, whatever the Budget.
	// A Budget that retries use as well gives a hedge nothing of its reserve of Min, and only while half of what it could have is there, so that hedges
	// leave something to retries. A success of the hedge earns for it, apart from that of a retrying call around it.
	Budget *Budget

	// Unlimited makes hedges without any budget. A queue near its limit may then never recover; see docs/hedging.md.
	Unlimited bool

	// State is what hedged functions remember together: the latencies, the budget, the hedges in flight. If it is nil, the hedged function has
	// its own. Give one where each call makes its own function.
	State *HedgeState

	// Drop, if not nil, is called with each value that isn't returned, for example to close it; also with a value that came with an
	// error, unless it is the zero value. It is called in the goroutine of its attempt, or of the caller. A panic in it is logged by
	// [log/slog.Default].
	Drop func(value any)

	// Observe, if not nil, is called with an [Event] for each attempt other than the first that is started or refused, and with one at
	// the end of each call, whose Hedge is the number of the attempt that was returned.
	Observe func(context.Context, Event)
}

// mostHedged is the most attempts of a hedge.
const mostHedged = 16

// A HedgeState is what hedged functions that share it by [HedgeSettings.State] remember. The zero value is ready to use. It must not
// be copied, and may be used by any number of goroutines.
type HedgeState struct {
	latencies latencies
	budget    Budget
	inFlight  atomic.Int64
}

// Budget returns the budget of hedges whose settings have none.
func (s *HedgeState) Budget() *Budget { return &s.budget }

// check panics if a setting makes no sense.
func (s *HedgeSettings) check() {
	if err := s.invalid(); err != nil {
		panic("retry: Hedge: " + err.Error())
	}
}

// invalid returns an error if a setting makes no sense.
func (s *HedgeSettings) invalid() error {
	bad := func(field string, value any, use string) error {
		return fmt.Errorf("HedgeSettings.%s is %v; %s", field, value, use)
	}
	switch {
	case s.Delay < 0:
		return bad("Delay", s.Delay, "a delay can't be negative")
	case s.MaxDelay < 0:
		return bad("MaxDelay", s.MaxDelay, "a delay can't be negative")
	case !(s.Quantile >= 0 && s.Quantile <= maxQuantile):
		return bad("Quantile", s.Quantile, fmt.Sprintf("it must be from 0, the default, to %v", maxQuantile))
	case s.Attempts < 0 || s.Attempts > mostHedged:
		return bad("Attempts", s.Attempts, "it must be from 0, the default of 2, to 16")
	case s.MaxInFlight < 0:
		return bad("MaxInFlight", s.MaxInFlight, "use 0 for no limit")
	case s.Unlimited && s.Budget != nil:
		return bad("Unlimited", true, "there is a Budget as well")
	case s.AtOnce && (s.Delay > 0 || s.Quantile > 0 || s.MaxDelay > 0):
		return bad("AtOnce", true, "there is a delay as well")
	}
	return s.Budget.check()
}

// complete returns the settings with their defaults.
func (s HedgeSettings) complete() HedgeSettings {
	s.Attempts = cmp.Or(s.Attempts, 2)
	if s.Delay == 0 && !s.AtOnce {
		s.Quantile = cmp.Or(s.Quantile, 0.95)
	}
	if s.State == nil {
		s.State = new(HedgeState)
	}
	return s
}

// delay returns how long to wait before each further attempt of a call that begins at the time at, and whether there is to be one.
func (s *HedgeSettings) delay(at time.Duration) (time.Duration, bool) {
	if s.Attempts == 1 {
		return 0, false
	}
	if s.Quantile != 0 {
		if d, median, ok := s.State.latencies.delay(at, s.Quantile); ok {
			most := cmp.Or(s.MaxDelay, times(median, 10))
			return max(min(d, most), shortestDelay) + 1, true // longer than the quantile: a tie is no hedge
		}
	}
	return s.Delay, s.Delay > 0 || s.AtOnce
}

// allows reports whether a hedge may be made at the time at. If so, it is paid for and counted, until it has left.
func (s *HedgeSettings) allows(at time.Duration) bool {
	n := s.State.inFlight.Add(1)
	ok := (s.MaxInFlight == 0 || n <= int64(s.MaxInFlight)) && s.pays(at)
	if !ok {
		s.leaves()
	}
	return ok
}

// leaves counts a hedge that is over.
func (s *HedgeSettings) leaves() { s.State.inFlight.Add(-1) }

// pays reports whether there is a budget for a hedge at the time at, and takes it from there.
func (s *HedgeSettings) pays(at time.Duration) bool {
	switch b := cmp.Or(s.Budget, &s.State.budget); {
	case s.Unlimited:
		return true
	case !s.State.latencies.spend(at, b.ratio()):
		b.refused.Add(1)
		return false
	case s.Budget != nil:
		return b.takeHalf(at)
	default:
		return b.take(at) != noPocket
	}
}

// settle tells the budget how the hedges of a call went.
func (s *HedgeSettings) settle(won bool, lost int) {
	if s.Unlimited {
		return
	}
	back := worth(won, lost)
	s.State.latencies.giveBack(back)
	if s.Budget == nil { // another one counts retries as well, one by one
		s.State.budget.earned.add(back)
	}
}

// earn records a success.
func (s *HedgeSettings) earn() {
	if s.Budget != nil {
		s.Budget.Earn()
	} else {
		s.State.budget.Earn()
	}
}
