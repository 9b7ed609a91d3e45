package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

var errDown = errors.New("server down")

// breaker opens at the second failure in a row.
func breaker(timeout time.Duration) *gobreaker.CircuitBreaker[any] {
	return gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Timeout:     timeout,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 2 },
		IsExcluded:  Left,
	})
}

// An open breaker is the end of a call that retries everything else. What is refused counts as an attempt of the call, and never reaches
// the server.
func ExampleBreak() {
	reached := 0
	policy := retry.Policy{
		Backoff: retry.List{0, 0, 0, 0, 0},
		Around:  Break(breaker(time.Minute)),
		RetryIf: func(err error) bool { return !Refused(err) },
		Observe: func(_ context.Context, e retry.Event) { fmt.Println(e.Attempt, e.Outcome(), e.Err) },
	}
	err := retry.Do(context.Background(), policy, func(context.Context) error {
		reached++
		return errDown
	})
	fmt.Println("the call returned:", err)
	fmt.Println("attempts that reached the server:", reached)
	// Output:
	// 1 retrying server down
	// 2 retrying server down
	// 3 stopped circuit breaker is open
	// the call returned: circuit breaker is open
	// attempts that reached the server: 2
}

// Attempts of many calls share three places.
func ExampleShare() {
	places := semaphore.NewWeighted(3)
	policy := retry.Policy{Around: Share(places)}
	places.Acquire(context.Background(), 3) // all are taken
	ctx, cancel := context.WithCancel(context.Background())
	call := retry.Start(ctx, policy, func(context.Context) (string, error) { return "never called", nil })
	cancel()
	_, err := call.Result()
	fmt.Println(errors.Is(err, context.Canceled))
	// Output: true
}

// Where it is worth it, a call waits for the breaker to close.
func TestCallThatWaitsForTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const open = 10 * time.Second
		up := time.Now().Add(15 * time.Second)
		var reached []time.Duration
		var told []string
		start := time.Now()
		policy := retry.Policy{
			Backoff: retry.Constant(0),
			Around:  Break(breaker(open)),
			Decide: func(d *retry.Decision) {
				if Refused(d.Err) {
					d.Delay = open
				}
			},
			Attempts: retry.Unlimited,
			Observe:  func(_ context.Context, e retry.Event) { told = append(told, fmt.Sprint(e.Outcome(), " ", e.Delay)) },
		}
		err := retry.Do(t.Context(), policy, func(context.Context) error {
			reached = append(reached, time.Since(start).Round(time.Second))
			if time.Now().Before(up) {
				return errDown
			}
			return nil
		})
		// Two failures open it. After ten seconds it lets one through, which fails; ten seconds later the next one succeeds.
		if got := fmt.Sprint(reached); err != nil || got != "[0s 0s 10s 20s]" {
			t.Errorf("%v; the server was reached at %s", err, got)
		}
		if got, want := strings.Join(told, ", "), "retrying 1ms, retrying 1ms, retrying 10s, retrying 1ms, retrying 10s, succeeded 0s"; got != want {
			t.Errorf("told: %s\nwant: %s", got, want)
		}
	})
}

// Attempts that time out count for the breaker; a caller that leaves doesn't.
func TestWhatTheBreakerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker(time.Minute)
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			call := retry.Start(ctx, retry.Policy{Around: Break(b)}, func(ctx context.Context) (int, error) { return 0, hang(ctx) })
			synctest.Wait()
			cancel()
			call.Result()
		}
		if s := b.State(); s != gobreaker.StateClosed {
			t.Errorf("callers that left made it %v", s)
		}
		retry.Do(t.Context(), retry.Policy{Around: Break(b), Timeout: time.Second, Backoff: retry.List{0, 0}}, hang)
		if s := b.State(); s != gobreaker.StateOpen {
			t.Errorf("timeouts left it %v", s)
		}
	})
}

// All attempts pass the limit, the retries as well, however many calls there are.
func TestAttemptsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := retry.Policy{Backoff: retry.List{0, 0, 0}, Around: Limit(rate.NewLimiter(10, 1)), Timeout: time.Millisecond}
		start := time.Now()
		var mu sync.Mutex
		attempts := 0
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				retry.Do(t.Context(), policy, func(ctx context.Context) error {
					mu.Lock()
					defer mu.Unlock()
					if attempts++; ctx.Err() != nil {
						t.Error("the wait counts towards Timeout")
					}
					return errDown
				})
			})
		}
		calls.Wait()
		if d := time.Since(start).Round(10 * time.Millisecond); attempts != 30 || d != 2900*time.Millisecond {
			t.Errorf("%d attempts in %v, want 30 in 2.9s", attempts, d)
		}
	})
}

// A call that gets no token in time gives up at once, and says what it failed with before.
func TestWaitForTheLimitCountsTowardsWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		reached := 0
		policy := retry.Policy{Backoff: retry.Constant(10 * time.Millisecond), Attempts: retry.Unlimited, Around: Limit(rate.NewLimiter(1, 1)), Within: 2500 * time.Millisecond}
		err := retry.Do(t.Context(), policy, func(context.Context) error { reached++; return errDown })
		if !errors.Is(err, retry.ErrTooLate) || !errors.Is(err, errDown) || reached != 3 {
			t.Errorf("%v after %d attempts", err, reached)
		}
		if d := time.Since(start); d > 2100*time.Millisecond {
			t.Errorf("it took %v to know", d)
		}
	})
}

// A place is held by attempts, not by calls that wait; and it comes back after a panic.
func TestPlacesAreHeldByAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		places := semaphore.NewWeighted(3)
		policy := retry.Policy{Backoff: retry.List{0, time.Minute}, Around: Share(places)}
		var mu sync.Mutex
		running, most := 0, 0
		start := time.Now()
		var calls sync.WaitGroup
		for range 30 {
			calls.Go(func() {
				retry.Do(t.Context(), policy, func(context.Context) error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
					return errDown
				})
			})
		}
		calls.Wait()
		// 30 attempts of a second by threes, the last of which begin after nine; a minute's delay that holds no place; and again.
		if d := time.Since(start); most != 3 || d != 71*time.Second {
			t.Errorf("%d at the same time, %v in all", most, d)
		}
		func() {
			defer func() { recover() }()
			retry.Do(t.Context(), policy, func(context.Context) error { panic("boom") })
		}()
		if !places.TryAcquire(3) {
			t.Error("a panic kept its place")
		}
	})
}

// Two compose: what the breaker refuses takes no token.
func TestBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := rate.NewLimiter(rate.Every(time.Hour), 2)
		policy := retry.Policy{Backoff: retry.List{0, 0, 0, 0, 0, 0}, Around: Both(Break(breaker(time.Minute)), Limit(limit))}
		start := time.Now()
		err := retry.Do(t.Context(), policy, func(context.Context) error { return errDown })
		var gaveUp *retry.Error
		if !errors.As(err, &gaveUp) || gaveUp.Attempts != 6 || !errors.Is(err, gobreaker.ErrOpenState) || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var reached, refused int
	if _, err := fmt.Sscanf(out.String(), "10 calls succeeded; %d attempts reached the server, the breaker refused %d\n", &reached, &refused); err != nil || reached < 15 || refused < 10 {
		t.Errorf("%q: %v", out.String(), err)
	}
}
