package retryhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/destination"
)

// roundTripper is a function as a Base.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answering503(hosts ...string) roundTripper {
	return func(req *http.Request) (*http.Response, error) {
		status := 200
		if slices.Contains(hosts, req.URL.Hostname()) {
			status = 503
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
}

func get(t *testing.T, tr http.RoundTripper, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// A host that is down costs as many retries as its budget has; others have their own.
func TestBudgetOfAHost(t *testing.T) {
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }))
	defer down.Close()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer up.Close()
	retries := func(tr *Transport, url string, calls int) (n int) {
		tr.Policy = retry.Policy{
			Backoff: retry.List{0, 0, 0},
			Observe: func(_ context.Context, e retry.Event) {
				if e.Retry {
					n++
				}
			},
		}
		for range calls {
			get(t, tr, url)
		}
		return n
	}
	var tr Transport
	if n := retries(&tr, down.URL, 100); n != 3 {
		t.Errorf("100 calls to a server that is down made %d retries, want the 3 of a new budget", n)
	}
	retries(&tr, up.URL, 1)
	all := tr.Budgets()
	if n := all[up.Listener.Addr().String()].Available(); n < 3 {
		t.Errorf("another host's budget has %d retries", n)
	}
	if b := all[down.Listener.Addr().String()]; b.Available() != 0 || b.Granted() != 3 || b.Name != down.Listener.Addr().String() {
		t.Errorf("the budget of the host that is down is %v", b)
	}
	own := &retry.Budget{Min: 5}
	if n := retries(&Transport{Budget: func(string) *retry.Budget { return own }}, down.URL, 100); n != 5 {
		t.Errorf("with a budget of 5 there were %d retries", n)
	}
	if n := retries(&Transport{Budget: func(string) *retry.Budget { return nil }}, down.URL, 100); n != 200 {
		t.Errorf("without a budget there were %d retries, want 200", n)
	}
}

// With a policy that has one, that is the budget.
func TestBudgetOfThePolicy(t *testing.T) {
	own := new(retry.Budget)
	tr := &Transport{Policy: retry.Policy{Budget: own}, Budget: func(string) *retry.Budget { panic("not asked") }}
	req := httptest.NewRequest("GET", "http://service.example", nil)
	if p := tr.policy(req, new(options)); p.Budget != own {
		t.Error("the policy's budget was replaced")
	}
}

// A server that answers nothing but failures earns nothing for its clients, and no call that ended in one is reported as
// a success.
func TestFailuresEarnNothing(t *testing.T) {
	for _, status := range []int{400, 404, 429, 500, 501, 503, 505, 520, 599} {
		budget := &retry.Budget{Min: 1}
		var ends []string
		tr := &Transport{
			Policy: retry.Policy{Backoff: retry.List{0, 0}, Budget: budget, Observe: func(_ context.Context, e retry.Event) {
				if !e.Retry {
					ends = append(ends, e.Outcome())
				}
			}},
			Base: roundTripper(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Body: http.NoBody, Request: req}, nil
			}),
		}
		for range 100 {
			get(t, tr, "http://service.example")
		}
		if n := budget.Available(); n > 1 {
			t.Errorf("a hundred answers of %d left %d retries in a budget of 1", status, n)
		}
		if len(ends) != 100 || slices.Contains(ends, "succeeded") {
			t.Errorf("calls that ended in %d were reported as %v", status, ends)
		}
	}
}

