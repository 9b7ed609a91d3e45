package retrynats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/apart"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/callagain/retry/retrynats/internal/trio"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// serve starts a real nats-server of the module's version.
func serve(t *testing.T, extra string) (*trio.Server, string) {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return serveBy(t, bin, t.TempDir(), extra)
}

// built builds the server once for all tests; TestMain removes it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nats-server-*")
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { os.RemoveAll(dir) })
	return trio.Build(dir)
})

var atEnd []func()

func serveBy(t *testing.T, bin, d, extra string) (*trio.Server, string) {
	t.Helper()
	ss, url, err := trio.Start(bin, d, 1, extra)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ss[0].Kill)
	return ss[0], url
}

func config(t *testing.T, e *Engine, name string) jetstream.StreamConfig {
	t.Helper()
	s, err := e.store.JS().Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().Config
}

func TestTrap1NoRollUps(t *testing.T) {
	e := open(t, Settings{})
	if config(t, e, store.CallsStream).AllowRollup {
		t.Error("CALLS allows roll-ups") // WAKE does: the server adds that to schedules
	}
	sub, err := e.nc.SubscribeSync("retry.>")
	if err != nil {
		t.Fatal(err)
	}
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 0, errDown })
	start(t, f, "k", 1).Result(t.Context())
	seen := 0
	for {
		m, err := sub.NextMsg(50 * time.Millisecond)
		if err != nil {
			break
		}
		seen++
		if r := m.Header.Get("Nats-Rollup"); r != "" {
			t.Errorf("%s is a roll-up", m.Subject)
		}
	}
	if seen < 10 {
		t.Errorf("%d messages seen", seen)
	}
}

