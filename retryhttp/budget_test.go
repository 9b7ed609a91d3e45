package retryhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/callagain/retry"
)

// However many hosts are called, memory for their budgets is bounded; and whoever is called often keeps its own.
func TestHostsAreBounded(t *testing.T) {
	var h hosts
	often := h.budget("often.example")
	for i := range 5 * maxHosts {
		h.budget(fmt.Sprintf("%d.example", i))
		if i%1000 == 0 && h.budget("often.example") != often {
			t.Fatalf("the budget was forgotten after %d other hosts", i)
		}
	}
	if n := len(h.recent) + len(h.past); n > 2*maxHosts {
		t.Errorf("%d budgets are kept", n)
	}
}

// A host that is down costs as many retries as its budget has; others have their own.
func TestBudgetOfAHost(t *testing.T) {
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }))
	defer down.Close()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer up.Close()
	retries := func(tr *Transport, url string, calls int) (n int) {
		ctx := WithPolicy(t.Context(), retry.Policy{
			Backoff: retry.List{0, 0, 0},
			Observe: func(_ context.Context, e retry.Event) {
				if e.Kind == retry.Retrying {
					n++
				}
			},
		})
		for range calls {
			req, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return n
	}
	var tr Transport
	if n := retries(&tr, down.URL, 100); n < 20 || n > 25 {
		t.Errorf("100 calls to a server that is down made %d retries, want the 20 of a full budget", n)
	}
	retries(&tr, up.URL, 1)
	if level := tr.hosts.budget(up.Listener.Addr().String()).Tokens(); level != 20 {
		t.Errorf("another host's budget has %v tokens", level)
	}
	own := retry.NewBudget(retry.BudgetSettings{Cap: 3})
	if n := retries(&Transport{Budget: func(string) *retry.Budget { return own }}, down.URL, 100); n < 3 || n > 5 {
		t.Errorf("with a budget of 3 there were %d retries", n)
	}
	if n := retries(&Transport{Budget: func(string) *retry.Budget { return nil }}, down.URL, 100); n != 200 {
		t.Errorf("without a budget there were %d retries, want 200", n)
	}
}

// With a policy that has one, that is the budget.
func TestBudgetOfThePolicy(t *testing.T) {
	own := retry.NewBudget(retry.BudgetSettings{})
	tr := &Transport{Policy: retry.Policy{Budget: own}, Budget: func(string) *retry.Budget { panic("not asked") }}
	req := httptest.NewRequest("GET", "http://service.example", nil)
	if p := tr.policy(req, options{}); p.Budget != own {
		t.Error("the policy's budget was replaced")
	}
}
