package hedging

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
)

var all = flag.Bool("all", false, "run all libraries, and more seeds")

// hedgers are the ways to be looked at.
func hedgers() []peers.Hedger {
	if *all {
		return peers.AllHedgers()
	}
	return peers.AllHedgers()[:2]
}

// seeds are those to take the mean of.
func seeds() []uint64 {
	if *all {
		return []uint64{1, 2, 3}
	}
	return []uint64{1}
}

// report tells what is to be in a cell of a table.
func report(t *testing.T, table, column, library, cell string) {
	t.Attr("table", table)
	t.Attr("column", column)
	t.Attr("library", library)
	t.Attr("cell", cell)
	t.Logf("%s: %s", library, cell)
}

// name makes a text fit for the name of a test.
func name(text string) string {
	return strings.NewReplacer(" ", "_", ",", "").Replace(text)
}

// A tally is what calls came to.
type tally struct {
	mu       sync.Mutex
	attempts int
	failed   int
	took     []time.Duration // of all calls
}

func (a *tally) attempt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attempts++
}

func (a *tally) call(took time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, took)
	if err != nil {
		a.failed++
	}
}

// add adds what another tally has.
func (a *tally) add(b *tally) {
	a.attempts += b.attempts
	a.failed += b.failed
	a.took = append(a.took, b.took...)
}

// load is the number of attempts for each call.
func (a *tally) load() float64 { return float64(a.attempts) / float64(len(a.took)) }

// good is the share of calls that succeeded.
func (a *tally) good() float64 { return 1 - float64(a.failed)/float64(len(a.took)) }

// quantile is the time within which the fraction q of the calls had ended.
func (a *tally) quantile(q float64) time.Duration {
	slices.Sort(a.took)
	return a.took[min(int(q*float64(len(a.took))), len(a.took)-1)]
}

// A workload makes calls at random times, at some rate, for some time.
type workload struct {
	seed     uint64
	rate     float64 // calls a second
	lasts    time.Duration
	deadline time.Duration // of each call; 0 if it has none
}

// run makes the calls in virtual time. It tallies each by the phase in which it was made, as phase tells by the time since the
// beginning; phases are numbered from 0, and -1 isn't tallied. Serve makes an attempt.
func (w workload) run(t *testing.T, h peers.Hedger, usual time.Duration, phases int, phase func(time.Duration) int, serve func(context.Context) error) []*tally {
	tallies := make([]*tally, phases)
	for i := range tallies {
		tallies[i] = new(tally)
	}
	type key struct{}
	f := h.Make(usual, func(ctx context.Context, n int) (int, error) {
		if a, ok := ctx.Value(key{}).(*tally); ok {
			a.attempt()
		}
		return n, serve(ctx)
	})
	arrivals := rand.New(rand.NewPCG(w.seed, 1))
	var calls sync.WaitGroup
	for begun := time.Now(); ; {
		time.Sleep(time.Duration(arrivals.ExpFloat64() * float64(time.Second) / w.rate))
		since := time.Since(begun)
		if since >= w.lasts {
			break
		}
		var a *tally
		if i := phase(since); i >= 0 {
			a = tallies[i]
		}
		calls.Go(func() {
			ctx := t.Context()
			if a != nil {
				ctx = context.WithValue(ctx, key{}, a)
			}
			if w.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, w.deadline)
				defer cancel()
			}
			began := time.Now()
			_, err := f(ctx)
			if a != nil {
				a.call(time.Since(began), err)
			}
		})
	}
	calls.Wait()
	synctest.Wait()
	return tallies
}

// warm is the phase of what follows the first seconds, in which latencies aren't known yet.
func warm(since time.Duration) int {
	if since < 5*time.Second {
		return -1
	}
	return 0
}

// A source is random numbers for many goroutines.
type source struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newSource(seed, stream uint64) *source {
	return &source{r: rand.New(rand.NewPCG(seed, stream))}
}

func (s *source) draw(f func(*rand.Rand) float64) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.r)
}

// sleep waits for d, or until ctx is over, which is its error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// brief prints a latency.
func brief(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 10:
		return fmt.Sprintf("%.1f", ms)
	default:
		return fmt.Sprintf("%.0f", ms)
	}
}