func TestTrap2WhatIsNotSyncedIsNotMissedAfterAKill(t *testing.T) {
	d := dir(t)
	n := 0
	for range 4 {
		p := launch(t, d)
		for range 30 {
			p.tell("start k%d 1 1ms 0", n)
			n++
		}
		until(t, "the calls are made", func() bool { return p.count("end") >= 30 })
		p.kill() // the tail of WAKE is lost, and its consumer's state may be ahead
	}
	e := openAs(t, quick(Settings{Dir: d}), never)
	f, err := work(e, fast(5), silent)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := start(t, f, fmt.Sprint("new", i), job{Fails: 1}).Result(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// A consumer that is ahead of its stream, as after a power loss of a server, is noticed while the engine runs.
func TestTrap2AConsumerThatIsAheadIsMadeAnew(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	for i := range 20 {
		start(t, f, fmt.Sprint(i), i).Result(t.Context())
	}
	js := e.store.JS()
	// The stream is made anew with fewer messages than the consumer has seen.
	w := config(t, e, store.WakeStream)
	if err := js.DeleteStream(t.Context(), w.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if v, err := start(t, f, "after", 1).Result(t.Context()); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if n, err := e.store.DropAhead(t.Context()); n != 0 || err != nil {
		t.Errorf("%d consumers were dropped that are not ahead, %v", n, err)
	}
}

func TestTrap3WakeHasNoLimits(t *testing.T) {
	e := open(t, Settings{MaxBytes: 1 << 20})
	w, c := config(t, e, store.WakeStream), config(t, e, store.CallsStream)
	if w.MaxBytes != -1 || w.MaxMsgs != -1 || w.MaxAge != 0 || w.MaxMsgsPerSubject != 1 {
		t.Errorf("limits of WAKE: %+v", w)
	}
	if c.MaxBytes != 1<<20 || c.Discard != jetstream.DiscardNew || c.MaxMsgs != -1 || c.MaxAge != 0 {
		t.Errorf("limits of CALLS: %+v", c)
	}
}

// Trap 4 is TestRule9AFullStreamRefusesNewCallsAndLetsTheOthersEnd, and trap 7 TestAnyKeyIsOneShortToken and this.
func TestTrap7AnyKeyWorks(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", fast(3), func(ctx context.Context, _ int) (string, error) { a, _ := Current(ctx); return a.Key, nil })
	for _, k := range []string{">", "*", ".", "a.b", " ", "\x00", "ключ", "=", "~", strings.Repeat("k", 150), strings.Repeat("k", 5000), strings.Repeat("é", 30000)} {
		if v, err := start(t, f, k, 1).Result(t.Context()); v != k || err != nil {
			t.Errorf("%.20q: %.20q, %v", k, v, err)
		}
	}
	if !e.nc.IsConnected() || e.nc.Stats().Reconnects > 0 {
		t.Error("the connection was lost")
	}
}

// smallDisk returns a directory for calls on a file system of 64 MB, and a file in it that can fill it. It is for tests that are apart.
func smallDisk(t *testing.T) (calls, ballast string) {
	d := filepath.Join(t.TempDir(), "disk")
	remove, err := apart.Disk(d, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	return filepath.Join(d, "calls"), filepath.Join(d, "ballast")
}

func fill(t *testing.T, path string, left int64) {
	t.Helper()
	if err := apart.Fill(path, left); err != nil {
		t.Fatal(err)
	}
}

// Trap 5 on a real disk, which somebody else fills until less is free than what is kept for what the calls there have yet to store.
func TestTrap5AFullDiskStopsStartsAndNothingElse(t *testing.T) {
	if !apart.Test(t) {
		return
	}
	calls, ballast := smallDisk(t)
	e := open(t, Settings{Dir: calls, Reserve: 32 << 20})
	var ok atomic.Bool
	f := register(t, e, "test.f", retry.Policy{Attempts: 1000, Backoff: retry.Constant(50 * time.Millisecond)}, func(context.Context, string) (int, error) {
		if !ok.Load() {
			return 0, errDown
		}
		return 1, nil
	})
	for i := range 20 {
		start(t, f, fmt.Sprint(i), strings.Repeat("x", 1000))
	}
	fill(t, ballast, 24<<20)
	var err error
	until(t, "starts are refused", func() bool { _, err = f.Start(t.Context(), "refused", "x"); return err != nil })
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "Reserve") {
		t.Errorf("refused with %v", err)
	}
	ok.Store(true)
	for i := range 20 {
		if _, err := f.Call(fmt.Sprint(i)).Result(t.Context()); err != nil {
			t.Errorf("a call that was accepted ended with %v", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	until(t, "starts are accepted again", func() bool { _, err = f.Start(t.Context(), "after", "x"); return err == nil })
}

func TestTrap6AServerThatIsTooOldIsRefused(t *testing.T) {
	bin := t.TempDir()
	c := exec.Command("go", "install", "github.com/nats-io/nats-server/v2@v2.11.0")
	c.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build nats-server 2.11: %v\n%s", err, out)
	}
	_, url := serveBy(t, filepath.Join(bin, "nats-server"), t.TempDir(), "")
	_, err := Open(t.Context(), Settings{URL: url})
	if err == nil || !strings.Contains(err.Error(), "2.12") || !strings.Contains(err.Error(), "2.11.0") {
		t.Errorf("%v", err)
	}
}

func TestTrap8StallsAndRestartsOfAServerLoseNothing(t *testing.T) {
	s, url := serve(t, "")
	e := open(t, Settings{URL: url})
	f := register(t, e, "test.f", fast(5), func(ctx context.Context, n int) (int, error) {
		if a, _ := Current(ctx); a.Number == 1 {
			return 0, errDown
		}
		return n, nil
	})
	errs := make(chan error, 600)
	begin := func(from, to int) {
		for i := from; i < to; i++ {
			go func() { _, err := f.Start(t.Context(), fmt.Sprint(i), i); errs <- err }()
		}
	}
	begin(0, 200)
	s.Signal(syscall.SIGSTOP)
	begin(200, 400)
	time.Sleep(time.Second) // five times the client's own patience
	s.Signal(syscall.SIGCONT)
	for range 400 {
		if err := <-errs; err != nil {
			t.Errorf("during a stall: %v", err)
		}
	}
	s.Kill()
	begin(400, 500)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := <-errs; err != nil {
			t.Errorf("during a restart: %v", err)
		}
	}
	until(t, "all are done", func() bool { n, _ := f.Count(t.Context()); return n[Done] == 500 })
}

func TestTrap9TheServerIsMadeToLookAtItsClock(t *testing.T) {
	e := open(t, Settings{})
	sub, err := e.nc.SubscribeSync(record.Schedules + "beat")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // at once, and after five seconds
		m, err := sub.NextMsg(20 * time.Second)
		if err != nil || m.Header.Get("Nats-Schedule") != "@every 5s" {
			t.Fatalf("%v, %v", m, err)
		}
	}
	// It is by the server's clock, and the server does it.
	if _, err = e.nc.SubscribeSync(record.Ready + "beat"); err != nil {
		t.Fatal(err)
	}
	until(t, "it looks", func() bool { w, _ := e.store.Woken(t.Context()); return w["beat"] })
}

func TestTrap10WhatTheServerRefuses(t *testing.T) {
	e := open(t, Settings{})
	js := e.store.JS()
	code := func(err error) jetstream.ErrorCode {
		var a *jetstream.APIError
		errors.As(err, &a)
		if a == nil {
			return 0
		}
		return a.ErrorCode
	}
	w := config(t, e, store.WakeStream)
	w.Name, w.Subjects, w.Discard = "OTHER", []string{"other.>"}, jetstream.DiscardNew
	if _, err := js.CreateStream(t.Context(), w); err == nil {
		t.Error("schedules with Discard New are accepted")
	}
	w.Discard, w.AllowAtomicPublish = jetstream.DiscardOld, true
	if _, err := js.CreateStream(t.Context(), w); err == nil {
		t.Error("an unsynced stream with atomic batches is accepted")
	}
	in := time.Now().Add(time.Hour).UTC()
	for what, h := range map[string]nats.Header{
		"no target":         {"Nats-Schedule": {"@at " + in.Format(store.Format)}},
		"its own subject":   {"Nats-Schedule": {"@at " + in.Format(store.Format)}, "Nats-Schedule-Target": {record.Schedules + "x.y"}},
		"outside":           {"Nats-Schedule": {"@at " + in.Format(store.Format)}, "Nats-Schedule-Target": {"elsewhere"}},
		"a time of no zone": {"Nats-Schedule": {"@at " + in.Format("2006-01-02T15:04:05")}, "Nats-Schedule-Target": {record.Ready + "x.y"}},
	} {
		_, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: record.Schedules + "x.y", Header: h})
		if c := code(err); c != 10190 && c != 10189 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Trap 11, not known to the design: a schedule that has fired is removed by its subject, some time later, and with it whatever is
// scheduled there by then.
func TestTrap11ASchedulesLateRemovalDoesNotHitTheNextOne(t *testing.T) {
	e := open(t, Settings{})
	f := register(t, e, "test.f", retry.Policy{Backoff: retry.List{2 * time.Second}}, func(context.Context, int) (int, error) { return 1, nil })
	s, err := e.store.JS().Stream(t.Context(), store.WakeStream)
	if err != nil {
		t.Fatal(err)
	}
	var c *Call[int]
	for i, late := 0, true; late; i++ { // until one's schedule is looked for before it is due
		c = start(t, f, fmt.Sprint("k", i), 1)
		r, rev, err := e.store.Load(t.Context(), c.id())
		if err != nil {
			t.Fatal(err)
		}
		subject := func(rev uint64) string { return record.Schedules + c.id() + "." + fmt.Sprint(rev) }
		// What the server publishes when the schedule of the revision before fires.
		m := &nats.Msg{Subject: record.Ready + "test.other.k", Header: nats.Header{"Nats-Scheduler": {subject(rev - 1)}, "Nats-Schedule-Next": {"purge"}}}
		if _, err := e.store.JS().PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		_, err = s.GetLastMsgForSubject(t.Context(), subject(rev))
		if late = !time.Now().Before(r.Due); err != nil && !late {
			t.Fatalf("the call's schedule is gone: %v", err)
		}
	}
	if v, err := c.Result(t.Context()); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

// A request for the next tick is lost with its server, and nobody says so: without heartbeats it would wait for all of its time.
func TestTrap12ARequestThatIsLostWithItsServerIsNoticed(t *testing.T) {
	s, url := serve(t, "")
	e := open(t, Settings{URL: url})
	f := &function{name: "test.f"} // which nobody else takes calls of
	c, err := e.store.Consumer(t.Context(), f.name, e.set.Lease)
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan error, 1)
	go func() {
		_, err := e.takeSome(t.Context(), f, c, 2*patience) // so that it waits when the server is killed
		lost <- err
	}()
	until(t, "it waits for a tick", func() bool { i, err := c.Info(t.Context()); return err == nil && i.NumWaiting > 0 })
	s.Kill()
	if err := <-lost; !errors.Is(err, jetstream.ErrNoHeartbeat) {
		t.Errorf("the request ended with %v", err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	g := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	if v, err := start(t, g, "k", 1).Result(t.Context()); v != 1 || err != nil {
		t.Errorf("then: %d, %v", v, err)
	}
}
