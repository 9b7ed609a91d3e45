package retrydebug

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func urlEscape(s string) string { return url.QueryEscape(s) }

// post operates the switch.
func post(h http.Handler, form string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://ops.example/debug/retry/switch", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The switch shuts a real budget: the next retry is refused. It is logged and shown, and ends by itself.
func TestSwitch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var log bytes.Buffer
		board := New(Settings{Operate: anybody, Log: slog.New(slog.NewTextHandler(&log, nil))})
		budget := &retry.Budget{Name: "search"}
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, time.Second}, Budget: budget})
		call := func() error { return retry.Do(t.Context(), p, func(context.Context) error { return errBusy }) }
		if w := post(board, "target=policy:search&minutes=15", "Origin", "http://ops.example"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "./" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		if err := call(); !errors.Is(err, retry.ErrBudget) {
			t.Errorf("a call ended with %v", err)
		}
		if s := log.String(); !strings.Contains(s, "alice") || !strings.Contains(s, "15m0s") || !strings.Contains(s, "search") {
			t.Errorf("the log has %s", s)
		}
		page := get(board, "/", browser).Body.String()
		if !strings.Contains(page, "alice shut the budget of policy search for 15 minutes") || !strings.Contains(page, "shut, opens in 15m") || !strings.Contains(page, "1 budget is shut.") {
			t.Errorf("the page is %s", page)
		}
		time.Sleep(15*time.Minute + time.Second)
		if err := call(); !errors.Is(err, retry.ErrExhausted) {
			t.Errorf("after its time, a call ended with %v", err)
		}
		post(board, "target=policy:search&minutes=60")
		post(board, "target=policy:search&minutes=0")
		if err := call(); !errors.Is(err, retry.ErrExhausted) || !strings.Contains(get(board, "/", "").Body.String(), "alice opened the budget") {
			t.Errorf("after it was opened, a call ended with %v", err)
		}
	})
}

// Readers of the live page, too, see at once that it was used: not the page of the last tick.
func TestSwitchIsShownLiveAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{Operate: anybody, Log: silent})
		board.Budget("search", new(retry.Budget))
		for _, use := range []struct{ minutes, shown string }{{"5", "alice shut the budget search for 5 minutes"}, {"0", "alice opened the budget search"}} {
			if strings.Contains(string(rendering(board, view{})), use.shown) {
				t.Fatalf("%q is shown before", use.shown)
			}
			post(board, "target=budget:search&minutes="+use.minutes)
			if page := string(rendering(board, view{})); !strings.Contains(page, use.shown) {
				t.Errorf("no %q in %s", use.shown, page)
			}
		}
	})
}

func TestSwitchRefuses(t *testing.T) {
	budget := new(retry.Budget)
	make := func(s Settings) *Board {
		b := New(s)
		b.Budget("search", budget)
		b.Watch(retry.Policy{Name: "bare"})
		return b
	}
	nobody := func(*http.Request) (string, bool) { return "mallory", false }
	on := make(Settings{Operate: anybody, Log: silent})
	const form = "target=budget:search&minutes=5"
	for name, tt := range map[string]struct {
		board  *Board
		form   string
		header []string
		code   int
	}{
		"off":                    {make(Settings{}), form, nil, 403},
		"not_allowed":            {make(Settings{Operate: nobody, Log: silent}), form, nil, 403},
		"another_origin":         {on, form, []string{"Origin", "http://evil.example"}, 403},
		"cross_site":             {on, form, []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://ops.example"}, 403},
		"another_site_of_a_host": {on, form, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"origin_null":            {on, form, []string{"Origin", "null"}, 403},
		"other_time":             {on, "target=budget:search&minutes=999999", nil, 400},
		"no_time":                {on, "target=budget:search", nil, 400},
		"time_in_the_query_only": {on, "target=budget:search&minutes=-5", nil, 400},
		"no_such_budget":         {on, "target=budget:x&minutes=5", nil, 404},
		"policy_without_one":     {on, "target=policy:bare&minutes=5", nil, 404},
		"no_such_transport":      {on, "target=transport:x&host=h&minutes=5", nil, 404},
		"huge":                   {on, form + strings.Repeat("x", 1<<20), nil, 400},
		"not_a_form":             {on, form, []string{"Content-Type", "text/plain"}, 400},
	} {
		if w := post(tt.board, tt.form, tt.header...); w.Code != tt.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := get(on, "/debug/retry/switch?target=budget:search&minutes=5", ""); w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d", w.Code)
	}
	if budget.Paused() != 0 || len(on.recent.uses) != 0 {
		t.Error("the budget was shut")
	}
	if page := get(make(Settings{}), "/", browser).Body.String(); strings.Contains(page, "<form class") || !strings.Contains(page, "can’t be shut from here") {
		t.Error("the page has a switch that is off, or doesn't say so")
	}
	if page := get(on, "/", browser).Body.String(); !strings.Contains(page, "none of its own; can’t be shut") {
		t.Error("the page doesn't say that a policy can't be shut")
	}
	defer func() {
		if recover() == nil {
			t.Error("a switch without a log")
		}
	}()
	New(Settings{Operate: anybody})
}