// One server is one budget, however its name is spelled.
func TestOneHostHasOneBudget(t *testing.T) {
	for want, urls := range map[string][]string{
		"example.com": {"http://example.com/", "http://EXAMPLE.com", "http://example.com:80", "http://example.com.", "http://example.com:",
			"http://Example.Com.:080", "HTTP://example.com:80", "https://example.com", "https://example.com:443/a?b", "http://user:pw@example.com"},
		"example.com:8080":      {"http://example.com:8080", "https://EXAMPLE.com.:8080"},
		"example.com:443":       {"http://example.com:443"},
		"xn--bcher-kva.example": {"http://bücher.example", "http://BÜCHER.example.", "http://xn--bcher-kva.example", "http://bu\u0308cher.example:80", "http://bücher。example"},
		"[::1]":                 {"http://[::1]", "http://[0:0:0:0:0:0:0:1]:80", "https://[0000::0001]:443"},
		"[::1]:8080":            {"http://[::1]:8080", "http://[0::1]:8080"},
		"127.0.0.1":             {"http://127.0.0.1", "http://[::ffff:127.0.0.1]", "http://127.0.0.1:80"},
		"127.0.0.1:8080":        {"http://127.0.0.1:8080", "http://[::ffff:7f00:1]:8080"},
	} {
		for _, s := range urls {
			u, err := url.Parse(s)
			if err != nil {
				t.Fatal(err)
			}
			if got := hostOf(u); got != want {
				t.Errorf("the host of %s is %q, want %q", s, got, want)
			}
		}
	}

	tr := &Transport{Base: answering503("example.com", "EXAMPLE.com"), Policy: retry.Policy{Backoff: retry.List{0, 0}}}
	get(t, tr, "http://example.com")
	get(t, tr, "http://EXAMPLE.com:80")
	if all := tr.Budgets(); len(all) != 1 || all["example.com"].Granted() != 2 {
		t.Errorf("the budgets are %v", all)
	}
}

// The name of a host is always the same one.
func FuzzHostOf(f *testing.F) {
	for _, s := range []string{"example.com", "EXAMPLE.com.:80", "[::1]:443", "bücher.example", "a:b:c", "[", "]:", ".", ":80", "[::1%25en0]", "例え。テスト"} {
		f.Add(s, "http")
	}
	f.Fuzz(func(t *testing.T, host, scheme string) {
		once := hostOf(&url.URL{Scheme: scheme, Host: host})
		if twice := hostOf(&url.URL{Scheme: scheme, Host: once}); twice != once && !strings.ContainsAny(host, "[]:%") {
			t.Errorf("the host of %q is %q, and of that %q", host, once, twice)
		}
	})
}

// However many hosts a stranger makes us call, memory is bounded, a host that is down doesn't get its retries back, and one that is
// well doesn't lose those it has earned.
func TestBudgetsAreNotFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		answer := answering503("down.example")
		tr := &Transport{Policy: retry.Policy{Backoff: retry.List{0, 0}}, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
			attempts++
			return answer(req)
		})}
		for range 10 {
			get(t, tr, "http://down.example")
		}
		for range 1000 {
			get(t, tr, "http://well.example")
		}
		well := tr.Budgets()["well.example"]
		for i := range 3 * destination.Most {
			get(t, tr, fmt.Sprintf("http://%d.evil.example", i))
		}
		all := tr.Budgets()
		if len(all) > destination.Most+1 {
			t.Errorf("%d budgets are kept", len(all))
		}
		if all["well.example"] != well {
			t.Error("the budget of a host that is well was forgotten")
		}
		attempts = 0
		for range 10 {
			get(t, tr, "http://down.example")
		}
		if attempts != 10 {
			t.Errorf("10 calls to a host that is down made %d attempts", attempts)
		}
	})
}

// Hosts that are all down can't make room for each other: there are so many budgets, and then one for all others.
func TestTooManyHostsShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		tr := &Transport{Policy: retry.Policy{Backoff: retry.List{0, 0}}, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
			attempts++
			return &http.Response{StatusCode: 503, Body: http.NoBody, Request: req}, nil
		})}
		for i := range destination.Most {
			get(t, tr, fmt.Sprintf("http://%d.example", i))
		}
		attempts = 0
		for i := range 1000 {
			get(t, tr, fmt.Sprintf("http://other%d.example", i))
		}
		if attempts != 1003 {
			t.Errorf("1000 calls to further hosts made %d attempts, want 3 more", attempts)
		}
		all := tr.Budgets()
		if len(all) != destination.Most+1 || all[destination.Other].Granted() != 3 {
			t.Errorf("%d budgets are kept; that of the others is %v", len(all), all[destination.Other])
		}
		time.Sleep(10 * time.Minute) // all are as new again
		get(t, tr, "http://later.example")
		if all := tr.Budgets(); all["later.example"] == nil || len(all) > 10 {
			t.Errorf("%d budgets are kept after ten minutes", len(all))
		}
	})
}
