package retrydebug

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

var errBusy = errors.New("503 Service Unavailable")

func anybody(*http.Request) (string, bool) { return "alice", true }

var silent = slog.New(slog.DiscardHandler)

// Every attempt that began is counted once, and so is every call, whoever reads and operates meanwhile.
func TestCountsAreExact(t *testing.T) {
	before := runtime.NumGoroutine()
	const workers, each = 16, 100_000
	budget := &retry.Budget{Name: "search", Min: 1 << 30}
	board := New(Settings{Operate: anybody, Log: silent})
	board.tick = 5 * time.Millisecond
	server := httptest.NewServer(board)
	refuse := func(ctx context.Context, attempt func(context.Context) error) error {
		if ctx.Value(refused{}) != nil {
			return errBusy
		}
		return attempt(ctx)
	}
	plain := retry.Policy{Name: "search", Backoff: retry.List{0, 0, 0}, Budget: budget, RetryIf: func(err error) bool { return true }}
	plain = board.Watch(plain)
	around := plain
	around.Around, around.Budget = refuse, nil // not to be shut
	around = board.Watch(around)

	done := make(chan struct{})
	var others sync.WaitGroup
	client := server.Client()
	var events [3]atomic.Int64
	for i := range events {
		others.Go(func() { read(t, client, server.URL+"/events", done, &events[i]) })
	}
	all := func(n int64) func() bool {
		return func() bool { return min(events[0].Load(), events[1].Load(), events[2].Load()) >= n }
	}
	until(t, "readers get no event", all(1))
	others.Go(func() { // the operator opens what is open: nothing is refused
		for {
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
			resp, err := client.PostForm(server.URL+"/switch", url.Values{"target": {"policy:search"}, "minutes": {"0"}})
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		}
	})
	half := func() {
		var calls sync.WaitGroup
		for range workers {
			calls.Go(func() {
				for i := range each / 2 {
					one(plain, around, i%100)
				}
			})
		}
		calls.Wait()
	}
	half()
	heap := live()
	half()
	until(t, "readers don't see the calls", all(2))
	close(done)
	others.Wait()
	// What is made while the collector marks counts as in use, so that one figure may be too high.
	until(t, "the heap has grown", func() bool { return live() <= heap+4<<20 })

	// Of each 100 calls: see one.
	const n = workers * each / 100
	got := board.snapshot(view{}).Policies[0]
	want := attempts{All: 0, Succeeded: 96 * n, Failed: (10 + 2*5 + 3 + 3) * n, Refused: 3 * n, Panicked: n}
	want.All = want.Succeeded + want.Failed + want.Refused + want.Panicked
	if got.Attempts != want {
		t.Errorf("the attempts are %+v, want %+v", got.Attempts, want)
	}
	if got.Calls != 100*n || got.AtOnce != 81*n || got.Saved != 15*n || got.By[1] != 10*n || got.By[2] != 5*n {
		t.Errorf("%d calls, %d at once, %d saved, by %v", got.Calls, got.AtOnce, got.Saved, got.By)
	}
	if g := got.GaveUp; g["exhausted"] != 2*n || g["stopped"] != n || g["panicked"] != n || len(g) != 3 {
		t.Errorf("ended: %v", g)
	}
	var line [2]int64
	for _, s := range got.Line {
		line[0] += s[0]
		line[1] += s[1]
	}
	if line[0] > got.Calls || line[1] > want.All || line[0] == 0 {
		t.Errorf("the line has %v", line)
	}
	if got.InTry != 0 || got.Wait != 0 || board.retrying.Load() != 0 {
		t.Errorf("%d in an attempt, %d waiting, %d retrying", got.InTry, got.Wait, board.retrying.Load())
	}
	client.CloseIdleConnections()
	server.Close()
	until(t, "goroutines are left", func() bool { return runtime.NumGoroutine() <= before })
}

type refused struct{}

