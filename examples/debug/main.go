// Debug serves the page of package retrydebug over a program that fails in interesting ways: a search that is slow to recover, an
// importer that waits for long, a payment that nobody may retry, and requests to three hosts, one of which is down half of the
// time; and suggestions, which are hedged.
//
//	go run ./examples/debug
//
// Then open the address that it prints, or ask it with curl. The switch works: who may open a page on 127.0.0.1 may use it here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrydebug"
	"github.com/callagain/retry/retryhttp"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to serve the page")
	d := flag.Duration("for", 0, "how long to run; 0 is until it is interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *d)
		defer cancel()
	}
	if err := run(ctx, *addr, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves the page and makes calls until ctx is over.
func run(ctx context.Context, addr string, out io.Writer) error {
	board := retrydebug.New(retrydebug.Settings{
		Operate: operator,
		Log:     slog.New(slog.NewTextHandler(out, nil)),
	})
	mux := http.NewServeMux()
	mux.Handle("/debug/retry/", board)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("can't serve the page: %w", err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	defer server.Close()
	fmt.Fprintf(out, "http://%s/debug/retry/\n", listener.Addr())
	traffic(ctx, board)
	return nil
}

// operator lets those in who ask this machine by a loopback address, which is right for an example alone: a program with a page that
// others can reach asks for a credential here. The check of the host keeps out pages whose name was made to lead here.
func operator(r *http.Request) (who string, ok bool) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil || net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
		return "", false
	}
	return r.RemoteAddr, true
}

var (
	errOverloaded = errors.New("search: 503 Service Unavailable: https://svc:hunter2@search.example/q?token=secret is overloaded")
	errDeclined   = errors.New("payment: card declined")
	errLocked     = errors.New("import: <b>table is locked</b> by another transaction")
)

// traffic makes calls of all kinds until ctx is over.
func traffic(ctx context.Context, board *retrydebug.Board) {
	search := board.Watch(retry.Policy{Name: "search", Budget: &retry.Budget{Name: "search"}, Backoff: retry.Exponential{Initial: 50 * time.Millisecond}})
	payment := board.Watch(retry.Policy{Name: "payment", Attempts: 3})
	imports := board.Watch(retry.Policy{Name: "import", Attempts: 6, Backoff: retry.Exponential{Initial: time.Second}, Within: time.Minute})

	suggest := retry.Hedge(board.Hedge(retry.HedgeSettings{Name: "suggestions", Delay: 20 * time.Millisecond}), func(ctx context.Context) (string, error) {
		if rand.N(15) > 0 {
			return "retry", nil
		}
		select { // one replica of fifteen is slow
		case <-time.After(time.Second):
			return "retry", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})

	began := time.Now()
	outage := func() bool { return time.Since(began)%(time.Minute) > 40*time.Second } // of each minute
	var all sync.WaitGroup
	defer all.Wait()
	every := func(d time.Duration, f func()) {
		all.Go(func() {
			for ctx.Err() == nil {
				f()
				select {
				case <-time.After(d/2 + rand.N(d)):
				case <-ctx.Done():
				}
			}
		})
	}
	for range 5 {
		every(100*time.Millisecond, func() {
			_ = retry.Do(ctx, search, func(context.Context) error {
				if outage() || rand.N(10) == 0 {
					return errOverloaded
				}
				return nil
			})
		})
		every(8*time.Second, func() {
			_ = retry.Do(ctx, imports, func(context.Context) error {
				if rand.N(4) > 0 {
					return errLocked
				}
				return nil
			})
		})
	}
	every(100*time.Millisecond, func() { suggest(ctx) })
	every(time.Second, func() {
		_ = retry.Do(ctx, payment, func(context.Context) error {
			switch rand.N(8) {
			case 0:
				return retry.Stop(errDeclined)
			case 1, 2:
				return errors.New("payment: connection reset by peer")
			}
			return nil
		})
	})

	servers := []*httptest.Server{flaky(func() int { return 200 }), flaky(func() int { return 200 + 303*rand.N(2) }), flaky(func() int {
		if outage() {
			return 503
		}
		return 200
	})}
	for _, s := range servers {
		defer s.Close() // before the calls are waited for: they end at once
	}
	transport := &retryhttp.Transport{Policy: board.Watch(retry.Policy{Name: "http", Backoff: retry.Exponential{Initial: 100 * time.Millisecond}})}
	board.Transport("api", transport)
	client := &http.Client{Transport: transport}
	for _, s := range servers {
		every(300*time.Millisecond, func() {
			r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/items?key=secret", strings.NewReader(""))
			if err != nil {
				return
			}
			if resp, err := client.Do(r); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	<-ctx.Done()
}

// flaky answers with the status that it is told.
func flaky(status func() int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status()) }))
}
