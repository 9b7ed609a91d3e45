// Package load is the work that bench and peers measure queues by.
package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Queue is what is measured.
type Queue interface {
	// Start stores a job.
	Start(ctx context.Context, key string) error
	// Work makes attempts by calling attempt with the key and its number, and again a delay after it failed.
	Work(attempt func(key string, n int) error) error
	Close()
}

// A Kind of queues. Open opens one over a directory of its own, or one that was used before.
type Kind struct {
	Name string
	Open func(ctx context.Context, dir string, delay time.Duration, url string) (Queue, error)
}

// What all queues are given.
const (
	Body     = "some payload of a webhook, not so long and not so short ......................................"
	Attempts = 4    // of a job
	Slots    = 2000 // attempts at once
)

var errDown = errors.New("down")

var kinds []Kind

// Main is the command, or a process that is started by it to be killed.
func Main(ks ...Kind) error {
	kinds = ks
	if where := os.Getenv(variable); where != "" {
		return victim(where)
	}
	n := flag.Int("n", 5000, "calls")
	only := flag.String("only", "", "one part")
	url := flag.String("url", "", "a server's, instead of directories")
	profile := flag.String("cpuprofile", "", "a file for a profile")
	flag.Parse()
	return measure(*n, *only, *url, *profile)
}

func measure(n int, only, url, profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	b, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%s, GOMAXPROCS %d, %d calls; load at the begin: %s\n", runtime.Version(), runtime.GOMAXPROCS(0), n, strings.TrimSpace(string(b)))
	for _, p := range []struct {
		name string
		run  func(n int, url string) error
	}{{"starts", starts}, {"result", result}, {"twice", twice}, {"waiting", waiting}, {"kill", kill}, {"cluster", cluster}} {
		if only == "" || only == p.name {
			if err := p.run(n, url); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// each opens each queue in a directory of its own.
func each(kinds []Kind, delay time.Duration, url string, f func(name string, q Queue) error) error {
	for _, k := range kinds {
		dir, err := os.MkdirTemp("", "bench-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		q, err := k.Open(context.Background(), filepath.Join(dir, "queue"), delay, url)
		if err != nil {
			return err
		}
		err = f(k.Name, q)
		q.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// fill starts n jobs from g goroutines and returns how many a second.
func fill(q Queue, prefix string, n, g int) (float64, error) {
	began := time.Now()
	var wg sync.WaitGroup
	var i atomic.Int64
	var failure atomic.Pointer[error]
	for range g {
		wg.Go(func() {
			for k := i.Add(1); k <= int64(n); k = i.Add(1) {
				if err := q.Start(context.Background(), fmt.Sprint(prefix, k)); err != nil {
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
	return each(kinds, time.Hour, url, func(name string, q Queue) error {
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
	return each(kinds, time.Second, url, func(name string, q Queue) error {
		done := make(chan struct{}, 1)
		if err := q.Work(func(string, int) error { done <- struct{}{}; return nil }); err != nil {
			return err
		}
		var took []time.Duration
		for i := range 200 {
			began := time.Now()
			if err := q.Start(context.Background(), fmt.Sprint("r", i)); err != nil {
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
func twice(n int, url string) error { return twiceOf(kinds, n, url) }

func twiceOf(kinds []Kind, n int, url string) error {
	const delay = time.Second
	return each(kinds, delay, url, func(name string, q Queue) error {
		var mu sync.Mutex
		due := map[string]time.Time{}
		var late []time.Duration
		var done, early atomic.Int64
		began := time.Now()
		if err := q.Work(func(key string, i int) error {
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
