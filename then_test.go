package retry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/callagain/retry"
)

// logged runs f and returns what the default logger was given.
func logged(f func()) string {
	var mu sync.Mutex
	var out bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(b)
	}), nil)))
	defer slog.SetDefault(old)
	f()
	mu.Lock()
	defer mu.Unlock()
	return out.String()
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// Listeners of one call are strangers to each other.
func TestWhatEndsAThenReachesNobodyElseAndIsLogged(t *testing.T) {
	for how, end := range map[string]func(){
		"panicked":             func() { panic("a metrics hook, https://u:SECRET@host") },
		"exited its goroutine": runtime.Goexit,
		"panicked ":            func() { panic(badValue{}) },
	} {
		t.Run(how, func(t *testing.T) {
			for _, fails := range []error{nil, errFlaky} {
				log := logged(func() {
					release := make(chan bool)
					call := retry.Start(t.Context(), retry.Policy{Backoff: retry.List{0}}, func(context.Context) (int, error) { <-release; return 42, fails })
					within := make(chan error, 1)
					call.Then(func(int, error) {
						_, err := call.Result() // from within, it doesn't wait
						within <- err
						end()
					})
					got := make(chan error, 1)
					call.Then(func(v int, err error) {
						if v != 42 {
							t.Errorf("the second Then was given %v", v)
						}
						got <- err
					})
					close(release)
					<-call.Done()
					_, err := call.Result()
					if other, inner := <-got, <-within; other != err || inner != err || !errors.Is(err, fails) {
						t.Errorf("Result is %v; the other Then was given %v; from within it was %v", err, other, inner)
					}
				})
				if !strings.Contains(log, "Call.Then "+strings.TrimSpace(how)) || !strings.Contains(log, "then_test.go") || strings.Contains(log, "SECRET") {
					t.Errorf("the log is %q", log)
				}
			}
		})
	}
}

// badValue is what nobody should panic with.
type badValue struct{}

func (badValue) Error() string { panic("in Error") }

func TestPanicReachesResultEachTimeAndThens(t *testing.T) {
	for _, v := range []any{errFlaky, "text", badValue{}} {
		call := retry.Start(t.Context(), retry.Policy{}, func(context.Context) (int, error) { panic(v) })
		got := make(chan error, 1)
		call.Then(func(_ int, err error) { got <- err })
		var said []string
		for range 2 {
			panicked, _ := outcome(func() { call.Result() })
			err, ok := panicked.(error)
			if !ok {
				t.Fatalf("Result panicked with %v", panicked)
			}
			said = append(said, err.Error())
		}
		if err := <-got; said[0] != said[1] || err.Error() != said[0] {
			t.Errorf("Result panicked with %q and %q, Then was given %v", said[0], said[1], err)
		}
	}
}
