package retryhttp_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A foreign is the body of a RoundTripper that isn't net/http's.
type foreign struct{ read, close func() }

func (f foreign) Read([]byte) (int, error) { f.read(); return 0, nil }
func (f foreign) Close() error             { f.close(); return nil }

func nothing() {}

// What is left of an answer is read before the next attempt. However its body behaves, that takes half a second at most, and
// nobody reads on afterwards; a panic is the caller's, also if Close panics while Read blocks.
func TestAnswersThatDontEnd(t *testing.T) {
	for name, row := range map[string]struct {
		body  func(over chan struct{}) foreign
		panic any
	}{
		"closing_ends_it": {func(over chan struct{}) foreign {
			closed, once := make(chan struct{}), new(sync.Once)
			return foreign{func() { <-closed; runtime.Goexit() }, func() { once.Do(func() { close(closed) }) }}
		}, nil},
		"deaf":            {func(over chan struct{}) foreign { return foreign{func() { <-over }, nothing} }, nil},
		"says_nothing":    {func(over chan struct{}) foreign { return foreign{func() { time.Sleep(time.Millisecond) }, nothing} }, nil},
		"read_panics":     {func(over chan struct{}) foreign { return foreign{func() { panic("read") }, nothing} }, "read"},
		"close_panics":    {func(over chan struct{}) foreign { return foreign{func() { <-over }, func() { panic("close") }} }, "close"},
		"exits_goroutine": {func(over chan struct{}) foreign { return foreign{runtime.Goexit, nothing} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				var sent int
				var latest atomic.Pointer[time.Time]
				tr := &retryhttp.Transport{Policy: three, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
					if sent++; sent == 2 {
						return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
					}
					body := row.body(over)
					read := body.read
					body.read = func() { now := time.Now(); latest.Store(&now); read() }
					return &http.Response{StatusCode: 503, Body: body, Request: r}, nil
				})}
				began := time.Now()
				panicked := func() (v any) {
					defer func() { v = recover() }()
					resp, err := tr.RoundTrip(request(t, "GET", "http://service.example", nil))
					if err != nil || resp.StatusCode != 200 {
						t.Errorf("the result is %v, %v", resp, err)
					}
					return nil
				}()
				if panicked != row.panic {
					t.Errorf("it panicked with %v, want %v", panicked, row.panic)
				}
				took := time.Since(began)
				if took > 500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				time.Sleep(time.Minute)
				if last := latest.Load().Sub(began); last > took {
					t.Errorf("the body was still read after %v", last)
				}
				close(over)
			})
		})
	}
}

// Whatever a body does while it is read ahead, the call ends with its context, and nobody reads on.
func TestBufferingStopsReading(t *testing.T) {
	for name, read := range map[string]func(p []byte) (int, error){
		"endless":      func(p []byte) (int, error) { return len(p[:1]), nil },
		"says_nothing": func([]byte) (int, error) { return 0, nil },
		"exits":        func([]byte) (int, error) { runtime.Goexit(); return 0, nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int64
				body := readerFunc(func(p []byte) (int, error) {
					reads.Add(1)
					time.Sleep(time.Second)
					return read(p)
				})
				tr := &retryhttp.Transport{Policy: retry.Policy{Within: time.Minute}, BufferBody: 1 << 40, Base: canned200}
				began := time.Now()
				_, err := tr.RoundTrip(request(t, "PUT", "http://service.example", body))
				if took := time.Since(began); err == nil || (name == "exits") != (took == time.Second) {
					t.Errorf("the error is %v after %v", err, took)
				}
				before := reads.Load()
				time.Sleep(time.Minute)
				if n := reads.Load(); n > before {
					t.Errorf("it was read %d times, and %d times when nobody waited any more", before, n-before)
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A body whose Read panics while it is read ahead is closed.
func TestBufferingClosesABodyThatPanics(t *testing.T) {
	closed := false
	tr := &retryhttp.Transport{BufferBody: 10, Base: canned200}
	req := request(t, "PUT", "http://service.example", nil)
	req.Body = closing{io.NopCloser(panicking{strings.NewReader("")}), &closed}
	func() {
		defer func() { recover() }()
		tr.RoundTrip(req)
	}()
	if !closed {
		t.Error("the body was left open")
	}
}
