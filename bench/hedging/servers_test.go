package hedging

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

const (
	servers = 10
	slowed  = 20 // times as long, by the slow one
)

// Real servers, the first of which is slow. Each call is sent to one of them at random, a hedge to the next one. All ways are looked at in the
// same seconds, so that what disturbs the machine disturbs all alike.
func TestServers(t *testing.T) {
	latencies := newSource(1, 2)
	var urls []string
	for i := range servers {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			d := 10 * math.Exp(0.3*latencies.draw((*rand.Rand).NormFloat64))
			if i == 0 {
				d *= slowed
			}
			if sleep(req.Context(), time.Duration(d*float64(time.Millisecond))) == nil {
				io.WriteString(w, "done")
			}
		}))
		defer s.Close()
		urls = append(urls, s.URL)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	get := func(ctx context.Context, url string) error {
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
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
	}

	const rate = 50 // calls a second, by each way
	lasts := 15 * time.Second
	if *all {
		lasts = time.Minute
	}
	healthy := peers.NoHedge
	healthy.Name = "no hedging, the nine healthy servers only"
	ways := append([]peers.Hedger{healthy}, hedgers()...)
	tallies := make([]*tally, len(ways))
	calls := make([]func(context.Context, *tally), len(ways))
	type key struct{}
	type route struct {
		tally *tally
		first int
	}
	choice := newSource(1, 3)
	for i, h := range ways {
		tallies[i] = new(tally)
		call := h.Make(17*time.Millisecond, func(ctx context.Context, n int) (int, error) {
			r := ctx.Value(key{}).(route)
			r.tally.attempt()
			return n, get(ctx, urls[(r.first+n-1)%servers])
		})
		calls[i] = func(ctx context.Context, a *tally) {
			first := int(choice.draw(func(r *rand.Rand) float64 { return float64(r.IntN(servers)) }))
			if i == 0 {
				first = 1 + int(choice.draw(func(r *rand.Rand) float64 { return float64(r.IntN(servers - 1)) }))
			}
			began := time.Now()
			_, err := call(context.WithValue(ctx, key{}, route{a, first}))
			if err != nil {
				t.Errorf("%s: %v", h.Name, err)
			}
			a.call(time.Since(began), err)
		}
	}
	unknown := new(tally)
	var group sync.WaitGroup
	for begun, tick := time.Now(), time.NewTicker(time.Second/rate); time.Since(begun) < lasts; <-tick.C {
		for i, call := range calls {
			a := tallies[i]
			if warm(time.Since(begun)) < 0 {
				a = unknown
			}
			group.Go(func() { call(t.Context(), a) })
		}
	}
	group.Wait()
	for i, h := range ways {
		t.Run(name(h.Name), func(t *testing.T) {
			a := tallies[i]
			p99, best := a.quantile(0.99), tallies[0].quantile(0.99)
			report(t, "servers", "", h.Name, fmt.Sprintf("%s | %s | %.1f× | %.2f×",
				brief(a.quantile(0.5)), brief(p99), float64(p99)/float64(best), a.load()))
			if h.Name != peers.Ours {
				return
			}
			if a.load() > 1.12 {
				t.Errorf("the load is %.3f", a.load())
			}
			if *all && p99 > 2*best {
				t.Errorf("the 99th percentile is %v, %.1f times that of the healthy servers", p99, float64(p99)/float64(best))
			}
			if p99 > 5*slowed*time.Millisecond { // half of what the slow server takes, whatever else this machine is doing
				t.Errorf("the 99th percentile is %v", p99)
			}
		})
	}
}
