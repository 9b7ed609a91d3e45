package retrynats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go"
)

func dir(t *testing.T) string { return filepath.Join(t.TempDir(), "calls") }

func silent(string, ...any) {}

func TestRule1StoredBeforeAccepted(t *testing.T) {
	d := dir(t)
	p := launch(t, d)
	for i := range 20 {
		p.tell("start k%d 0 1h 0", i)
	}
	until(t, "all are accepted", func() bool { return p.count("started") == 20 })
	p.kill()
	e := open(t, quick(Settings{Dir: d}))
	f := register[job, string](t, e, "test.work", fast(5), nil)
	for i := range 20 {
		if s := state(t, f, fmt.Sprintf("k%d", i)); s != Waiting && s != Running {
			t.Errorf("k%d was accepted and is %q", i, s)
		}
	}
}

func TestRule1TheKeyIsTheCallForAsLongAsItIsKept(t *testing.T) {
	var runs atomic.Int32
	run := func(context.Context, int) (int, error) { return int(runs.Add(1)), nil }
	f := register(t, open(t, Settings{}), "test.f", fast(3), run)
	for range 3 {
		if v, err := start(t, f, "k", 1).Result(t.Context()); v != 1 || err != nil {
			t.Fatalf("%d, %v", v, err)
		}
	}
	if _, err := f.Start(t.Context(), "k", 2); !errors.Is(err, ErrArgument) {
		t.Errorf("another argument: %v", err)
	}
	f = register(t, open(t, Settings{KeepResults: time.Second}), "test.f", fast(3), run)
	start(t, f, "k", 1)
	until(t, "the result's time runs out", func() bool { return state(t, f, "k") == "" })
	if _, err := f.Call("k").Result(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Errorf("result of a call that isn't kept: %v", err)
	}
	if c := start(t, f, "k", 2); c.Existed {
		t.Error("the key isn't free")
	}
}