// one makes a call that ends in one of the ways there are, by its kind of 100.
func one(plain, around retry.Policy, kind int) {
	fails := func(n int) func(context.Context) error {
		return func(context.Context) error {
			if n--; n >= 0 {
				return errBusy
			}
			return nil
		}
	}
	ctx := context.Background()
	switch {
	case kind < 81:
		retry.Do(ctx, plain, fails(0))
	case kind < 91:
		retry.Do(ctx, plain, fails(1))
	case kind < 96:
		retry.Do(ctx, plain, fails(2))
	case kind == 96:
		retry.Do(ctx, plain, func(ctx context.Context) error {
			if retry.Attempt(ctx) < 3 {
				return errBusy
			}
			return retry.Stop(errBusy)
		})
	case kind == 97:
		defer func() { recover() }()
		retry.Do(ctx, plain, func(context.Context) error { panic("boom") })
	case kind == 98:
		retry.Do(context.WithValue(ctx, refused{}, true), around, fails(0))
	default:
		plain.Attempts = 3
		retry.Do(ctx, plain, fails(9))
	}
}

// read reads events until done, as a browser does: when a stream ends, it asks for the next one.
func read(t *testing.T, client *http.Client, from string, done chan struct{}, events *atomic.Int64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-done
		cancel()
	}()
	for ctx.Err() == nil {
		req, _ := http.NewRequestWithContext(ctx, "GET", from, nil)
		resp, err := client.Do(req)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			break
		}
		in := bufio.NewReader(resp.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				break // a line that was cut is no event
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				var main string
				if json.Unmarshal([]byte(data), &main) != nil || !strings.HasPrefix(main, "<main>") || !strings.HasSuffix(main, "</main>") {
					t.Errorf("an event is %.200s", data)
				}
				events.Add(1)
			}
		}
		resp.Body.Close()
	}
}

// live returns the bytes that the collector has just found in use. Garbage that readers have made since isn't among them.
func live() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// A pattern of the last ten minutes, one slot after another.
func TestLineIsOfTheLastTenMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, 0}})
		do := func(fails int) {
			retry.Do(t.Context(), p, func(context.Context) error {
				if fails--; fails >= 0 {
					return errBusy
				}
				return nil
			})
		}
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait() // a timer is due at the same instant
		}
		do(0)
		do(0)
		pass(slot)
		do(1)
		pass(3 * slot)
		do(2)
		got := board.snapshot(view{}).Policies[0]
		end := got.Line[len(got.Line)-5:]
		if len(got.Line) != shown || end[0] != [2]int64{2, 2} || end[1] != [2]int64{1, 2} || end[2] != [2]int64{} || end[4] != [2]int64{1, 2} {
			t.Errorf("the line ends with %v", end)
		}
		if got.Minute != 1.5 || got.Ten != 1.5 || got.Recent != 1 {
			t.Errorf("amplification %v and %v, %d gave up", got.Minute, got.Ten, got.Recent)
		}
		pass(time.Minute)
		if got := board.snapshot(view{}).Policies[0]; got.Minute != 0 || got.Ten != 1.5 {
			t.Errorf("after a minute: %v, %v", got.Minute, got.Ten)
		}
		pass(time.Hour)
		do(0)
		got = board.snapshot(view{}).Policies[0]
		if got.Ten != 1 || got.Recent != 0 || got.Calls != 5 || got.Line[shown-1] != [2]int64{1, 1} {
			t.Errorf("after an hour: %+v", got)
		}
	})
}

func BenchmarkSuccess(b *testing.B) {
	f := func(context.Context) error { return nil }
	for name, p := range map[string]retry.Policy{"bare": {}, "watched": New(Settings{}).Watch(retry.Policy{})} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				retry.Do(context.Background(), p, f)
			}
		})
		b.Run(name+"_16", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16 / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					retry.Do(context.Background(), p, f)
				}
			})
		})
	}
}
