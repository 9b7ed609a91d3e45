package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/chromedp/chromedp"
)

// The whole run: go -C internal/browsertest test -race -run Show -calls 100000 -v
var calls = flag.Int("calls", 3000, "calls of each of the 16 goroutines of TestShow")

// tally is what the attempts and calls themselves say happened.
type tally struct {
	succeeded, failed, panicked, refused atomic.Int64 // attempts
	good, exhausted, stopped, budget     atomic.Int64 // calls
}

type refuse struct{}

// one makes a call that ends in one of the ways there are, and tallies what happens.
func (n *tally) one(p retry.Policy, kind int) {
	ctx, fails := context.Background(), 0
	switch {
	case kind%10 == 1:
		fails = 1
	case kind%20 == 2:
		fails = 2
	case kind == 3:
		ctx = context.WithValue(ctx, refuse{}, true)
	case kind == 5:
		fails = 9
	}
	defer func() { recover() }()
	err := retry.Do(ctx, p, func(context.Context) error {
		switch {
		case kind == 4:
			n.panicked.Add(1)
			panic("boom")
		case kind == 6:
			n.failed.Add(1)
			return retry.Stop(errBusy)
		}
		if fails--; fails >= 0 {
			n.failed.Add(1)
			return errBusy
		}
		n.succeeded.Add(1)
		return nil
	})
	switch {
	case err == nil:
		n.good.Add(1)
	case errors.Is(err, retry.ErrExhausted):
		n.exhausted.Add(1)
	case errors.Is(err, retry.ErrBudget):
		n.budget.Add(1)
	default:
		n.stopped.Add(1)
	}
}

func live() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// inside returns how many goroutines run code of the page.
func inside() int {
	all := make([]byte, 16<<20)
	n := 0
	for g := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(g, "retrydebug.(*Board)") {
			n++
		}
	}
	return n
}

// Sixteen goroutines call, three browsers read, and an operator in one of them shuts and opens the budget. Every attempt that began is counted once,
// the memory stays flat, and when the readers go nothing is left of them.
func TestShow(t *testing.T) {
	s := serve(t)
	var n tally
	p := retry.Policy{Name: "search", Backoff: retry.List{0, 0, 0}, Budget: &retry.Budget{Name: "search", Min: 1 << 30},
		Around: func(ctx context.Context, attempt func(context.Context) error) error {
			if ctx.Value(refuse{}) != nil {
				n.refused.Add(1)
				return errBusy
			}
			return attempt(ctx)
		}}
	around := s.board.Watch(p)
	p.Around = nil
	plain := s.board.Watch(p)

	var browsers [3]context.Context
	for i := range browsers {
		browsers[i] = browser(t, "", s.url)
		do(t, browsers[i], chromedp.Navigate(s.url))
		await(t, browsers[i], "Live")
	}
	operator := browsers[0]
	done := make(chan struct{})
	var heap [2]uint64
	go func() {
		defer close(done)
		for half := range heap {
			var group sync.WaitGroup
			for range 16 {
				group.Go(func() {
					for i := range *calls / 2 {
						if kind := i % 100; kind == 3 || kind == 4 {
							n.one(around, kind)
						} else {
							n.one(plain, kind)
						}
					}
				})
			}
			group.Wait()
			heap[half] = live()
		}
	}()
	switched := 0
	for running := true; running || switched < 2; switched++ {
		button, then := "Shut search for 5 minutes", "alice shut the budget of policy search for 5 minutes"
		if switched%2 == 1 {
			button, then = "Open search", "alice opened the budget of policy search"
		}
		press(t, operator, button)
		await(t, operator, then)
		await(t, operator, "Live")
		select {
		case <-done:
			running = false
		default:
		}
	}
	<-done
	if heap[1] > heap[0]+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap[0], heap[1])
	}

	resp, err := http.Get(s.url + "?format=json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Policies []struct {
			Name     string
			Calls    int64
			AtOnce   int64 `json:"at_once"`
			Saved    int64
			Ended    map[string]int64
			InTry    int64 `json:"in_attempt"`
			Waiting  int64
			Attempts struct{ All, Succeeded, Failed, Refused, Panicked int64 }
		}
		Switch []json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || len(got.Policies) != 1 {
		t.Fatal(err, got)
	}
	g := got.Policies[0]
	a := g.Attempts
	if a.Succeeded != n.succeeded.Load() || a.Failed != n.failed.Load() || a.Refused != n.refused.Load() || a.Panicked != n.panicked.Load() ||
		a.All != a.Succeeded+a.Failed+a.Refused+a.Panicked {
		t.Errorf("the attempts are %+v; there were %d, %d, %d and %d", a, n.succeeded.Load(), n.failed.Load(), n.refused.Load(), n.panicked.Load())
	}
	all := int64(16 * (*calls / 2) * 2)
	if g.Calls != all || g.AtOnce+g.Saved != n.good.Load() || g.Ended["exhausted"] != n.exhausted.Load() || g.Ended["budget"] != n.budget.Load() ||
		g.Ended["stopped"] != n.stopped.Load() || g.Ended["panicked"] != n.panicked.Load() || n.panicked.Load() == 0 || n.refused.Load() == 0 {
		t.Errorf("%+v of %d calls; there were %d good, %d exhausted, %d refused by the budget, %d stopped", g, all, n.good.Load(), n.exhausted.Load(), n.budget.Load(), n.stopped.Load())
	}
	if g.InTry != 0 || g.Waiting != 0 {
		t.Errorf("%d in an attempt, %d wait", g.InTry, g.Waiting)
	}
	for _, b := range browsers { // each of them shows it
		await(t, b, fmt.Sprint(g.Calls))
	}
	t.Logf("%d attempts of %d calls, %d uses of the switch, %d calls refused by the budget; the heap was %d and %d bytes", a.All, g.Calls, switched, n.budget.Load(), heap[0], heap[1])
	for _, b := range browsers {
		do(t, b, chromedp.Navigate("about:blank"))
	}
	for deadline := time.Now().Add(time.Minute); inside() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines of the page are left", inside())
		}
	}
}
