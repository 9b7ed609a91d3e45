package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats"
)

const lease = time.Second

var (
	// delays is the schedule of the calls: an attempt that fails k times is made again after delays[k].
	delays  = retry.List{0, 50 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, time.Second, time.Second, time.Second, time.Second}
	crashes = retry.Policy{Attempts: 12, Backoff: retry.Exponential{Initial: 100 * time.Millisecond, Max: time.Second}}
	errDown = errors.New("down")
)

// The functions of the workers.
const (
	plain  = "kill.plain"  // fails half of the time, and succeeds at the sixth attempt at the latest
	dying  = "kill.dying"  // gives up, and succeeds when it is made again
	poison = "kill.poison" // kills its process
)

type task struct {
	Takes time.Duration
	Pad   string `json:",omitempty"`
}

type worker struct {
	conf  config
	l     *ledger
	e     *retrynats.Engine
	funcs map[string]*retrynats.Function[task, string]
}

func (c config) open(ctx context.Context) (*retrynats.Engine, error) {
	s := retrynats.Settings{Dir: c.Dir, URL: c.URL, Lease: lease, AtOnce: 64, Crashes: crashes, Reserve: c.Reserve}
	if c.Verbose {
		s.Log = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("pid", os.Getpid())
	}
	return retrynats.Open(ctx, s)
}

// work is a worker process: it starts calls and makes attempts until it is killed, or until nothing is left to do if it is the last one.
func work(c config) error {
	ctx := context.Background()
	l, err := openLedger(c.Ledger)
	if err != nil {
		return err
	}
	e, err := c.open(ctx)
	if err != nil {
		return errors.Join(errOpen, err)
	}
	w := &worker{c, l, e, map[string]*retrynats.Function[task, string]{}}
	for name, p := range map[string]retry.Policy{plain: {Backoff: delays}, dying: {Backoff: delays[:2]}, poison: {Backoff: delays[:2]}} {
		if w.funcs[name], err = retrynats.Register(e, name, p, w.attempt); err != nil {
			return err
		}
	}
	if c.Last {
		return w.drain(ctx)
	}
	fmt.Println("open")
	go w.watch()
	var n atomic.Int64
	for range c.Load {
		go func() {
			for {
				w.call(ctx, n.Add(1))
				time.Sleep(rand.N(60 * time.Millisecond))
			}
		}()
	}
	select {}
}

// watch notes when the process doesn't run, on a machine that has too much to do.
func (w *worker) watch() {
	for last := realNow(); ; {
		time.Sleep(20 * time.Millisecond)
		now := realNow()
		if now-last > int64(lease)/2 {
			w.l.put(line{Kind: starved, Due: last, T: now})
		}
		last = now
	}
}

func (w *worker) attempt(ctx context.Context, t task) (string, error) {
	a, _ := retrynats.Current(ctx)
	x := line{Func: a.Function, Key: a.Key, N: a.Number}
	b := x
	b.Kind, b.Due, b.Wall = begun, a.Due.UnixNano(), time.Now().UnixNano()
	w.l.put(b)
	if a.Function == poison {
		w.l.put(line{Kind: killed})
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	x.Kind = ended
	select {
	case <-time.After(t.Takes):
	case <-ctx.Done():
		x.Out = "left"
		w.l.put(x)
		return "", ctx.Err()
	}
	if a.Function == plain && a.Number < 6 && rand.IntN(2) == 0 || a.Function == dying && a.Number < 4 {
		x.Out = "fail"
		w.l.put(x)
		return "", errDown
	}
	x.Out = fmt.Sprintf("%s#%d#%x", a.Key, a.Number, rand.Uint64())
	w.l.put(x)
	return x.Out, nil
}

// call starts a call, and now and then does what users and operators do with it.
func (w *worker) call(ctx context.Context, i int64) {
	name, t := plain, task{Takes: rand.N(50 * time.Millisecond), Pad: strings.Repeat("x", w.conf.Pad)}
	switch {
	case i%97 == 11:
		t.Takes = lease + 400*time.Millisecond // longer than a lease
	case i%10 == 4:
		name = dying
	case i == 3 && w.conf.Poison:
		name = poison
	}
	f, key := w.funcs[name], fmt.Sprintf("%d.%d", os.Getpid(), i)
	x := line{Func: name, Key: key}
	put := func(kind, out string) {
		y := x
		y.Kind, y.Out = kind, out
		w.l.put(y)
	}
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := f.Start(limited, key, t)
	if errors.Is(err, retrynats.ErrFull) {
		put(refused, "")
	}
	if err != nil {
		return
	}
	put(accepted, "")
	switch {
	case name == dying:
		go func() {
			if _, err := c.Result(ctx); !errors.Is(err, retry.ErrExhausted) {
				return
			}
			put(asked, "again")
			if f.Again(ctx, key) == nil {
				put(again, "")
			}
		}()
	case i%7 == 0:
		if c, err := f.Start(limited, key, t); err == nil && !c.Existed {
			put(wrong, "a second Start made another call")
		}
		if _, err := f.Start(limited, key, task{t.Takes + 1, t.Pad}); err == nil {
			put(wrong, "another argument was accepted")
		}
	case i%7 == 1:
		go func() {
			if r, err := c.Result(ctx); err == nil {
				put(told, r)
			}
		}()
	case i%7 == 2:
		time.Sleep(rand.N(100 * time.Millisecond))
		put(asked, "cancel")
		if f.Cancel(limited, key) == nil {
			put(canceled, "")
		}
	}
}

// drain waits until all calls that were accepted have ended. Count wouldn't do: it may miss one that changes meanwhile.
func (w *worker) drain(ctx context.Context) error {
	open, _, err := read(w.conf.Ledger)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(x line) bool { return x.Kind != accepted })
	for len(open) > 0 {
		time.Sleep(300 * time.Millisecond)
		open = slices.DeleteFunc(open, func(x line) bool {
			i, err := w.funcs[x.Func].Call(x.Key).Info(ctx)
			return err == nil && i.State != retrynats.Waiting && i.State != retrynats.Running || errors.Is(err, retrynats.ErrNotFound)
		})
	}
	return w.e.Close(ctx)
}
