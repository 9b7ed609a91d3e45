package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats"
)

// waiting measures the memory of calls that wait, opening again with them, and how late they are when they are due: at 1,667 a second,
// evenly spread.
func waiting(n int, url string) error {
	if url != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s := retrynats.Settings{Dir: filepath.Join(dir, "queue"), AtOnce: Slots}
	first, spread := 10*time.Second+time.Duration(n)*time.Second/5000, time.Duration(n)*time.Second/1667
	p := retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) { yield(first + rand.N(spread+1)) })}
	e, err := retrynats.Open(ctx, s)
	if err != nil {
		return err
	}
	f, err := retrynats.Register[string, string](e, "bench.wait", p, nil)
	if err != nil {
		return err
	}
	before := heap()
	if _, err := fill(&durable{e, p, f}, "w", n, 500); err != nil {
		return err
	}
	after := heap()
	if err := e.Close(ctx); err != nil {
		return err
	}

	began := time.Now()
	if e, err = retrynats.Open(ctx, s); err != nil {
		return err
	}
	defer e.Close(ctx)
	opened := time.Since(began)
	var mu sync.Mutex
	var late []time.Duration
	all := make(chan struct{})
	if f, err = retrynats.Register(e, "bench.wait", p, func(ctx context.Context, _ string) (string, error) {
		now := time.Now()
		a, _ := retrynats.Current(ctx)
		mu.Lock()
		defer mu.Unlock()
		if late = append(late, now.Sub(a.Due)); len(late) == n {
			close(all)
		}
		return "ok", nil
	}); err != nil {
		return err
	}
	began = time.Now()
	c, err := f.Count(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-10s %d waiting: %.1f MB of heap, opened again in %v, counted in %v\n", "retrynats", c[retrynats.Waiting], float64(after-before)/(1<<20), opened.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	select {
	case <-all:
	case <-time.After(first + spread + 2*time.Minute):
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(late)
	early, _ := slices.BinarySearch(late, 0)
	if len(late) == 0 {
		return fmt.Errorf("none of %d calls was made", n)
	}
	fmt.Printf("%-10s %d of %d made: late p50 %v, p99 %v, max %v; early %d\n", "retrynats", len(late), n,
		late[len(late)/2].Round(time.Millisecond), late[len(late)*99/100].Round(time.Millisecond), late[len(late)-1].Round(time.Millisecond), early)
	return nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
