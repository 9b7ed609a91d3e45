package retrydebug

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// until waits for what other goroutines do with real connections.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestReaderWhoStopsReadingIsDropped(t *testing.T) {
	before := runtime.NumGoroutine()
	board := busyBoard(t)
	board.tick, board.stall = time.Millisecond, 200*time.Millisecond
	begun, ended := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		defer close(ended)
		board.ServeHTTP(w, r)
	}))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	p := board.Watch(retry.Policy{Name: "busy"})
	until(t, "the reader is still there", func() bool {
		retry.Do(context.Background(), p, func(context.Context) error { return nil })
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if n := board.readers.Load(); n != 0 {
		t.Errorf("%d readers are counted", n)
	}
	server.Close()
	until(t, "goroutines are left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestReadersAreFew(t *testing.T) {
	board := New(Settings{})
	board.stall, board.stream = time.Hour, time.Hour // however long it takes to open all
	server := httptest.NewServer(board)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	client := &http.Client{Transport: &http.Transport{}}
	status := func() int {
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/events", nil)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	for i := range maxReaders {
		if code := status(); code != 200 {
			t.Fatalf("reader %d got %d", i, code)
		}
	}
	if code := status(); code != http.StatusServiceUnavailable {
		t.Errorf("one more got %d", code)
	}
	cancel()
	until(t, "readers that are gone are counted", func() bool { return board.readers.Load() == 0 })
}

// A ResponseWriter that can't drop a reader isn't streamed to.
func TestLiveNeedsADeadline(t *testing.T) {
	if w := get(New(Settings{}), "/events", ""); w.Code != http.StatusNotImplemented {
		t.Errorf("%d", w.Code)
	}
}

func rendering(b *Board, v view) []byte { return b.views.content(v, b.tick*3/4, b.content) }

// However many readers there are, the page is made once a tick.
func TestReadersShareOnePage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search"})
		first := rendering(board, view{})
		retry.Do(t.Context(), p, func(context.Context) error { return nil })
		if again := rendering(board, view{}); &again[0] != &first[0] {
			t.Error("it is made twice in a tick")
		}
		time.Sleep(board.tick)
		if next := string(rendering(board, view{})); next == string(first) {
			t.Error("it isn't made anew")
		}
		for i := range 100 {
			rendering(board, view{find: fmt.Sprint(i)})
		}
		if len(board.views.made) > 8 {
			t.Errorf("%d pages are kept", len(board.views.made))
		}
	})
}
