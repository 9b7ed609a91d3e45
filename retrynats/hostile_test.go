package retrynats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
)

// A trap does something unexpected wherever a value of it is asked.
type trap struct {
	text, is, as, unwrap, marshal func()
}

func (h *trap) Error() string { h.do(h.text); return "trap" }
func (h *trap) Is(error) bool { h.do(h.is); return false }
func (h *trap) As(any) bool   { h.do(h.as); return false }
func (h *trap) Unwrap() error { h.do(h.unwrap); return nil }

func (h *trap) MarshalJSON() ([]byte, error) { h.do(h.marshal); return []byte("1"), nil }

func (h *trap) do(f func()) {
	if f != nil {
		f()
	}
}

// A lie can't be read from what it was written as.
type lie struct{ How string }

func (l *lie) UnmarshalJSON(b []byte) error {
	type plain lie
	if err := json.Unmarshal(b, (*plain)(l)); err != nil {
		return err
	}
	if l.How == "undecodable" {
		panic("in UnmarshalJSON")
	}
	return nil
}

// Each ends its own call, and neither the process, nor a worker's slot, nor the calls of others.
func TestHostileFailuresPanicsAndResultsEndTheirCallOnly(t *testing.T) {
	boom := func() { panic("boom") }
	errExits, errPanics := errors.New("exits"), errors.New("panics")
	hostile := map[string]func() (*trap, error){
		"undecodable":         nil,
		"Error panics":        func() (*trap, error) { return nil, &trap{text: boom} },
		"Error exits":         func() (*trap, error) { return nil, &trap{text: runtime.Goexit} },
		"Is panics":           func() (*trap, error) { return nil, &trap{is: boom} },
		"Is exits":            func() (*trap, error) { return nil, &trap{is: runtime.Goexit} },
		"As panics":           func() (*trap, error) { return nil, &trap{as: boom} },
		"As exits":            func() (*trap, error) { return nil, &trap{as: runtime.Goexit} },
		"Unwrap panics":       func() (*trap, error) { return nil, &trap{unwrap: boom} },
		"wrapped As panics":   func() (*trap, error) { return nil, fmt.Errorf("at: %w", &trap{as: boom, is: boom}) },
		"stop As panics":      func() (*trap, error) { return nil, retry.Stop(&trap{as: boom, is: boom, text: boom}) },
		"wraps itself":        func() (*trap, error) { return nil, new(errtreetest.Itself) },
		"itself twice":        func() (*trap, error) { return nil, fmt.Errorf("at: %w", new(errtreetest.Tree)) },
		"nil error of a type": func() (*trap, error) { var e *net.OpError; return nil, e },
		"panic(nil)":          func() (*trap, error) { panic(nil) },
		"panic with a trap":   func() (*trap, error) { panic(&trap{text: boom, is: boom}) },
		"panic that exits":    func() (*trap, error) { panic(&trap{text: runtime.Goexit}) },
		"panic of 20 MB":      func() (*trap, error) { panic(strings.Repeat("\xff<&\x00", 5<<20)) },
		"text of 20 MB":       func() (*trap, error) { return nil, errors.New(strings.Repeat("\xff<&\x00", 5<<20)) },
		"Goexit":              func() (*trap, error) { runtime.Goexit(); return nil, nil },
		"result panics":       func() (*trap, error) { return &trap{marshal: boom}, nil },
		"result exits":        func() (*trap, error) { return &trap{marshal: runtime.Goexit}, nil },
		"policy exits":        func() (*trap, error) { return nil, errExits },
		"policy panics":       func() (*trap, error) { return nil, errPanics },
	}
	e := open(t, Settings{AtOnce: 2, Log: slog.New(badHandler{})})
	p := fast(2)
	p.Decide = func(d *retry.Decision) {
		switch d.Err {
		case errExits:
			runtime.Goexit()
		case errPanics:
			panic(&trap{text: runtime.Goexit})
		}
	}
	p.Observe = func(context.Context, retry.Event) { runtime.Goexit() }
	f := register(t, e, "test.f", p, func(_ context.Context, l lie) (*trap, error) {
		if l.How == "good" {
			return nil, nil
		}
		return hostile[l.How]()
	})
	for how := range hostile {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if _, err := start(t, f, how, lie{how}).Result(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%s: ended with %v", how, err)
		}
		cancel()
		if i, err := f.Call(how).Info(t.Context()); err != nil || i.State != Dead || len(i.Failures) == 0 || len(i.Failures[0].Text) > 2010 || i.Failures[0].Text == "" {
			t.Errorf("%s: it is %q with %d failures, %v", how, i.State, len(i.Failures), err)
		}
	}
	for i := range 10 {
		if _, err := start(t, f, fmt.Sprint(i), lie{"good"}).Result(t.Context()); err != nil {
			t.Errorf("a good call: %v", err)
		}
	}
}

