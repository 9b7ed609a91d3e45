package retry_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
)

var soak = flag.Duration("soak", 2*time.Second, "how long TestSoak runs; a long run is for the race detector: -race -run Soak -soak 20m -timeout 30m")

// Everything at once: the four ways of calling and hedges, budgets, hooks that panic and exit, contexts that end at random. At the end
// goroutines and heap are back to where they were, and each call was told to have ended once.
func TestSoak(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(old)
	one := func(seed uint64) (begun, ended int64) {
		deadline := time.Now().Add(*soak / 2)
		budgets := []*retry.Budget{nil, {}, {Ratio: 1}}
		parent, cancel := context.WithCancel(context.Background())
		defer cancel()
		state := new(retry.HedgeState)
		var calls, ends atomic.Int64
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(w)))
				for time.Now().Before(deadline) {
					calls.Add(1)
					s := &session{r: rand.New(rand.NewPCG(r.Uint64(), 1)), ends: &ends, state: state}
					s.policy = retry.Policy{
						Name:     "soak",
						Attempts: []int{0, 1, 3, retry.Unlimited}[r.IntN(4)],
						Backoff:  s.backoff(r),
						Budget:   budgets[r.IntN(len(budgets))],
						Observe:  s.observe,
					}
					if r.IntN(3) == 0 {
						s.policy.Timeout = time.Duration(1 + r.IntN(int(2*time.Millisecond)))
					}
					if r.IntN(3) == 0 {
						s.policy.Within = time.Duration(1 + r.IntN(int(20*time.Millisecond)))
					}
					if r.IntN(3) == 0 {
						s.policy.Decide = s.decide
					}
					if r.IntN(3) == 0 {
						s.policy.Around = s.around
					}
					ctx := parent
					if r.IntN(2) == 0 {
						var stop context.CancelFunc
						ctx, stop = context.WithTimeout(parent, time.Duration(1+r.IntN(int(30*time.Millisecond))))
						defer stop()
					}
					outcome(func() { s.call(ctx, r.IntN(5)) })
				}
			})
		}
		wg.Wait()
		cancel()
		return calls.Load(), ends.Load()
	}
	one(1) // whatever is made once is made now
	goroutines, heap := settled(0)
	begun, ended := one(2)
	after, grown := settled(goroutines)
	if after > goroutines {
		t.Errorf("there were %d goroutines, and now there are %d", goroutines, after)
	}
	if grown > heap+8<<20 {
		t.Errorf("the heap grew from %d to %d kB", heap>>10, grown>>10)
	}
	if begun != ended {
		t.Errorf("%d calls were begun, %d ends were told", begun, ended)
	}
	t.Logf("%d calls; %d goroutines; heap %d to %d kB", begun, after, heap>>10, grown>>10)
}

// settled waits until there are no more goroutines than most, as far as that comes.
func settled(most int) (goroutines int, heap uint64) {
	for range 2000 {
		runtime.GC()
		if goroutines = runtime.NumGoroutine(); most > 0 && goroutines <= most {
			break
		}
		time.Sleep(time.Millisecond) // real goroutines of real timers end by themselves
		if most == 0 {
			most = -1
		} else if most < 0 {
			if most--; most < -100 {
				break
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return goroutines, m.HeapAlloc
}

// A session is one call of the soak.
type session struct {
	mu     sync.Mutex
	r      *rand.Rand
	policy retry.Policy
	ends   *atomic.Int64
	state  *retry.HedgeState
}

// chance is true once in n times.
func (s *session) chance(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.IntN(n) == 0
}

func (s *session) misbehave() {
	if s.chance(50) {
		panic("soak")
	}
	if s.chance(50) {
		runtime.Goexit()
	}
}

func (s *session) observe(_ context.Context, e retry.Event) {
	if !e.Retry {
		s.ends.Add(1)
		return
	}
	if s.chance(100) {
		s.ends.Add(1) // what has panicked isn't told again
		panic("in Observe")
	}
}

func (s *session) decide(d *retry.Decision) {
	s.misbehave()
	d.Count("soak")
	if s.chance(4) {
		d.Delay = time.Microsecond
	}
	if s.chance(10) {
		d.Err, d.Retry = errBusy, false
	}
}

func (s *session) around(ctx context.Context, attempt func(context.Context) error) error {
	s.misbehave()
	if s.chance(10) {
		return errBusy
	}
	return attempt(ctx)
}

func (s *session) backoff(r *rand.Rand) retry.Backoff {
	switch r.IntN(5) {
	case 0:
		return retry.List{0, time.Microsecond, 0, time.Millisecond, time.Millisecond}
	case 1:
		return retry.Seq(func(yield func(time.Duration) bool) {
			for range 10 {
				if !yield(time.Microsecond) {
					return
				}
			}
		})
	case 2:
		return retry.Constant(time.Microsecond)
	}
	return retry.Exponential{Initial: time.Microsecond, Max: time.Millisecond, Jitter: retry.Jitter(r.IntN(4))}
}

func (s *session) f(ctx context.Context) error {
	s.misbehave()
	switch {
	case s.chance(3):
		return nil
	case s.chance(10):
		return retry.Stop(errFlaky)
	case s.chance(10):
		return retry.After(errFlaky, time.Millisecond)
	case s.chance(20):
		return retry.Progress(errFlaky)
	case s.chance(5):
		t := time.NewTimer(time.Millisecond)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	return fmt.Errorf("attempt %d: %w", retry.Attempt(ctx), errFlaky)
}

func (s *session) call(ctx context.Context, way int) {
	switch way {
	case 0:
		retry.Do(ctx, s.policy, s.f)
	case 1:
		retry.Get(ctx, s.policy, valued(s.f))
	case 2:
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, s.policy) {
			if err := s.f(ctx); loop.Done(err) && s.chance(2) {
				break
			}
			if s.chance(20) {
				return
			}
		}
		if err := loop.Err(); errors.Is(err, retry.ErrInvalid) {
			panic(err)
		}
	case 3:
		call := retry.Start(ctx, s.policy, valued(s.f))
		call.Then(func(int, error) { s.misbehave() })
		call.Result()
	case 4:
		hedged := retry.Hedge(retry.HedgeSettings{Delay: 100 * time.Microsecond, Attempts: 3, State: s.state}, valued(s.f))
		retry.Get(ctx, s.policy, hedged)
	}
}
