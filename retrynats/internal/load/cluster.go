package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/callagain/retry/retrynats/internal/trio"
)

// cluster measures three nats-server processes on this machine, and how long the death of a leader stops starts and attempts.
func cluster(n int, url string) error {
	if url != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := trio.Build(dir)
	if err != nil {
		return err
	}
	ss, url, err := trio.Start(bin, dir, 3, "")
	defer func() {
		for _, s := range ss {
			s.Kill()
		}
	}()
	if err != nil {
		return err
	}
	fmt.Println("three servers:")
	if err := twiceOf([]Kind{{"retrynats", Durable}}, n, url); err != nil {
		return err
	}
	const delay = time.Second
	q, err := Durable(context.Background(), "", delay, url)
	if err != nil {
		return err
	}
	defer q.Close()
	var mu sync.Mutex
	var starts, attempts []time.Time
	var late []time.Duration
	due := map[string]time.Time{}
	if err := q.Work(func(key string, i int) error {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		attempts = append(attempts, now)
		if d, ok := due[key]; ok {
			late = append(late, now.Sub(d))
		}
		if i > 2 {
			delete(due, key)
			return nil
		}
		due[key] = now.Add(delay)
		return errDown
	}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				err := q.Start(ctx, fmt.Sprint("l", g, "-", i))
				mu.Lock()
				if err == nil {
					starts = append(starts, time.Now())
				}
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	defer wg.Wait()
	defer stop()
	for _, what := range []string{store.CallsStream, store.WakeStream, record.Consumer("bench.work")} {
		time.Sleep(5 * time.Second)
		leader, err := trio.Leader(url, what)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(ss, func(s *trio.Server) bool { return s.Name == leader })
		if i < 0 {
			return errors.New("no server is the leader " + leader)
		}
		mu.Lock()
		starts, attempts, late = starts[:0], attempts[:0], late[:0]
		mu.Unlock()
		ss[i].Kill()
		killed := time.Now()
		time.Sleep(20 * time.Second)
		mu.Lock()
		for _, d := range due { // and those that are late and not made yet
			late = append(late, time.Since(d))
		}
		fmt.Printf("%-10s the leader of %s died: no start for %v, no attempt for %v, latest attempt %v late\n", "retrynats", what,
			gap(killed, starts).Round(10*time.Millisecond), gap(killed, attempts).Round(10*time.Millisecond), slices.Max(append(late, 0)).Round(10*time.Millisecond))
		mu.Unlock()
		if err := ss[i].Start(); err != nil {
			return err
		}
	}
	return nil
}

// gap returns the longest time without one of the events, until now.
func gap(from time.Time, events []time.Time) (longest time.Duration) {
	for _, t := range append(events, time.Now()) {
		longest = max(longest, t.Sub(from))
		from = t
	}
	return longest
}
