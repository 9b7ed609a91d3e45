package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/retrynats/internal/host"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connect starts a server over a directory of its own.
func connect(t *testing.T) *nats.Conn {
	t.Helper()
	h, err := host.Open(t.Context(), filepath.Join(t.TempDir(), "calls"), "w", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	o, err := h.Options()
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("nats://127.0.0.1", o...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func open(t *testing.T, c Config) *Store {
	t.Helper()
	c.Embedded = true
	s, err := Open(t.Context(), t.Context(), connect(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func call(key string) *record.Record {
	return &record.Record{Version: record.Version, Function: "f", Key: key, State: record.Waiting, Argument: json.RawMessage(`1`), Started: time.Now(), Due: time.Now().Add(time.Hour)}
}

func create(t *testing.T, s *Store, r *record.Record) uint64 {
	t.Helper()
	rev, err := s.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestARecordIsChangedByCompareAndSetOnly(t *testing.T) {
	s := open(t, Config{})
	r := call("k")
	rev := create(t, s, r)
	if _, err := s.Create(t.Context(), call("k")); !errors.Is(err, ErrConflict) {
		t.Errorf("created twice: %v", err)
	}
	r.State = record.Running
	now, err := s.Change(t.Context(), r, rev, 0)
	if err != nil || now <= rev {
		t.Fatalf("%d, %v", now, err)
	}
	r.State = record.Dead
	if _, err := s.Change(t.Context(), r, rev, 0); !errors.Is(err, ErrConflict) {
		t.Errorf("changed from an old revision: %v", err)
	}
	if err := s.Delete(t.Context(), rev); !errors.Is(err, ErrConflict) {
		t.Errorf("an old revision was deleted: %v", err)
	}
	have, at, err := s.Load(t.Context(), "f.k")
	if err != nil || at != now || have.State != record.Running {
		t.Errorf("%+v, %d, %v", have, at, err)
	}
	if err := s.Delete(t.Context(), now); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Load(t.Context(), "f.k"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

// The server stores a write, and its answer is lost: the next try finds a conflict with ourselves, and with nobody else.
func TestAnAnswerThatIsLostIsNoConflict(t *testing.T) {
	real := open(t, Config{})
	s := &Store{life: t.Context(), nc: real.nc, js: real.js, calls: real.calls, wake: real.wake, put: make(chan *write), room: room{max: -1}}
	other := call("k")
	other.Argument = json.RawMessage(`2`)
	for what, c := range map[string]struct {
		key       string
		reaches   bool // the first try
		meanwhile *record.Record
		want      error
	}{
		"it was stored":             {"a", true, nil, nil},
		"it wasn't":                 {"b", false, nil, nil},
		"another one was before it": {"k", false, other, ErrConflict},
	} {
		t.Run(what, func(t *testing.T) {
			go func() {
				w := <-s.put
				if c.reaches {
					real.send(t.Context(), w.msg)
				}
				if c.meanwhile != nil {
					real.Create(t.Context(), c.meanwhile)
				}
				w.end(0, errUnknown)
				w = <-s.put
				w.end(real.send(t.Context(), w.msg))
			}()
			rev, err := s.Create(t.Context(), call(c.key))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v", err)
			}
			if _, at, e := real.Load(t.Context(), "f."+c.key); e != nil || err == nil && at != rev {
				t.Errorf("stored as %d, and told %d: %v", at, rev, e)
			}
		})
	}
}

func TestWritesThatGatherAreOneBatchAndEachHasItsOwnOutcome(t *testing.T) {
	s := open(t, Config{})
	create(t, s, call("k7"))
	var ws []*write
	for i := range 40 {
		r := call(fmt.Sprint("k", i))
		if i == 20 {
			r = call("k19") // a second one of a call in the batch
		}
		m, err := message(r, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		ws = append(ws, &write{msg: m, done: make(chan struct{})})
	}
	if s.batch(ws) {
		t.Fatal("two changes of one record are in a batch")
	}
	if s.batch(append(slices.Clone(ws[:20]), ws[21:]...)) {
		t.Fatal("a batch with a conflict was stored")
	}
	if _, _, err := s.Load(t.Context(), "f.k0"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("half of a batch is stored: %v", err)
	}
	if !s.batch(ws[21:]) {
		t.Fatal("a batch without a conflict was refused")
	}
	s.single(ws[:21])
	for i, w := range ws {
		<-w.done
		if (i == 7 || i == 20) != errors.Is(w.err, ErrConflict) {
			t.Errorf("%d: %v", i, w.err)
		}
		if w.err != nil {
			continue
		}
		if _, at, err := s.Load(t.Context(), w.msg.Subject[len(record.Calls):]); err != nil || at != w.seq {
			t.Errorf("%d: sequence %d, and stored as %d: %v", i, w.seq, at, err)
		}
	}
}

func TestManyWritersAreToldTheirOwnSequence(t *testing.T) {
	s := open(t, Config{})
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			r := call(fmt.Sprint(i))
			rev, err := s.Create(t.Context(), r)
			if err == nil {
				r.State = record.Running
				rev, err = s.Change(t.Context(), r, rev, 0)
			}
			have, at, e := s.Load(t.Context(), fmt.Sprint("f.", i))
			if err != nil || e != nil || at != rev || have.State != record.Running {
				t.Errorf("%d: %v, %v, %d, %d", i, err, e, rev, at)
			}
		})
	}
	wg.Wait()
}

func TestAFullStreamOrDiskTakesChangesButNoNewCalls(t *testing.T) {
	free := int64(100)
	s := open(t, Config{MaxBytes: 100_000, Free: func() (int64, error) { return free, nil }, Reserve: 50})
	r := call("k")
	rev := create(t, s, r)
	again := func() { s.room.looked = time.Time{} }
	free = 49
	again()
	if _, err := s.Create(t.Context(), call("m")); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "Reserve") {
		t.Errorf("a full disk: %v", err)
	}
	free = 100
	again()
	big := call("big")
	big.Argument = json.RawMessage(`"` + strings.Repeat("x", 80_000) + `"`)
	create(t, s, big)
	again()
	if _, err := s.Create(t.Context(), call("n")); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "MaxBytes") {
		t.Errorf("a full stream: %v", err)
	}
	r.State = record.Done
	if _, err := s.Change(t.Context(), r, rev, 0); err != nil {
		t.Errorf("a call that is there can't end: %v", err)
	}
	huge := call("huge")
	huge.Argument = json.RawMessage(`"` + strings.Repeat("x", maxRecord) + `"`)
	if _, err := open(t, Config{}).Create(t.Context(), huge); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestTheRoomIsLookedAtOnceInATenthOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := int64(100)
		r := room{max: -1, free: func() (int64, error) { return free, nil }, reserve: 50}
		if err := r.check(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		free = 49
		time.Sleep(99 * time.Millisecond)
		if err := r.check(t.Context(), nil); err != nil {
			t.Errorf("it looked twice: %v", err)
		}
		time.Sleep(time.Millisecond)
		if err := r.check(t.Context(), nil); !errors.Is(err, ErrFull) {
			t.Errorf("it didn't look again: %v", err)
		}
	})
}

func TestATickIsAScheduleToTheNanosecondUntilItIsDue(t *testing.T) {
	s := open(t, Config{})
	due := call("due")
	due.Due = time.Now().Add(-time.Second)
	later := call("later")
	later.Due = time.Now().Add(time.Hour).Round(time.Second).Add(123456789)
	for _, r := range []*record.Record{due, later} {
		if err := s.Wake(t.Context(), r, 5, 0); err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.wake.GetLastMsgForSubject(t.Context(), record.Ready+"f.due")
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Nats-Schedule") != "" {
		t.Error("a tick that is due is a schedule")
	}
	m, err = s.wake.GetLastMsgForSubject(t.Context(), record.Schedules+"f.later.5")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(m.Header.Get("Nats-Schedule"), "@at "))
	if err != nil || !at.Equal(later.Due) {
		t.Errorf("scheduled for %v, not %v: %v", at, later.Due, err)
	}
	// A server whose clock is ahead is told the time by its own.
	if err := s.Wake(t.Context(), later, 6, time.Minute); err != nil {
		t.Fatal(err)
	}
	if m, err = s.wake.GetLastMsgForSubject(t.Context(), record.Schedules+"f.later.6"); err != nil {
		t.Fatal(err)
	}
	if at, err = time.Parse(time.RFC3339Nano, strings.TrimPrefix(m.Header.Get("Nats-Schedule"), "@at ")); err != nil || !at.Equal(later.Due.Add(time.Minute)) {
		t.Errorf("scheduled for %v: %v", at, err)
	}
	var r record.Record
	if err := json.Unmarshal(m.Data, &r); err != nil || !r.Due.Equal(later.Due) {
		t.Errorf("the record in the tick is due at %v, not %v: %v", r.Due, later.Due, err)
	}
	w, err := s.Woken(t.Context())
	if err != nil || !w["f.due"] || !w["f.later"] {
		t.Errorf("woken: %v, %v", w, err)
	}
	if err := s.Unschedule(t.Context(), "f.later"); err != nil {
		t.Error(err)
	}
	if w, _ = s.Woken(t.Context()); w["f.later"] || !w["f.due"] {
		t.Errorf("woken: %v", w)
	}
}

func TestATickCarriesItsRecordOrNothing(t *testing.T) {
	s := open(t, Config{})
	ready := func(r *record.Record, rev uint64) { r.Due = time.Now(); s.Wake(t.Context(), r, rev, 0) }
	ready(call("small"), 7)
	long := call("long")
	long.Argument = json.RawMessage(`"` + strings.Repeat("x", maxTick) + `"`)
	ready(long, 8)
	s.nc.Publish(record.Ready+"f.odd", []byte("{"))
	s.nc.Flush()
	c, err := s.Consumer(t.Context(), "f", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for range 3 {
		m, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		id, r, rev, err := Ticked(m)
		got[id] = fmt.Sprint(r != nil, rev, err)
	}
	if got["f.small"] != "true 7 <nil>" || !strings.HasPrefix(got["f.long"], "false") || !strings.HasPrefix(got["f.odd"], "false") {
		t.Errorf("%v", got)
	}
}

func TestScanReadsWhatItIsAskedFor(t *testing.T) {
	s := open(t, Config{})
	none := func(Head) bool { t.Error("a call in an empty stream"); return true }
	if err := s.Scan(t.Context(), "", true, none); err != nil {
		t.Error(err)
	}
	for i := range 30 {
		r := call(fmt.Sprint("k", i))
		if i%3 == 0 {
			r.Function = "f.below" // isn't of f
		}
		r.Attempts = i
		create(t, s, r)
	}
	list := func(f string, data bool, most int) (keys []string) {
		if err := s.Scan(t.Context(), f, data, func(h Head) bool {
			if data != (len(h.Data) > 0) || h.State != record.Waiting || h.Due.IsZero() || h.ID != fmt.Sprint("f.k", h.Attempts) && h.ID != fmt.Sprint("f.below.k", h.Attempts) {
				t.Errorf("%+v", h)
			}
			keys = append(keys, h.ID)
			return len(keys) < most
		}); err != nil {
			t.Error(err)
		}
		return keys
	}
	if all, f, below, some := list("", false, 99), list("f", true, 99), list("f.below", true, 99), list("", true, 5); len(all) != 30 || len(f) != 20 || len(below) != 10 || len(some) != 5 || some[4] != "f.k4" {
		t.Errorf("%d, %d, %d, %v", len(all), len(f), len(below), some)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Scan(ctx, "", true, func(Head) bool { return true }); err == nil {
		t.Error("scanned without time")
	}
}

// What is still to come may be deleted, or its time run out: then nothing comes.
func TestAScanEndsThoughItsLastRecordsAreDeleted(t *testing.T) {
	s := open(t, Config{})
	var revs []uint64
	for i := range 300 { // more than are asked for at once
		revs = append(revs, create(t, s, call(fmt.Sprint("k", i))))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	n := 0
	if err := s.Scan(ctx, "", true, func(Head) bool {
		if n++; n == 1 {
			for _, rev := range revs[270:] {
				if err := s.Delete(ctx, rev); err != nil {
					t.Error(err)
				}
			}
		}
		return true
	}); err != nil || n < 270 {
		t.Errorf("%d records, %v", n, err)
	}
}

func TestStreamsOfOthersAreLeftAlone(t *testing.T) {
	nc := connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c := callsConfig(Config{Replicas: 1})
	c.MaxMsgsPerSubject = 5
	if _, err := js.CreateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), t.Context(), nc, Config{Embedded: true}); err == nil || !strings.Contains(err.Error(), "isn't one of retrynats") {
		t.Errorf("%v", err)
	}
	if err := js.DeleteStream(t.Context(), c.Name); err != nil {
		t.Fatal(err)
	}
	for _, most := range []int64{0, 1 << 20, 2 << 20, 0} { // 0 leaves what is set
		if _, err := Open(t.Context(), t.Context(), nc, Config{Embedded: true, MaxBytes: most}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := js.Stream(t.Context(), CallsStream); err != nil || s.CachedInfo().Config.MaxBytes != 2<<20 {
		t.Errorf("%+v, %v", s.CachedInfo().Config.MaxBytes, err)
	}
}
