package hedging

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
	"github.com/callagain/retry/internal/memnet"
)

const (
	servers = 10
	slowed  = 20 // times as long, by the slow one
)

// Ten servers, the first of which is slow. Each call is sent to one of them at random, a hedge to the next one. All ways are looked at in the
// same seconds, so that what disturbs the machine disturbs all alike. With -all it is on real connections and in real time, which is only
// judged on a machine that does nothing else; else in memory, in a bubble.
func TestServers(t *testing.T) {
	healthy := peers.NoHedge
	healthy.Name = "no hedging, the nine healthy servers only"
	ways := append([]peers.Hedger{healthy}, hedgers()...)
	ours := slices.IndexFunc(ways, func(h peers.Hedger) bool { return h.Name == peers.Ours })
	var tallies []*tally
	if *all {
		for range 3 { // something else may keep the machine from its work
			tallies = onServers(t, ways, 30*time.Second, nil)
			if tallies[ours].quantile(0.99) <= 2*tallies[0].quantile(0.99) {
				break
			}
		}
	} else {
		synctest.Test(t, func(t *testing.T) {
			tallies = onServers(t, ways, 30*time.Second, func(i int) *memnet.Listener { return memnet.Listen(fmt.Sprintf("server-%d.example:80", i)) })
		})
	}
	best := tallies[0].quantile(0.99)
	for i, h := range ways {
		t.Run(name(h.Name), func(t *testing.T) {
			a := tallies[i]
			p99 := a.quantile(0.99)
			report(t, "servers", "", h.Name, fmt.Sprintf("%s | %s | %.1f× | %.2f×",
				brief(a.quantile(0.5)), brief(p99), float64(p99)/float64(best), a.load()))
			if h.Name == peers.Ours && (p99 > 2*best || a.load() > 1.25) {
				t.Errorf("the 99th percentile is %v, want at most %v, twice that of the healthy servers; the load is %.3f", p99, 2*best, a.load())
			}
		})
	}
}

// onServers makes calls to the servers in all ways. Listen returns where they listen; if it is nil, they do on loopback.
func onServers(t *testing.T, ways []peers.Hedger, lasts time.Duration, listen func(i int) *memnet.Listener) []*tally {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	listeners := map[string]*memnet.Listener{}
	if listen != nil {
		transport.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) { return listeners[addr].Dial(ctx) }
	}
	var urls []string
	for i := range servers {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			takes, err := time.ParseDuration(req.URL.Query().Get("takes"))
			if err != nil {
				t.Error(err)
			}
			if i == 0 {
				takes *= slowed
			}
			if sleep(req.Context(), takes) == nil {
				io.WriteString(w, "done")
			}
		}))
		if listen != nil {
			l := listen(i)
			listeners[l.Addr().String()] = l
			s.Listener.Close()
			s.Listener = l
		}
		s.Start()
		defer s.Close()
		urls = append(urls, s.URL)
	}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	return together(t, ways, lasts, func(ctx context.Context, n int, r route) error {
		// Drawn for each attempt by itself, so that it is the same whichever of two goroutines is first.
		draw := rand.New(rand.NewPCG(r.seed, uint64(n)))
		takes := time.Duration(10 * math.Exp(0.3*draw.NormFloat64()) * float64(time.Millisecond))
		req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/?takes=%v", urls[(r.first+n-1)%servers], takes), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
}

// A route says which server the first attempt of a call goes to.
type route struct {
	tally *tally
	first int
	seed  uint64
}

// together has calls made in all ways at the same time, and tallies them. The first way is to the healthy servers only. Get makes the n-th attempt of
// a call.
func together(t *testing.T, ways []peers.Hedger, lasts time.Duration, get func(ctx context.Context, n int, r route) error) []*tally {
	const rate = 50 // calls a second, by each way
	type key struct{}
	tallies := make([]*tally, len(ways))
	calls := make([]func(context.Context, route), len(ways))
	for i, h := range ways {
		tallies[i] = new(tally)
		call := h.Make(17*time.Millisecond, func(ctx context.Context, n int) (int, error) {
			r := ctx.Value(key{}).(route)
			r.tally.attempt()
			return n, get(ctx, n, r)
		})
		calls[i] = func(ctx context.Context, r route) {
			began := time.Now()
			_, err := call(context.WithValue(ctx, key{}, r))
			if err != nil {
				t.Errorf("%s: %v", h.Name, err)
			}
			r.tally.call(time.Since(began), err)
		}
	}
	choice := rand.New(rand.NewPCG(1, 3))
	unknown := new(tally)
	ticker := time.NewTicker(time.Second / rate)
	defer ticker.Stop()
	var group sync.WaitGroup
	for begun := time.Now(); time.Since(begun) < lasts; <-ticker.C {
		for i, call := range calls {
			r := route{tallies[i], choice.IntN(servers), choice.Uint64()}
			if i == 0 {
				r.first = 1 + r.first%(servers-1)
			}
			if warm(time.Since(begun)) < 0 {
				r.tally = unknown
			}
			group.Go(func() { call(t.Context(), r) })
		}
	}
	group.Wait()
	return tallies
}