// A badHandler panics, as a logger may whose file is closed.
type badHandler struct{ slog.Handler }

func (badHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (badHandler) Handle(context.Context, slog.Record) error { panic("no log") }

// A context of somebody else's make.
type liar struct {
	context.Context
	done func() <-chan struct{}
	err  func() error
}

func (l liar) Done() <-chan struct{} { return l.done() }
func (l liar) Err() error            { return l.err() }

func TestAContextThatLiesHarmsItsCallerOnly(t *testing.T) {
	e := open(t, Settings{MaxBytes: 1 << 30})
	f := register(t, e, "test.f", fast(2), func(context.Context, int) (int, error) { return 7, nil })
	closed := make(chan struct{})
	close(closed)
	never := func() <-chan struct{} { return nil }
	for name, l := range map[string]liar{
		"panics when asked":         {t.Context(), func() <-chan struct{} { panic("done") }, func() error { panic("err") }},
		"is over and says it isn't": {t.Context(), func() <-chan struct{} { return closed }, func() error { return nil }},
		"is over and never says so": {t.Context(), never, func() error { return context.Canceled }},
		"panics in Err":             {t.Context(), never, func() error { panic("err") }},
	} {
		time.Sleep(110 * time.Millisecond) // then the room is looked at
		tried := make(chan struct{})
		go func() {
			for i, call := range []func(){
				func() { f.Start(l, name, 1) },
				func() { f.Call(name).Info(l) },
				func() { f.Cancel(l, name) },
				func() { f.Again(l, name) },
				func() { f.Count(l) },
				func() {
					for range f.Calls(l) {
					}
				},
			} {
				func() {
					defer func() { recover() }()
					call()
				}()
				if i == 0 {
					close(tried)
				}
			}
		}()
		<-tried
		if v, err := start(t, f, "after "+name, 1).Result(t.Context()); v != 7 || err != nil {
			t.Errorf("%s: then another call ends with %d, %v", name, v, err)
		}
	}
}

func TestACancelThatComesWhileTheClaimIsBeingStoredIsNotLost(t *testing.T) {
	l := newLeases(time.Second)
	for rev, want := range map[uint64]error{5: ErrCanceled, 6: nil} {
		ctx, end := context.WithCancelCause(t.Context())
		a := &attempt{end: end}
		l.begin("f.k", a, nil)
		l.cancel("f.k", 5, ErrCanceled)
		if ctx.Err() != nil {
			t.Error("an attempt was ended that may not be the one")
		}
		l.claimed(a, rev)
		if context.Cause(ctx) != want {
			t.Errorf("the attempt of revision %d was ended by %v", rev, context.Cause(ctx))
		}
		end(nil)
		l.finish("f.k", a)
	}
}

// A message may be lost with a connection: then the record says what has happened.
func TestACancelThatWasMissedIsFoundInTheRecord(t *testing.T) {
	e := open(t, Settings{})
	begun, cause := make(chan struct{}), make(chan error, 1)
	f := register(t, e, "test.f", fast(2), func(ctx context.Context, _ int) (int, error) {
		close(begun)
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return 0, nil
	})
	c := start(t, f, "k", 1)
	<-begun
	r, rev, err := e.store.Load(t.Context(), c.id())
	if err != nil {
		t.Fatal(err)
	}
	r.State, r.Ended = record.Canceled, time.Now()
	if _, err := e.store.Change(t.Context(), r, rev, 0); err != nil {
		t.Fatal(err)
	}
	e.recheck()
	if err := <-cause; err != ErrCanceled {
		t.Errorf("the attempt was ended by %v", err)
	}
}

// With NoEcho a server doesn't send back what the connection has sent.
func TestACancelInTheSameProcessNeedsNoMessage(t *testing.T) {
	_, url := serve(t, "")
	e := open(t, Settings{URL: url, Options: []nats.Option{nats.NoEcho()}})
	begun := make(chan struct{})
	var ended atomic.Bool
	f := register(t, e, "test.f", fast(2), func(ctx context.Context, _ int) (int, error) {
		close(begun)
		<-ctx.Done()
		ended.Store(true)
		return 0, nil
	})
	c := start(t, f, "k", 1)
	<-begun
	if err := f.Cancel(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Result(t.Context()); !errors.Is(err, ErrCanceled) {
		t.Error(err)
	}
	until(t, "the attempt's context ends", ended.Load)
}

func TestTheResultOfWhatIsNoRecordIsAnErrorAtOnce(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(2), func(context.Context, int) (int, error) { return 1, nil })
	if _, err := e.store.JS().Publish(t.Context(), record.Calls+"test.f.k", []byte("{")); err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	_, err := f.Call("k").Result(ctx)
	if ctx.Err() != nil || !errors.Is(err, record.ErrUnreadable) {
		t.Errorf("%v", err)
	}
	for what, err := range map[string]error{"cancel": f.Cancel(ctx, "k"), "again": f.Again(ctx, "k"), "delete": f.Delete(ctx, "k"), "start": second(f.Start(ctx, "k", 1))} {
		if !errors.Is(err, record.ErrUnreadable) || ctx.Err() != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The owner of a directory may be a process that can't be reached, in another container with the same volume.
func TestAnOwnerThatCannotBeReachedIsNamed(t *testing.T) {
	d := dir(t)
	p := launch(t, d)
	setPort(t, d, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := Open(ctx, Settings{Dir: d})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", p.cmd.Process.Pid)) || !strings.Contains(err.Error(), "container") {
		t.Errorf("%v", err)
	}
}

// Attempts may use the engine that makes them, and results may be asked for by anybody, at any time, as often as they like.
//
//retryvet:ignore this is what is tested
func TestAttemptsUseTheEngineAndResultsAreToldToAll(t *testing.T) {
	e := open(t, Settings{AtOnce: 2})
	var f *Function[int, int]
	ready := make(chan struct{})
	f = register(t, e, "test.f", fast(2), func(ctx context.Context, n int) (int, error) {
		<-ready
		a, _ := Current(ctx)
		c, err := f.Start(ctx, a.Key, n) // itself
		if err != nil || !c.Existed {
			return 0, fmt.Errorf("started by itself: %+v, %w", c, err)
		}
		if n == 0 {
			return 0, nil
		}
		if _, err := f.Start(ctx, fmt.Sprint(n-1), n-1); err != nil {
			return 0, err
		}
		return n, f.Cancel(ctx, "none of these")
	})
	close(ready)
	start(t, f, "9", 9)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for range 5 {
				_, err := f.Call("9").Result(t.Context())
				if err == nil || !errors.Is(err, retry.ErrExhausted) {
					t.Errorf("asker %d was told %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	until(t, "the last one that they have started is done", func() bool { return state(t, f, "0") == Done })
}

// Whatever is going on when the engine is closed comes back.
func TestWhatIsInFlightAtCloseReturns(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(2), func(context.Context, int) (int, error) { return 1, nil })
	waits := register[int, int](t, e, "test.waits", fast(2), nil)
	start(t, waits, "k", 1)
	var flying sync.WaitGroup
	var stored sync.Map
	var accepted atomic.Int64
	ctx := context.Background()
	for g := range 50 {
		flying.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprint(g, "-", i)
				if _, err := f.Start(ctx, key, i); errors.Is(err, ErrClosed) {
					return
				} else if err != nil {
					t.Errorf("start: %v", err)
					return
				}
				stored.Store(key, i)
				accepted.Add(1)
			}
		})
	}
	flying.Go(func() {
		if _, err := waits.Call("k").Result(ctx); !errors.Is(err, ErrClosed) {
			t.Errorf("result: %v", err)
		}
	})
	flying.Go(func() {
		for err := error(nil); err == nil; {
			_, err = f.Count(ctx)
		}
	})
	flying.Go(func() {
		for err := error(nil); err == nil; {
			for _, err = range f.Calls(ctx) {
				if err != nil {
					break
				}
			}
		}
	})
	until(t, "some are accepted", func() bool { return accepted.Load() >= 100 })
	if err := e.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
	back := make(chan struct{})
	go func() { flying.Wait(); close(back) }()
	select {
	case <-back:
	case <-time.After(patience):
		t.Fatal("something still waits")
	}
	f = register[int, int](t, open(t, Settings{Dir: e.set.Dir}), "test.f", fast(2), nil)
	stored.Range(func(key, i any) bool {
		if state(t, f, key.(string)) == "" {
			t.Errorf("%s was accepted and is gone", key)
		}
		return true
	})
}

func TestAPolicyOfCrashesThatPanicsEndsTheCallOnly(t *testing.T) {
	for how, f := range map[string]func(){"panics": func() { panic("no") }, "exits": runtime.Goexit} {
		e := &Engine{set: Settings{Crashes: retry.Policy{Attempts: 3, Decide: func(*retry.Decision) { f() }}}}
		r := &record.Record{}
		n := *r
		if _, end := e.crash(&function{}, r, &n, time.Now()); end == nil {
			t.Errorf("%s: the call goes on", how)
		}
	}
}
