// Command bench measures durable calls, beside what a careful person writes by hand on a NATS work queue with NakWithDelay.
//
//	go run ./bench            all of it, on directories that are removed afterwards
//	go run ./bench -n 30000   with more calls
//	go run ./bench -only kill one part: starts, result, twice, waiting, kill
//
// Compare figures of one run only.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A queue is what is measured: retrynats, or the one by hand.
type queue interface {
	// start stores a job.
	start(ctx context.Context, key string) error
	// work makes attempts by calling attempt with the key and its number, and again a delay after it failed.
	work(attempt func(key string, n int) error) error
	close()
}

var queues = []struct {
	name string
	open func(ctx context.Context, dir string, delay time.Duration, url string) (queue, error)
}{
	{"retrynats", openDurable},
	{"by hand", openByHand},
}

func main() {
	if where := os.Getenv(variable); where != "" {
		fmt.Fprintln(os.Stderr, "bench:", victim(where))
		os.Exit(1)
	}
	n := flag.Int("n", 5000, "calls")
	only := flag.String("only", "", "one part")
	url := flag.String("url", "", "a server's, instead of directories")
	flag.Parse()
	fmt.Printf("%s, GOMAXPROCS %d, %d calls\n", runtime.Version(), runtime.GOMAXPROCS(0), *n)
	for _, p := range []struct {
		name string
		run  func(n int, url string) error
	}{{"starts", starts}, {"result", result}, {"twice", twice}, {"waiting", waiting}, {"kill", kill}} {
		if *only == "" || *only == p.name {
			if err := p.run(*n, *url); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", p.name, err)
				os.Exit(1)
			}
		}
	}
}

// each opens each queue in a directory of its own.
func each(delay time.Duration, url string, f func(name string, q queue) error) error {
	for _, k := range queues {
		dir, err := os.MkdirTemp("", "bench-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		q, err := k.open(context.Background(), filepath.Join(dir, "queue"), delay, url)
		if err != nil {
			return err
		}
		err = f(k.name, q)
		q.close()
		if err != nil {
			return err
		}
	}
	return nil
}

// fill starts n jobs from g goroutines and returns how many a second.
func fill(q queue, prefix string, n, g int) (float64, error) {
	began := time.Now()
	var wg sync.WaitGroup
	var i atomic.Int64
	var failure atomic.Pointer[error]
	for range g {
		wg.Go(func() {
			for k := i.Add(1); k <= int64(n); k = i.Add(1) {
				if err := q.start(context.Background(), fmt.Sprint(prefix, k)); err != nil {
					failure.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

func starts(n int, url string) error {
	return each(time.Hour, url, func(name string, q queue) error {
		for _, g := range []int{1, 64, 500} {
			r, err := fill(q, fmt.Sprint("s", g, "-"), n, g)
			if err != nil {
				return err
			}
			fmt.Printf("%-10s starts from %3d goroutines: %6.0f/s\n", name, g, r)
		}
		return nil
	})
}

// result measures from Start to the end of an attempt that succeeds at once.
func result(n int, url string) error {
	return each(time.Second, url, func(name string, q queue) error {
		done := make(chan struct{}, 1)
		if err := q.work(func(string, int) error { done <- struct{}{}; return nil }); err != nil {
			return err
		}
		var took []time.Duration
		for i := range 200 {
			began := time.Now()
			if err := q.start(context.Background(), fmt.Sprint("r", i)); err != nil {
				return err
			}
			<-done
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		fmt.Printf("%-10s from Start to the attempt's end: p50 %v, p99 %v\n", name, took[100].Round(10*time.Microsecond), took[198].Round(10*time.Microsecond))
		return nil
	})
}

// twice makes calls that fail twice, a second apart, and then succeed.
func twice(n int, url string) error {
	const delay = time.Second
	return each(delay, url, func(name string, q queue) error {
		var mu sync.Mutex
		due := map[string]time.Time{}
		var late []time.Duration
		var done, early atomic.Int64
		began := time.Now()
		if err := q.work(func(key string, i int) error {
			now := time.Now()
			mu.Lock()
			defer mu.Unlock()
			if d, ok := due[key]; ok {
				late = append(late, now.Sub(d))
				if now.Before(d) {
					early.Add(1)
				}
			}
			if i <= 2 {
				due[key] = now.Add(delay)
				return errDown
			}
			done.Add(1)
			return nil
		}); err != nil {
			return err
		}
		if _, err := fill(q, "t", n, 500); err != nil {
			return err
		}
		for done.Load() < int64(n) {
			time.Sleep(5 * time.Millisecond)
		}
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(late)
		fmt.Printf("%-10s fail twice, then succeed: %5.0f finished/s; late p50 %v, p99 %v, max %v; early %d\n", name, float64(n)/time.Since(began).Seconds(),
			late[len(late)/2].Round(time.Millisecond), late[len(late)*99/100].Round(time.Millisecond), late[len(late)-1].Round(time.Millisecond), early.Load())
		return nil
	})
}

// waiting measures the memory of calls that wait, and opening again with them.
func waiting(n int, url string) error {
	if url != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	dir = filepath.Join(dir, "queue")
	q, err := openDurable(context.Background(), dir, time.Hour, "")
	if err != nil {
		return err
	}
	before := heap()
	if _, err := fill(q, "w", n, 500); err != nil {
		return err
	}
	after := heap()
	q.close()
	began := time.Now()
	q, err = openDurable(context.Background(), dir, time.Hour, "")
	if err != nil {
		return err
	}
	opened := time.Since(began)
	began = time.Now()
	c, err := q.(*durable).f.Count(context.Background())
	if err != nil {
		return err
	}
	fmt.Printf("%-10s %d waiting: %.1f MB of heap, opened again in %v, counted in %v\n", "retrynats", c["waiting"], float64(after-before)/(1<<20), opened.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	q.close()
	return nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
