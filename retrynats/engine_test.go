package retrynats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// open opens an engine over a directory of its own, or over the one of the settings, and closes it at the end of the test.
func open(t *testing.T, set Settings) *Engine {
	t.Helper()
	if set.Dir == "" && set.URL == "" {
		set.Dir = filepath.Join(t.TempDir(), "calls")
	}
	if testing.Verbose() && set.Log == nil {
		set.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return openAs(t, set, func(*Engine) {})
}

// openAs is like open, for an engine that is changed before it begins.
func openAs(t *testing.T, set Settings, change func(*Engine)) *Engine {
	t.Helper()
	set, err := set.fill()
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(set)
	change(e)
	t.Cleanup(func() { shutDown(e) })
	if err := e.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// never makes an engine find nothing for the only reason that it is overdue.
func never(e *Engine) { e.overdue = 24 * time.Hour }

// patience is how long a test that fails waits for what doesn't come.
const patience = 3 * time.Minute

// soon returns a context for what would be waited for in vain.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func shutDown(e *Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e.Close(ctx)
}

func register[A, R any](t *testing.T, e *Engine, name string, p retry.Policy, f func(context.Context, A) (R, error), options ...Option) *Function[A, R] {
	t.Helper()
	fn, err := Register(e, name, p, f, options...)
	if err != nil {
		t.Fatal(err)
	}
	return fn
}

func start[A, R any](t *testing.T, f *Function[A, R], key string, a A) *Call[R] {
	t.Helper()
	c, err := f.Start(t.Context(), key, a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fast is a policy of n attempts with short delays.
func fast(n int) retry.Policy {
	return retry.Policy{Attempts: n, Backoff: retry.Constant(20 * time.Millisecond)}
}

// until waits for something that other goroutines or processes do. Only a test that fails waits long.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// state returns the state of a call, or "" if there is none.
func state[A, R any](t *testing.T, f *Function[A, R], key string) (s State) {
	t.Helper()
	until(t, "it is known of "+key+" whether there is one", func() bool {
		i, err := f.Call(key).Info(t.Context())
		s = i.State
		return err == nil || errors.Is(err, ErrNotFound)
	})
	return s
}

var errDown = errors.New("down")

func TestACallIsRetriedAndItsResultKept(t *testing.T) {
	e := open(t, Settings{})
	var mu sync.Mutex
	var got []Attempt
	f := register(t, e, "test.f", fast(5), func(ctx context.Context, n int) (string, error) {
		a, _ := Current(ctx)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, a)
		if a.Number < 3 {
			return "", errDown
		}
		return fmt.Sprint("got ", n), nil
	})
	c := start(t, f, "k", 7)
	if c.Existed || c.Key() != "k" {
		t.Errorf("a new call says %+v", c)
	}
	v, err := c.Result(t.Context())
	if err != nil || v != "got 7" {
		t.Fatalf("%q, %v", v, err)
	}
	for i, a := range got {
		if a.Number != i+1 || a.Key != "k" || a.Function != "test.f" {
			t.Errorf("attempt %d: %+v", i+1, a)
		}
	}
	if c := start(t, f, "k", 7); !c.Existed {
		t.Error("the same key is another call")
	}
	i, err := f.Call("k").Info(t.Context())
	if err != nil || i.State != Done || i.Attempts != 3 || len(i.Failures) != 2 || i.Failures[0].Text != "down" || i.Failures[1].Attempt != 2 {
		t.Errorf("%+v, %v", i, err)
	}
}

func TestCloseWaitsForAttemptsAndForNothingElse(t *testing.T) {
	d := dir(t)
	e := open(t, Settings{Dir: d})
	begun := make(chan struct{})
	f := register(t, e, "test.f", fast(1), func(context.Context, int) (int, error) {
		close(begun)
		time.Sleep(300 * time.Millisecond)
		return 7, nil
	})
	start(t, f, "k", 1)
	<-begun
	if err := e.Close(context.Background()); err != nil {
		t.Errorf("%v", err)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if _, err := f.Start(t.Context(), "l", 1); !errors.Is(err, ErrClosed) {
		t.Errorf("started after Close: %v", err)
	}
	f = register[int, int](t, open(t, Settings{Dir: d}), "test.f", fast(1), nil)
	if v, err := f.Call("k").Result(t.Context()); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestCloseLeavesWhatDoesNotEndToTheNextProcess(t *testing.T) {
	d := dir(t)
	e := openAs(t, Settings{Dir: d}, func(e *Engine) { e.parting = patience })
	begun := make(chan struct{})
	p := fast(1)
	start(t, register(t, e, "test.f", p, func(ctx context.Context, _ int) (int, error) {
		close(begun)
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ErrClosed) {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
		return 0, ctx.Err()
	}), "k", 1)
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := e.Close(ctx); err == nil {
		t.Error("nothing was left")
	}
	f := register(t, open(t, Settings{Dir: d}), "test.f", p, func(ctx context.Context, _ int) (int, error) {
		a, _ := Current(ctx)
		return a.Number, nil
	})
	if v, err := f.Call("k").Result(t.Context()); v != 2 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if i, _ := f.Call("k").Info(t.Context()); len(i.Failures) != 0 {
		t.Errorf("failures were counted: %+v", i)
	}
}