func TestRule1AStartThatMayHaveStoredIsStartedAgain(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	for i := range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
		_, err := f.Start(ctx, fmt.Sprint(i), i)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if v, err := start(t, f, fmt.Sprint(i), i).Result(t.Context()); v != 1 || err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestRule2NeverEarly(t *testing.T) {
	e := open(t, Settings{})
	var mu sync.Mutex
	var early []time.Duration
	n := 0
	p := retry.Policy{Backoff: retry.List{0, 333333333 * time.Nanosecond, 410 * time.Millisecond, 77 * time.Millisecond}}
	f := register(t, e, "test.f", p, func(ctx context.Context, _ int) (int, error) {
		now := time.Now()
		a, _ := Current(ctx)
		mu.Lock()
		defer mu.Unlock()
		n++
		if d := a.Due.Sub(now); d > 0 {
			early = append(early, d)
		}
		return 0, errDown
	})
	var cs []*Call[int]
	for i := range 50 {
		cs = append(cs, start(t, f, fmt.Sprint(i), i))
	}
	for _, c := range cs {
		c.Result(t.Context())
		i, _ := c.Info(t.Context())
		for k := 1; k < len(i.Failures); k++ {
			if d := i.Failures[k].At.Sub(i.Failures[k-1].At); d < p.Backoff.(retry.List)[k] {
				t.Errorf("attempt %d came %v after the last one, not %v", k+1, d, p.Backoff.(retry.List)[k])
			}
		}
	}
	if len(early) > 0 || n != 200 {
		t.Errorf("%d attempts, early: %v", n, early)
	}
}

func TestRule2ATickThatComesTooEarlyWaits(t *testing.T) {
	e := open(t, Settings{})
	var at atomic.Int64
	for _, wait := range []time.Duration{300 * time.Millisecond, 1500 * time.Millisecond} {
		name := fmt.Sprint("test.", wait.Milliseconds())
		f := register(t, e, name, retry.Policy{Backoff: retry.List{wait}}, func(ctx context.Context, _ int) (int, error) {
			at.Store(time.Now().UnixNano())
			return 0, nil
		})
		began := time.Now()
		c := start(t, f, "k", 0)
		// What a server whose clock is ahead would do.
		e.nc.Publish(record.Ready+record.ID(name, "k"), nil)
		if _, err := c.Result(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Duration(at.Load() - began.UnixNano()); d < wait {
			t.Errorf("the attempt was made after %v, not %v", d, wait)
		}
	}
}

func TestRule2NeverForgotten(t *testing.T) {
	d := dir(t)
	e := open(t, Settings{Dir: d})
	p := retry.Policy{Backoff: retry.List{time.Second}}
	f := register[int, int](t, e, "test.f", p, nil)
	for i := range 20 {
		start(t, f, fmt.Sprint(i), i)
	}
	outer := t
	t.Run("what was lost while no worker ran", func(t *testing.T) {
		if err := e.store.DropWake(t.Context()); err != nil {
			t.Fatal(err)
		}
		shutDown(e)
		e = open(outer, Settings{Dir: d})
		f = register(t, e, "test.f", p, func(_ context.Context, i int) (int, error) { return i, nil })
		for i := range 20 {
			if v, err := f.Call(fmt.Sprint(i)).Result(t.Context()); v != i || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
	})
	t.Run("what is lost while one runs", func(t *testing.T) {
		var c *Call[int]
		for i, late := 0, true; late; i++ { // until one loses its schedule before that is due
			c = start(t, f, fmt.Sprint("lost", i), 7)
			until(t, "it has a schedule", func() bool { w, _ := e.store.Woken(t.Context()); return w[c.id()] || state(t, f, c.Key()) != Waiting })
			if err := e.store.Unschedule(t.Context(), c.id()); err != nil {
				t.Fatal(err)
			}
			info, err := c.Info(t.Context())
			late = err != nil || !time.Now().Before(info.Next)
		}
		time.Sleep(2 * p.Backoff.(retry.List)[0])
		if s := state(t, f, c.Key()); s != Waiting {
			t.Fatalf("without its schedule the call is %s", s)
		}
		e.sweep(t.Context(), false, 0)
		if v, err := c.Result(t.Context()); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

// While a cluster elects a leader, a worker that opens can't look for what others have left.
func TestRule2WhatCannotBeLookedForAtOpeningIsLookedForAgain(t *testing.T) {
	d := dir(t)
	e := openAs(t, Settings{Dir: d}, never)
	c := start(t, register[int, int](t, e, "test.f", fast(1), nil), "k", 1)
	until(t, "it has a tick", func() bool { w, _ := e.store.Woken(t.Context()); return w[c.id()] })
	if err := e.store.DropWake(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.sweep(t.Context(), true, e.overdue); err == nil {
		t.Fatal("a sweep without its stream didn't fail")
	}
	e.takers.Go(func() { e.sweeps(true) })
	pause(t.Context(), time.Second)
	register(t, openAs(t, Settings{Dir: d}, never), "test.f", fast(1), func(context.Context, int) (int, error) { return 7, nil })
	if v, err := c.Result(soon(t)); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

// The server counts a tick's time by its wall clock: if that is set back by an hour, a tick of a dead worker comes again in an hour.
func TestRule2ADeadWorkersCallIsNotForgottenByAServerWhoseClockWasSetBack(t *testing.T) {
	d := dir(t)
	e := open(t, quick(Settings{Dir: d}))
	if _, err := e.store.Consumer(t.Context(), "test.work", time.Hour); err != nil {
		t.Fatal(err)
	}
	p, q := launch(t, d), register[job, string](t, e, "test.work", fast(5), nil)
	dead, alive := start(t, q, "dead", job{Takes: 4 * time.Second}), (*Call[string])(nil)
	until(t, "the attempt begins", func() bool { return p.said("begin dead 1") })
	other := launch(t, d)
	r, rev, err := e.store.Load(t.Context(), dead.id())
	if err != nil {
		t.Fatal(err)
	}
	p.kill()
	// Until then it may send the dead one another tick.
	until(t, "the server knows that it is dead", func() bool { _, err := e.ask(r, rev); return errors.Is(err, nats.ErrNoResponders) })
	alive = start(t, q, "alive", job{Takes: 4 * time.Second})
	until(t, "another attempt begins", func() bool { return other.said("begin alive 1") })
	if other.said("begin dead") {
		t.Fatal("the tick came again by itself: the test shows nothing")
	}
	e.sweep(t.Context(), false, 0)
	for c, want := range map[*Call[string]]int{dead: 2, alive: 1} {
		if _, err := c.Result(t.Context()); err != nil {
			t.Error(err)
		}
		if i, _ := c.Info(t.Context()); i.Attempts != want {
			t.Errorf("%s: %d attempts, not %d", c.Key(), i.Attempts, want)
		}
	}
}

func TestRule3ThePositionTravelsWithTheCall(t *testing.T) {
	d := dir(t)
	p := retry.Policy{Attempts: 6, Backoff: retry.Exponential{Initial: 10 * time.Millisecond, Max: 40 * time.Millisecond, Jitter: retry.DecorrelatedJitter},
		Decide: func(d *retry.Decision) { d.Retry = d.Count("down") < 5 }}
	var delays []time.Duration
	var last retry.Position
	for run := 1; run <= 5; run++ { // one attempt in each
		e := open(t, Settings{Dir: d})
		f := register(t, e, "test.f", p, func(context.Context, int) (int, error) {
			e.stop() // no further attempt here
			return 0, fmt.Errorf("failure %d", run)
		})
		start(t, f, "k", 1)
		until(t, "the attempt ends", func() bool {
			i, err := f.Call("k").Info(t.Context())
			return err == nil && len(i.Failures) == run && i.State != Running
		})
		r, _, err := e.store.Load(t.Context(), record.ID("test.f", "k"))
		if err != nil {
			t.Fatal(err)
		}
		if run > 1 && r.Position.Seed != last.Seed {
			t.Error("the seed is another one")
		}
		last = r.Position
		if last.Attempts != run || last.Counts["down"] != run {
			t.Errorf("after run %d: %+v", run, last)
		}
		delays = append(delays, last.Last)
		shutDown(e)
	}
	// The same as the policy says without any process that ended.
	at, now := retry.Position{Seed: last.Seed, Began: last.Began}, last.Began
	at, _, _ = p.Next(at, now, nil)
	for i, d := range delays[:4] {
		var wait time.Duration
		at, wait, _ = p.Next(at, now, errDown)
		if wait != d {
			t.Errorf("delay %d was %v, and is %v in one process", i+1, d, wait)
		}
	}
	e := open(t, Settings{Dir: d})
	f := register[int, int](t, e, "test.f", p, nil)
	if _, err := f.Call("k").Result(t.Context()); err == nil || err.Error() != "failure 5" {
		t.Errorf("the call ended with %v", err)
	}
	i, _ := f.Call("k").Info(t.Context())
	if i.State != Dead || len(i.Failures) != 5 || i.Failures[0].Text != "failure 1" {
		t.Errorf("%+v", i)
	}
}

func TestRule3ACrashIsNoFailedAttempt(t *testing.T) {
	d := dir(t)
	p := launch(t, d)
	p.tell("start k 1 0s 2") // attempts 1 and 2 kill the process
	<-p.end
	p = launch(t, d)
	<-p.end
	launch(t, d)
	e := open(t, quick(Settings{Dir: d}))
	f := register[job, string](t, e, "test.work", fast(5), nil)
	if _, err := f.Call("k").Result(t.Context()); err != nil {
		t.Fatal(err)
	}
	i, err := f.Call("k").Info(t.Context())
	if err != nil || i.Attempts != 3 || i.Crashes != 0 || len(i.Failures) != 2 {
		t.Fatalf("%+v, %v", i, err)
	}
	for _, f := range i.Failures {
		if !errors.Is(&f, ErrCrashed) {
			t.Errorf("%+v is no crash", f)
		}
	}
	r, _, _ := e.store.Load(t.Context(), record.ID("test.work", "k"))
	if r.Position.Attempts != 0 {
		t.Errorf("the policy counts %d failed attempts", r.Position.Attempts)
	}
}

func TestRule3ACallThatKillsItsProcessEndsAndItsNeighborsLive(t *testing.T) {
	d := dir(t)
	p := launch(t, d)
	for i := range 10 {
		p.tell("start n%d 2 30ms 0", i)
	}
	until(t, "all are accepted", func() bool { return p.count("started") == 10 })
	p.tell("start poison 0 0s 1000")
	for range 4 { // Crashes.Attempts
		<-p.end
		p = launch(t, d)
	}
	e := open(t, quick(Settings{Dir: d}))
	f := register[job, string](t, e, "test.work", fast(5), nil)
	_, err := f.Call("poison").Result(t.Context())
	var g *retry.Error
	if !errors.As(err, &g) || !errors.Is(g.Reason, ErrCrashed) || g.Attempts != 4 {
		t.Errorf("the poison ended with %v", err)
	}
	for i := range 10 {
		if _, err := f.Call(fmt.Sprintf("n%d", i)).Result(t.Context()); err != nil {
			t.Errorf("a neighbor ended with %v", err)
		}
	}
}

func TestRule4ALateFinisherCannotOverwriteTheResult(t *testing.T) {
	d := dir(t)
	e := open(t, quick(Settings{Dir: d}))
	p := launch(t, d) // joins
	f := register[job, string](t, e, "test.work", fast(5), nil)
	c := start(t, f, "k", job{Takes: 3 * time.Second})
	until(t, "the attempt begins", func() bool { return p.said("begin k 1") })
	p.cmd.Process.Signal(syscall.SIGSTOP)
	var said atomic.Int32
	shutDown(e) // this process is a worker of the function from here on
	e = open(t, quick(Settings{Dir: d}))
	f, err := work(e, fast(5), func(string, ...any) { said.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	c = f.Call("k")
	until(t, "the call is taken over", func() bool { i, _ := c.Info(t.Context()); return i.Attempts == 2 })
	p.cmd.Process.Signal(syscall.SIGCONT)
	v, err := c.Result(t.Context())
	if err != nil || v != fmt.Sprintf("k by %d", os.Getpid()) {
		t.Errorf("%q, %v", v, err)
	}
	until(t, "the late one is told", func() bool { return p.said("cause k 1") || p.said("end k 1") })
	p.tell("close")
	<-p.end
	if again, _ := c.Result(t.Context()); again != v {
		t.Errorf("the result was %q and is %q", v, again)
	}
}

func TestRule5ALongAttemptKeepsItsLease(t *testing.T) {
	d := dir(t)
	set := quick(Settings{Dir: d, Lease: 500 * time.Millisecond})
	var begun atomic.Int32
	say := func(format string, a ...any) {
		if strings.HasPrefix(format, "begin") {
			begun.Add(1)
		}
	}
	for range 2 {
		if _, err := work(open(t, set), fast(5), say); err != nil {
			t.Fatal(err)
		}
	}
	f := register[job, string](t, open(t, set), "test.work", fast(5), nil)
	if _, err := start(t, f, "k", job{Takes: 3 * time.Second}).Result(t.Context()); err != nil || begun.Load() != 1 {
		t.Errorf("%d attempts, %v", begun.Load(), err)
	}
}

func TestRule5TheWorkerIsAskedBeforeItsCallIsTakenOver(t *testing.T) {
	d := dir(t)
	var begun atomic.Int32
	say := func(format string, a ...any) {
		if strings.HasPrefix(format, "begin") {
			begun.Add(1)
		}
	}
	var es []*Engine
	for range 3 {
		e := open(t, quick(Settings{Dir: d}))
		if _, err := work(e, fast(5), say); err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	f := es[0].functionFor(t)
	var cs []*Call[string]
	for i := range 20 {
		cs = append(cs, start(t, f, fmt.Sprint(i), job{Takes: time.Second}))
	}
	until(t, "the attempts begin", func() bool { return begun.Load() == 20 })
	// All ticks come again, to whichever worker.
	if err := es[0].store.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		if _, err := c.Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if begun.Load() != 20 {
		t.Errorf("%d attempts of 20 calls", begun.Load())
	}
}

// functionFor returns the function that work has registered.
func (e *Engine) functionFor(t *testing.T) *Function[job, string] {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	return &Function[job, string]{e, e.functions["test.work"]}
}

func TestRule6DeadLettersAreKeptListedMadeAgainAndDeleted(t *testing.T) {
	e := open(t, Settings{})
	var ok atomic.Bool
	f := register(t, e, "test.f", fast(3), func(_ context.Context, n int) (int, error) {
		if ok.Load() {
			return n, nil
		}
		return 0, errDown
	})
	for i := range 5 {
		_, err := start(t, f, fmt.Sprint("k", i), i).Result(t.Context())
		var g *retry.Error
		if !errors.As(err, &g) || !errors.Is(err, retry.ErrExhausted) || g.Attempts != 3 || len(g.Failures) != 3 || g.First().Error() != "down" {
			t.Fatalf("%v", err)
		}
	}
	var listed []string
	for i, err := range f.Calls(t.Context(), Dead) {
		if err != nil || i.State != Dead || len(i.Failures) != 3 || i.Reason == "" || i.Attempts != 3 {
			t.Fatalf("%+v, %v", i, err)
		}
		listed = append(listed, i.Key)
	}
	if s := strings.Join(listed, " "); s != "k0 k1 k2 k3 k4" {
		t.Errorf("listed %s", s)
	}
	for range f.Calls(t.Context(), Waiting, Done) {
		t.Error("a call in another state was listed")
	}
	ok.Store(true)
	if err := f.Again(t.Context(), "k0"); err != nil {
		t.Fatal(err)
	}
	if v, err := f.Call("k0").Result(t.Context()); v != 0 || err != nil {
		t.Errorf("made again: %d, %v", v, err)
	}
	if i, _ := f.Call("k0").Info(t.Context()); i.Attempts != 4 || len(i.Failures) != 3 {
		t.Errorf("made again: %+v", i)
	}
	if err := f.Again(t.Context(), "k0"); !errors.Is(err, ErrState) {
		t.Errorf("again, though done: %v", err)
	}
	if err := f.Delete(t.Context(), "k1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), "k1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	n, err := f.Count(t.Context())
	if err != nil || n[Dead] != 3 || n[Done] != 1 || len(n) != 2 {
		t.Errorf("left: %v, %v", n, err)
	}
}

func TestRule6DeadLettersHaveARetentionOfTheirOwn(t *testing.T) {
	e := open(t, Settings{KeepDead: time.Second})
	f := register(t, e, "test.f", fast(1), func(_ context.Context, n int) (int, error) {
		if n > 0 {
			return 0, errDown
		}
		return 0, nil
	})
	if _, err := start(t, f, "done", 0).Result(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, f, "dead", 1)
	until(t, "the dead one's time runs out", func() bool {
		_, err := f.Call("dead").Info(t.Context())
		return errors.Is(err, ErrNotFound)
	})
	if s := state(t, f, "done"); s != Done {
		t.Errorf("the result is %q", s)
	}
}

func TestRule7OneOwnerOfADirectoryAndOthersJoin(t *testing.T) {
	d := dir(t)
	shutDown(open(t, Settings{Dir: d}))
	ports, err := ownport.Take(1) // one that nobody else is given while there is no owner
	if err != nil {
		t.Fatal(err)
	}
	setPort(t, d, ports[0])
	p := launch(t, d) // the owner
	b, err := os.ReadFile(filepath.Join(d, "retrynats.lock"))
	if err != nil || !strings.Contains(string(b), fmt.Sprint(p.cmd.Process.Pid)) {
		t.Errorf("the lock names %q, %v", b, err)
	}
	e := open(t, quick(Settings{Dir: d}))
	f, err := work(e, fast(5), silent)
	if err != nil {
		t.Fatal(err)
	}
	if e.host.Owner() {
		t.Fatal("there are two owners")
	}
	for i := range 20 {
		if _, err := start(t, f, fmt.Sprint(i), job{Fails: 1}).Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	port := func() int {
		var a struct{ Port int }
		b, _ := os.ReadFile(filepath.Join(d, "access.json"))
		json.Unmarshal(b, &a)
		return a.Port
	}
	before := port()
	p.kill()
	// A call that is started meanwhile waits for the new owner, which is this process.
	for i := range 20 {
		if _, err := start(t, f, fmt.Sprint("after", i), job{Fails: 1}).Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	until(t, "the directory is taken over", e.host.Owner) // which it may be about to note
	if after := port(); after != before || before != ports[0] {
		t.Errorf("the port was to be %d, was %d and is %d", ports[0], before, after)
	}
	p = launch(t, d) // joins
	p.tell("start last 0 0s 0")
	if _, err := f.Call("last").Result(t.Context()); err != nil && !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	until(t, "a call of another process ends", func() bool { return state(t, f, "last") == Done })
	for _, name := range []string{"access.json", "retrynats.lock"} {
		if i, err := os.Stat(filepath.Join(d, name)); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, i.Mode(), err)
		}
	}
}

// setPort writes another port into access.json.
func setPort(t *testing.T, dir string, port int) {
	t.Helper()
	path := filepath.Join(dir, "access.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var a map[string]any
	json.Unmarshal(b, &a)
	a["port"] = port
	b, _ = json.Marshal(a)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRule8BudgetObserveAndAroundAsEverywhere(t *testing.T) {
	e := open(t, Settings{})
	var mu sync.Mutex
	var events []retry.Event
	var around atomic.Int32
	b := &retry.Budget{Min: 2}
	p := fast(10)
	p.Name, p.Budget = "named", b
	p.Observe = func(_ context.Context, v retry.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, v)
	}
	p.Around = func(ctx context.Context, attempt func(context.Context) error) error {
		around.Add(1)
		return attempt(ctx)
	}
	f := register(t, e, "test.f", p, func(context.Context, int) (int, error) { return 0, errDown })
	_, err := start(t, f, "k", 0).Result(t.Context())
	if !errors.Is(err, retry.ErrBudget) {
		t.Errorf("ended with %v", err)
	}
	if around.Load() != 3 || b.Granted() != 2 || b.Refused() != 1 {
		t.Errorf("%d times around, %v", around.Load(), b)
	}
	until(t, "the end is told", func() bool { mu.Lock(); defer mu.Unlock(); return len(events) == 3 })
	// An attempt that ends at once may be told of before the one that woke it.
	slices.SortFunc(events, func(a, b retry.Event) int { return a.Attempt - b.Attempt })
	for i, want := range []string{"retrying", "retrying", "budget"} {
		v := events[i]
		if v.Outcome() != want || v.Name != "named" || v.Attempt != i+1 || v.Call != events[0].Call || v.Began.IsZero() || v.Err == nil {
			t.Errorf("event %d is %q: %+v", i, v.Outcome(), v)
		}
	}
}

func TestRule8ATimeoutOfAnAttemptIsRetried(t *testing.T) {
	e := open(t, Settings{})
	p := fast(3)
	p.Timeout = 20 * time.Millisecond
	f := register(t, e, "test.f", p, func(ctx context.Context, _ int) (int, error) {
		if a, _ := Current(ctx); a.Number < 3 {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return 1, nil
	})
	c := start(t, f, "k", 0)
	if v, err := c.Result(t.Context()); v != 1 || err != nil {
		t.Fatalf("%d, %v", v, err)
	}
	i, _ := c.Info(t.Context())
	for _, f := range i.Failures {
		if f.Kind != "timeout" || !errors.Is(&f, retry.ErrTimeout) {
			t.Errorf("%+v", f)
		}
	}
}

func TestRule8AttemptsAtOnceAreLimited(t *testing.T) {
	e := open(t, Settings{AtOnce: 5})
	var now, most, narrow, mostNarrow atomic.Int32
	release := make(chan struct{})
	count := func(n, most *atomic.Int32, by int32) {
		for v, m := n.Add(by), most.Load(); v > m && !most.CompareAndSwap(m, v); m = most.Load() {
		}
	}
	attempt := func(ctx context.Context, _ int) (int, error) {
		a, _ := Current(ctx)
		count(&now, &most, 1)
		defer count(&now, &most, -1)
		if a.Function == "test.narrow" {
			count(&narrow, &mostNarrow, 1)
			defer count(&narrow, &mostNarrow, -1)
		}
		<-release
		return 0, nil
	}
	g := register(t, e, "test.narrow", fast(3), attempt, AtOnce(2))
	var cs []*Call[int]
	for i := range 40 {
		cs = append(cs, start(t, g, fmt.Sprint(i), 0))
	}
	until(t, "the slots of the narrow one are taken", func() bool { return narrow.Load() >= 2 })
	f := register(t, e, "test.wide", fast(3), attempt)
	for i := range 40 {
		cs = append(cs, start(t, f, fmt.Sprint(i), 0))
	}
	until(t, "all slots are taken", func() bool { return now.Load() == 5 })
	close(release)
	for _, c := range cs {
		if _, err := c.Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 5 || mostNarrow.Load() != 2 {
		t.Errorf("%d at once, and %d of the narrow one", most.Load(), mostNarrow.Load())
	}
}

func TestRule8ACallWithoutASlotWaitsInTheStream(t *testing.T) {
	e := open(t, Settings{AtOnce: 2})
	done := make(chan struct{})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { <-done; return 0, nil })
	for i := range 50 {
		start(t, f, fmt.Sprint(i), 0)
	}
	until(t, "the slots are taken", func() bool { n, _ := f.Count(t.Context()); return n[Running] == 2 })
	if n := len(e.lease.held()); n != 2 {
		t.Errorf("%d calls are held for 2 slots", n)
	}
	close(done)
	until(t, "all are done", func() bool { n, _ := f.Count(t.Context()); return n[Done] == 50 })
}

func TestRule9AFullStreamRefusesNewCallsAndLetsTheOthersEnd(t *testing.T) {
	e := open(t, Settings{MaxBytes: 2_000_000})
	var ok atomic.Bool
	p := retry.Policy{Attempts: 1000, Backoff: retry.Constant(time.Second)}
	f := register(t, e, "test.f", p, func(_ context.Context, s string) (string, error) {
		if !ok.Load() {
			return "", errDown // it adds little to the record
		}
		return "", nil
	})
	accepted := 0
	for i := range 10000 {
		_, err := f.Start(t.Context(), fmt.Sprint(i), strings.Repeat("x", 10_000))
		if err != nil {
			if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "MaxBytes") {
				t.Fatalf("refused with %v", err)
			}
			break
		}
		accepted++
		time.Sleep(2 * time.Millisecond) // what the failures add is seen every 100 ms
	}
	ok.Store(true)
	until(t, "those that were accepted end", func() bool { n, _ := f.Count(t.Context()); return n[Done] == accepted })
	if accepted < 20 || accepted > 300 {
		t.Errorf("%d were accepted", accepted)
	}
}

func TestRule9AFullDiskRefusesNewCalls(t *testing.T) {
	e := open(t, Settings{Reserve: 1 << 50})
	f := register[int, int](t, e, "test.f", fast(3), nil)
	if _, err := f.Start(t.Context(), "k", 1); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "Reserve") {
		t.Errorf("%v", err)
	}
	if s := state(t, f, "k"); s != "" {
		t.Errorf("half stored: %s", s)
	}
}

func TestRule9WhatIsTooLargeIsRefusedAndNothingIsHalfStored(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(_ context.Context, n string) (string, error) { return strings.Repeat("x", 10*len(n)), nil })
	if _, err := f.Start(t.Context(), "k", strings.Repeat("x", maxArgument)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("argument: %v", err)
	}
	if _, err := f.Start(t.Context(), strings.Repeat("k", 1<<20), ""); err == nil || !strings.Contains(err.Error(), "hash") {
		t.Errorf("key of 1 MB: %v", err)
	}
	if _, err := f.Start(t.Context(), "", ""); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("no key: %v", err)
	}
	if n, err := f.Count(t.Context()); len(n) != 0 || err != nil {
		t.Errorf("half stored: %v, %v", n, err)
	}
	_, err := start(t, f, "k", strings.Repeat("x", maxArgument-10)).Result(t.Context())
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("result: %v", err)
	}
	if i, _ := f.Call("k").Info(t.Context()); i.State != Dead || i.Attempts != 1 {
		t.Errorf("%+v", i)
	}
}

func TestRule9APoisonPayloadStopsNobody(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	for i, s := range []string{"", "{", "null", `{"version":1}`, `{"version":1,"function":"x","key":"y","state":"waiting"}`, strings.Repeat("[", 1<<20)} {
		e.nc.Publish(record.Ready+"test.f.poison"+fmt.Sprint(i), []byte(s))
		if _, err := e.store.JS().Publish(t.Context(), record.Calls+"test.f.poison"+fmt.Sprint(i), []byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if _, err := start(t, f, fmt.Sprint("k", i), i).Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	unreadable := 0
	for _, err := range f.Calls(t.Context()) {
		if err != nil {
			unreadable++
		}
	}
	if unreadable != 6 {
		t.Errorf("%d unreadable records were listed", unreadable)
	}
	if _, err := f.Call("poison0").Info(t.Context()); err == nil {
		t.Error("an empty record was read")
	}
}

func TestRule9AnArgumentThatCannotBeDecodedIsADeadCall(t *testing.T) {
	d := dir(t)
	e := open(t, Settings{Dir: d})
	start(t, register[string, int](t, e, "test.f", fast(3), nil), "k", "text")
	shutDown(e)
	e = open(t, Settings{Dir: d})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	_, err := f.Call("k").Result(t.Context())
	if i, _ := f.Call("k").Info(t.Context()); err == nil || !strings.Contains(err.Error(), "isn't a int") || i.Attempts != 1 || i.State != Dead {
		t.Errorf("%v, %+v", err, i)
	}
	bad := register[chan int, int](t, e, "test.chan", fast(3), nil)
	if _, err := bad.Start(t.Context(), "k", make(chan int)); err == nil || !strings.Contains(err.Error(), "argument") {
		t.Errorf("an argument that can't be stored: %v", err)
	}
}

func TestRule10AnOldWorkerRewritesNothingOfANewOne(t *testing.T) {
	e := open(t, Settings{})
	ran := make(chan string, 10)
	f := register(t, e, "test.f", fast(3), func(ctx context.Context, _ int) (int, error) { a, _ := Current(ctx); ran <- a.Key; return 1, nil })
	newer := []byte(`{"version":2,"function":"test.f","key":"new","state":"waiting","argument":1,"more":{"a":1},"due":"2026-01-01T00:00:00Z","position":{}}`)
	if _, err := e.store.JS().Publish(t.Context(), record.Calls+"test.f.new", newer); err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{newer, nil} {
		e.nc.Publish(record.Ready+"test.f.new", body)
		if _, err := start(t, f, fmt.Sprint(len(body)), 1).Result(t.Context()); err != nil {
			t.Error(err)
		}
		<-ran
	}
	for what, err := range map[string]error{"cancel": f.Cancel(t.Context(), "new"), "again": f.Again(t.Context(), "new"), "delete": f.Delete(t.Context(), "new")} {
		if !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
	}
	e.sweep(t.Context(), true, 0)
	m, err := e.store.Raw(t.Context(), "test.f.new")
	if err != nil || string(m) != string(newer) || len(ran) > 0 {
		t.Errorf("the newer record is %s, %v", m, err)
	}
	if c, err := f.Start(t.Context(), "new", 1); err != nil || !c.Existed {
		t.Errorf("the same key: %+v, %v", c, err)
	}
	w, err := e.store.Woken(t.Context())
	if err != nil || !w["test.f.new"] {
		t.Error("the newer call's tick was dropped")
	}
}

func TestRule10RecordsAreWhatTheDocumentSays(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", retry.Policy{Backoff: retry.List{0, time.Hour}}, func(context.Context, int) (int, error) { return 0, errDown })
	start(t, f, "k", 7)
	until(t, "the call waits", func() bool { i, _ := f.Call("k").Info(t.Context()); return len(i.Failures) == 1 && i.State == Waiting })
	b, err := e.store.Raw(t.Context(), "test.f.k")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	json.Unmarshal(b, &m)
	doc, err := os.ReadFile("../docs/durable.md")
	if err != nil {
		t.Fatal(err)
	}
	for k := range m {
		if !strings.Contains(string(doc), "`"+k+"`") {
			t.Errorf("the field %q isn't documented", k)
		}
	}
	for _, s := range []string{store.CallsStream, store.WakeStream, record.Calls, record.Ready, record.Schedules, record.Events, record.Cancels, record.Workers, record.Sweeps,
		"Retry-State", "Retry-Attempts", "Retry-Due", "Retry-Version", "Retry-Revision"} {
		if !strings.Contains(string(doc), "`"+s) {
			t.Errorf("%s isn't documented", s)
		}
	}
}
