package pictures

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

var draw = flag.Bool("draw", false, "write the pictures to docs/pictures")

const dir = "../../docs/pictures"

const ms = time.Millisecond

var errUnavailable = errors.New("503")

// work takes d, or less if ctx ends.
func work(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// recordCall makes a call whose first attempt fails, whose second one takes too long, and whose third one succeeds.
func recordCall(t *testing.T) (c call) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c = call{title: "A call, made of attempts, with a delay before each but the first", rows: []string{"attempts"}, step: 200 * ms}
		policy := retry.Policy{
			Backoff: retry.Exponential{Initial: 200 * ms, Jitter: retry.NoJitter},
			Timeout: 300 * ms,
			Observe: func(_ context.Context, e retry.Event) {
				now := time.Since(began)
				c.told = append(c.told, mark{now, e.Outcome()})
				if e.Retry {
					c.delays = append(c.delays, attempt{from: now, to: now + e.Delay, name: "delay " + e.Delay.String()})
				}
			},
		}
		err := retry.Do(t.Context(), policy, func(ctx context.Context) error {
			n := retry.Attempt(ctx)
			a := attempt{from: time.Since(began)}
			err := work(ctx, []time.Duration{180 * ms, time.Minute, 220 * ms}[n-1])
			if n == 1 {
				err = errUnavailable
			}
			a.to = time.Since(began)
			a.failed, a.cut = err != nil, errors.Is(err, retry.ErrTimeout)
			a.name = fmt.Sprintf("%d: ok", n)
			if a.cut {
				a.name = fmt.Sprintf("%d: timeout", n)
			} else if err != nil {
				a.name = fmt.Sprintf("%d: %v", n, err)
			}
			c.attempts = append(c.attempts, a)
			return err
		})
		c.end = time.Since(began)
		c.result = fmt.Sprintf("returns %v", err)
	})
	return c
}

// recordHedge makes a hedged call whose first attempt meets a slow server.
func recordHedge(t *testing.T) (c call) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c = call{title: "A hedged call: the second attempt begins when the first takes longer than most", rows: []string{"attempt 1", "attempt 2"},
			attempts: make([]attempt, 2), step: 20 * ms}
		var mu sync.Mutex
		var all sync.WaitGroup
		all.Add(2)
		settings := retry.HedgeSettings{Delay: 100 * ms, Observe: func(_ context.Context, e retry.Event) {
			text := e.Outcome()
			if text == "succeeded" {
				text = fmt.Sprintf("succeeded, by attempt %d", e.Hedge)
			}
			c.told = append(c.told, mark{time.Since(began), text})
		}}
		search := retry.Hedge(settings, func(ctx context.Context) (int, error) {
			defer all.Done()
			n := retry.Hedged(ctx)
			a := attempt{from: time.Since(began)}
			err := work(ctx, []time.Duration{time.Second, 70 * ms}[n-1])
			a.to = time.Since(began)
			a.name = "answers"
			if err != nil {
				a.name, a.cut, a.failed = "slow; its context ends", true, true
			}
			mu.Lock()
			defer mu.Unlock()
			c.attempts[n-1] = a
			return n, err
		})
		n, err := search(t.Context())
		c.end = time.Since(began)
		c.result = fmt.Sprintf("returns the answer of attempt %d, %v", n, err)
		all.Wait()
	})
	return c
}

// recordLevel makes ten calls a second, through an outage of half a minute.
func recordLevel(t *testing.T) (l level) {
	l = level{title: "What the level of a budget does: ten calls a second, and an outage of half a minute", from: 120 * time.Second, to: 150 * time.Second}
	const end = 240 * time.Second
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		budget := &retry.Budget{}
		var mu sync.Mutex
		attempts, calls := 0, 0
		// No two things happen at the same instant: calls begin at multiples of 100ms, attempts at 30, 90 and 10 beyond them.
		policy := retry.Policy{Budget: budget, Backoff: retry.Exponential{Initial: 130 * ms, Jitter: retry.NoJitter}}
		var all sync.WaitGroup
		for at := time.Duration(0); at < end; at += 100 * ms {
			all.Add(1)
			time.AfterFunc(at, func() {
				mu.Lock()
				calls++
				n := calls
				mu.Unlock()
				c := retry.Start(t.Context(), policy, func(ctx context.Context) (int, error) {
					mu.Lock()
					defer mu.Unlock()
					attempts++
					now := time.Since(began)
					if now >= l.from && now < l.to || n%50 == 0 && retry.Attempt(ctx) == 1 {
						return 0, errUnavailable
					}
					return 0, nil
				})
				c.Then(func(int, error) { all.Done() })
			})
		}
		time.Sleep(50 * ms)
		lastAttempts, lastCalls := 0, 0
		for at := time.Duration(0); at <= end; at += time.Second {
			mu.Lock()
			l.samples = append(l.samples, sample{at, budget.Available(), float64(attempts - lastAttempts), float64(calls - lastCalls)})
			lastAttempts, lastCalls = attempts, calls
			mu.Unlock()
			time.Sleep(time.Second)
		}
		all.Wait()
	})
	l.samples[0].attempts, l.samples[0].calls = 10, 10 // of the second that begins
	last := &l.samples[len(l.samples)-1]
	last.attempts, last.calls = l.samples[len(l.samples)-2].attempts, 10
	return l
}

// The pictures of the documentation show what is recorded now.
func TestPicturesAreUpToDate(t *testing.T) {
	for name, svg := range map[string]string{
		"call.svg":  recordCall(t).draw(),
		"hedge.svg": recordHedge(t).draw(),
		"level.svg": recordLevel(t).draw(),
	} {
		path := filepath.Join(dir, name)
		if *draw {
			if err := os.WriteFile(path, []byte(svg), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != svg {
			t.Errorf("%s isn't what is recorded now (%v); run: go test ./internal/pictures -draw", name, err)
		}
	}
}

// What the pictures say in words is so.
func TestWhatPicturesShow(t *testing.T) {
	c := recordCall(t)
	if c.end != 1300*ms || len(c.attempts) != 3 || !c.attempts[1].cut || len(c.told) != 3 {
		t.Errorf("the call: %+v", c)
	}
	h := recordHedge(t)
	if h.end != 170*ms || !h.attempts[0].cut || h.attempts[0].to != h.end {
		t.Errorf("the hedge: %+v", h)
	}
	l := recordLevel(t)
	before, during, after := l.samples[119], l.samples[135], l.samples[239]
	if before.level < 20 || during.level > 1 || during.attempts > 11 || after.level < 20 {
		t.Errorf("the level is %+v before, %+v in and %+v after the outage", before, during, after)
	}
}
