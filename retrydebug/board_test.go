package retrydebug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

func inBubble(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) }

// get returns the answer to a GET with the header Accept.
func get(h http.Handler, target, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestGiveUpsHaveEachAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, time.Second, time.Minute}})
		n := 0
		fail := func(context.Context) error { n++; return fmt.Errorf("failure %d", n) }
		of := func() string {
			g := board.snapshot(view{policy: "search"}).GiveUps[0]
			s := fmt.Sprintf("%s %d %s", g.Outcome, g.Attempts, brief(g.Elapsed))
			for _, m := range g.Timeline {
				s += " | " + m.line()
			}
			return s
		}
		retry.Do(t.Context(), p, fail)
		if got, want := of(), "exhausted 3 1m1s | attempt 1: failure 1 (failed at 0s; then waited 1s) | attempt 2: failure 2 (failed at 1s; then waited 1m) | attempt 3: failure 3 (failed at 1m1s)"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		n = 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		p.Within = 30 * time.Second
		retry.Do(ctx, p, fail)
		cancel()
		if got, want := of(), "late 2 1s | attempt 1: failure 1 (failed at 0s; then waited 1s) | attempt 2: failure 2 (failed at 1s)"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		n = 0
		p.Within = 0
		p.Attempts = retry.Unlimited
		p.Backoff = retry.Constant(time.Second)
		retry.Do(t.Context(), p, func(ctx context.Context) error {
			if retry.Attempt(ctx) == 20 {
				return retry.Stop(errBusy)
			}
			return fail(ctx)
		})
		if got := of(); !strings.HasPrefix(got, "stopped 20 19s | attempt 1: failure 1 (failed at 0s; then waited 1s) | attempt 14: ") || !strings.HasSuffix(got, " | attempt 20: "+errBusy.Error()+" (failed at 19s)") || strings.Count(got, "|") != kept {
			t.Errorf("got %s", got)
		}
	})
}

// A call that its context ends in a delay says so, and while it waits the board knows when it goes on.
func TestWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, time.Minute}})
		ctx, cancel := context.WithCancelCause(t.Context())
		c := retry.Start(ctx, p, func(context.Context) (int, error) { return 0, errBusy })
		time.Sleep(20 * time.Second)
		if got := board.snapshot(view{}).Policies[0]; got.Wait != 1 || got.Next != 40 || got.More {
			t.Errorf("%d wait, next in %v", got.Wait, got.Next)
		}
		cancel(context.DeadlineExceeded)
		c.Result()
		if got := board.snapshot(view{}).Policies[0]; got.Wait != 0 || got.GaveUp["canceled"] != 1 {
			t.Errorf("%d wait, ended %v", got.Wait, got.GaveUp)
		}
		short, cancelShort := context.WithTimeout(t.Context(), time.Hour)
		defer cancelShort()
		q := board.Watch(retry.Policy{Name: "late", Backoff: retry.List{0, time.Minute}, Within: 2 * time.Minute, Observe: func(context.Context, retry.Event) {}})
		d := retry.Start(short, q, func(context.Context) (int, error) { return 0, errBusy })
		time.Sleep(time.Second)
		cancelShort()
		d.Result()
		if len(board.snapshot(view{}).GiveUps) != 0 {
			t.Error("a call that its caller canceled is among those that gave up")
		}
	})
}

type badError struct{}

func (badError) Error() string { panic("boom") }

// What a stranger's text holds is shown and does nothing, wherever it stands.
func TestHostileTexts(t *testing.T) {
	evil := "<script>alert(1)</script>\x1b[31m\u202eevil\r\ndata: x\r\n\r\nevent: y\u2028\x00\xff' onload=\"x\" {{.}}"
	huge := strings.Repeat(evil, 1<<20/len(evil))
	board := New(Settings{Operate: func(*http.Request) (string, bool) { return evil, true }, Log: silent})
	budget := &retry.Budget{Name: evil}
	p := board.Watch(retry.Policy{Name: evil, Backoff: retry.List{0}, Budget: budget})
	board.Budget("other"+evil, new(retry.Budget))
	tr := &retryhttp.Transport{Base: failing{}, Policy: retry.Policy{Backoff: retry.List{0}}}
	board.Transport(evil, tr)
	r, _ := http.NewRequest("GET", "http://x/", nil)
	r.URL.Host = evil
	tr.RoundTrip(r)
	for _, err := range []error{errors.New(evil), errors.New(huge), badError{}, fmt.Errorf("at https://u:SECRET@h/x?token=SECRET: %w", errBusy)} {
		retry.Do(t.Context(), p, func(context.Context) error { return err })
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	retry.Do(ctx, p, func(context.Context) error { cancel(badError{}); return badError{} })
	w := httptest.NewRecorder()
	post := httptest.NewRequest("POST", "/debug/retry/switch", strings.NewReader("minutes=5&target=policy:"+urlEscape(visible(evil, maxName))))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	board.ServeHTTP(w, post)
	if w.Code != http.StatusSeeOther || budget.Paused() == 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	query := "/?find=" + urlEscape(evil)
	for _, accept := range []string{browser, "", "application/json"} {
		for _, target := range []string{"/", query, "/?policy=" + urlEscape(visible(evil, maxName))} {
			body := get(board, target, accept).Body.String()
			for _, bad := range []string{"\x1b", "\u202e", "\r", "\u2028", "\x00", "\xff", "SECRET", "onload=\""} {
				if strings.Contains(body, bad) && !(bad == "onload=\"" && accept != browser) {
					t.Errorf("%s %s has %q", accept, target, bad)
				}
			}
			if accept != "" && strings.Contains(body, "<script>") {
				t.Errorf("%s %s has a script", accept, target)
			}
			if target != query && !strings.Contains(body, "evil") {
				t.Errorf("%s %s doesn't show it", accept, target)
			}
			if len(body) > 100<<10 {
				t.Errorf("%s %s has %d bytes", accept, target, len(body))
			}
		}
	}
	if s := visible(evil, 20); len(s) > 20 || visible(s, 20) != s {
		t.Errorf("%q", s)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb\x1b\xff", uint8(9))
	f.Fuzz(func(t *testing.T, s string, limit uint8) {
		n := int(limit) + 10
		v := visible(s, n)
		if len(v) > n || visible(v, n) != v {
			t.Errorf("%q became %q and then %q", s, v, visible(v, n))
		}
	})
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errBusy }

func TestFormats(t *testing.T) {
	board := New(Settings{})
	retry.Do(t.Context(), board.Watch(retry.Policy{Name: "search"}), func(context.Context) error { return nil })
	for _, tt := range []struct{ target, accept, kind, has string }{
		{"/", browser, "text/html; charset=utf-8", "<main>"},
		{"/", "*/*", "text/plain; charset=utf-8", "POLICY"},
		{"/", "application/json", "application/json", `"headline"`},
		{"/debug/retry/?format=json", browser, "application/json", `"headline"`},
		{"/page.css", "", "text/css; charset=utf-8", "color"},
		{"/page.js", "", "text/javascript; charset=utf-8", "EventSource"},
		{"/debug/retry/?policy=search", browser, "text/html; charset=utf-8", "Policy search"},
		{"/debug/retry/?policy=other", browser, "text/html; charset=utf-8", "No policy of that name"},
	} {
		w := get(board, tt.target, tt.accept)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != tt.kind || !strings.Contains(w.Body.String(), tt.has) {
			t.Errorf("%s %s: %d %s %s", tt.target, tt.accept, w.Code, h.Get("Content-Type"), w.Body)
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", tt.target, h)
		}
	}
	if w := get(board, "/debug/retry", browser); w.Code != 404 {
		t.Errorf("without the slash: %d", w.Code)
	}
	page := get(board, "/", browser).Body.String()
	for _, bad := range []string{"style=", "onclick", "<style", "javascript:", "http://", "https://", "ZgotmplZ"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}

// Scripts read these names.
func TestNamesOfTheJSON(t *testing.T) {
	board := New(Settings{Operate: anybody, Log: silent})
	tr := &retryhttp.Transport{Base: failing{}, Policy: retry.Policy{Backoff: retry.List{0}}}
	board.Transport("api", tr)
	r, _ := http.NewRequest("GET", "http://host.example/", nil)
	tr.RoundTrip(r)
	retry.Do(t.Context(), board.Watch(retry.Policy{Name: "search", Budget: new(retry.Budget), Backoff: retry.List{0, 0}}), func(context.Context) error { return errBusy })
	post(board, "target=policy:search&minutes=5")
	var got map[string]any
	if err := json.Unmarshal(get(board, "/", "application/json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"at", "headline", "load", "budgets_known", "omitted.budgets", "omitted.transports",
		"policies.name", "policies.calls", "policies.at_once", "policies.saved", "policies.saved_by", "policies.ended.exhausted",
		"policies.attempts.all", "policies.attempts.succeeded", "policies.attempts.failed", "policies.attempts.refused", "policies.attempts.panicked",
		"policies.amplification_minute", "policies.amplification_ten_minutes", "policies.line", "policies.gave_up_ten_minutes",
		"policies.in_attempt", "policies.waiting", "policies.waiting_more", "policies.next_wake_seconds", "policies.budget", "policies.words",
		"budgets.target", "budgets.name", "budgets.available", "budgets.granted", "budgets.refused", "budgets.shut_seconds", "budgets.next_token_seconds", "budgets.policies",
		"transports.name", "transports.known", "transports.hosts.host", "transports.hosts.target",
		"give_ups.at", "give_ups.policy", "give_ups.outcome", "give_ups.reason", "give_ups.attempts", "give_ups.elapsed_seconds", "give_ups.waited_seconds",
		"give_ups.timeline.attempt", "give_ups.timeline.failure", "give_ups.timeline.at_seconds", "give_ups.timeline.delay_seconds",
		"switch.at", "switch.who", "switch.budget", "switch.minutes",
	} {
		var v any = got
		for name := range strings.SplitSeq(path, ".") {
			if list, ok := v.([]any); ok && len(list) > 0 {
				v = list[0]
			}
			m, _ := v.(map[string]any)
			if v = m[name]; v == nil {
				t.Errorf("there is no %s", path)
				break
			}
		}
	}
}

// Whatever is added, what the board holds is bounded.
func TestMemoryIsBounded(t *testing.T) {
	board := New(Settings{Operate: anybody, Log: silent})
	huge := errors.New(strings.Repeat("é", 64<<10))
	for i := range maxPolicies + 100 {
		name := fmt.Sprint("policy ", i, strings.Repeat("x", 1000))
		p := board.Watch(retry.Policy{Name: name, Backoff: retry.List{0}})
		retry.Do(t.Context(), p, func(context.Context) error { return errBusy })
		board.Budget(name, new(retry.Budget))
		board.Transport(name, new(retryhttp.Transport))
	}
	p := board.Watch(retry.Policy{Name: "policy 0" + strings.Repeat("x", 1000), Backoff: retry.List{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}})
	form := "target=" + urlEscape(board.snapshot(view{}).Budgets[0].Target) + "&minutes=0"
	for range 3 * maxGiveUps {
		retry.Do(t.Context(), p, func(context.Context) error { return huge })
		post(board, form)
	}
	s := board.snapshot(view{})
	if len(s.Policies) != maxPolicies+1 || len(s.Budgets) != maxBudgets || len(s.Transports) != maxTransports || len(s.GiveUps) != maxLatest || len(s.Uses) != maxUses {
		t.Errorf("%d policies, %d budgets, %d transports, %d give-ups, %d uses", len(s.Policies), len(s.Budgets), len(s.Transports), len(s.GiveUps), len(s.Uses))
	}
	if s.Omitted.Budgets != 100 || s.Omitted.Transports != maxPolicies+100-maxTransports {
		t.Errorf("omitted: %+v", s.Omitted)
	}
	var other policy
	bytes := 0
	for _, p := range s.Policies {
		if p.Name == otherPolicies {
			other = p
		}
	}
	for _, r := range board.rows {
		if len(r.giveUps) > maxGiveUps || r.bytes > giveUpBytes {
			t.Errorf("%.20s has %d give-ups of %d bytes", r.name, len(r.giveUps), r.bytes)
		}
		sum := 0
		for _, g := range r.giveUps {
			sum += g.size()
		}
		if sum != r.bytes {
			t.Errorf("%.20s has %d bytes, and counts %d", r.name, sum, r.bytes)
		}
		bytes += r.bytes
	}
	if other.Calls != 100 || int64(bytes+board.other.bytes) != board.bytes.Load() || bytes > boardBytes {
		t.Errorf("others have %d calls; %d bytes of give-ups, and %d of others, counted as %d", other.Calls, bytes, board.other.bytes, board.bytes.Load())
	}
}

func TestFewCallsAreTracked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, time.Hour}})
		ctx, cancel := context.WithCancel(t.Context())
		var calls []*retry.Call[int]
		for range maxRetrying + 50 {
			calls = append(calls, retry.Start(ctx, p, func(context.Context) (int, error) { return 0, errBusy }))
		}
		synctest.Wait()
		r := board.row("search")
		r.mu.Lock()
		tracked := len(r.calls)
		r.mu.Unlock()
		if got := board.snapshot(view{}).Policies[0]; got.Wait != maxRetrying || !got.More || tracked != maxRetrying {
			t.Errorf("%d wait, more: %v", got.Wait, got.More)
		}
		time.Sleep(2 * time.Hour)
		for _, c := range calls {
			c.Result()
		}
		cancel()
		if got := board.snapshot(view{}).Policies[0]; board.retrying.Load() != 0 || got.GaveUp["exhausted"] != maxRetrying+50 {
			t.Errorf("%d are tracked, ended %v", board.retrying.Load(), got.GaveUp)
		}
		if g := board.snapshot(view{}).GiveUps[0]; len(g.Timeline) != 2 {
			t.Errorf("%+v", g)
		}
	})
}

// Calls whose end is never told don't take the place of others for ever.
func TestCallsWithoutAnEndAreForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{})
		p := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, time.Minute}})
		bad := p
		bad.Observe = func(context.Context, retry.Event) { panic("boom") }
		for range maxRetrying {
			func() {
				defer func() { recover() }()
				retry.Do(t.Context(), bad, func(context.Context) error { return errBusy })
			}()
		}
		time.Sleep(2 * time.Hour)
		c := retry.Start(t.Context(), p, func(context.Context) (int, error) { return 0, errBusy })
		synctest.Wait()
		if got := board.snapshot(view{}).Policies[0]; got.Wait != 1 || got.More {
			t.Errorf("%d wait, more: %v", got.Wait, got.More)
		}
		c.Result()
	})
}

// busyBoard has 500 policies and 5,000 hosts.
func busyBoard(t testing.TB) *Board {
	board := New(Settings{Operate: anybody, Log: silent})
	for i := range 500 {
		p := board.Watch(retry.Policy{Name: fmt.Sprint("policy-", i), Backoff: retry.List{0, 0}, Budget: &retry.Budget{Name: fmt.Sprint("budget-", i)}})
		for fails := range 4 {
			retry.Do(t.Context(), p, func(context.Context) error {
				if fails--; fails >= 0 {
					return errBusy
				}
				return nil
			})
		}
	}
	for i := range 2 {
		tr := &retryhttp.Transport{Base: failing{}, Policy: retry.Policy{Backoff: retry.List{0}}}
		board.Transport(fmt.Sprint("transport-", i), tr)
		for h := range 2500 {
			r, err := http.NewRequest("GET", fmt.Sprintf("http://host-%d.example/", h), nil)
			if err != nil {
				t.Fatal(err)
			}
			tr.RoundTrip(r)
		}
	}
	return board
}

func TestManyPoliciesAndHosts(t *testing.T) {
	board := busyBoard(t)
	page := get(board, "/", browser).Body.String()
	if n := strings.Count(page, `<tr role="row" id="p-`); n != 500 {
		t.Errorf("%d policies", n)
	}
	if n := strings.Count(page, `<tr role="row" id="h-`); n != 2*budgetsShown || !strings.Contains(page, "100 of 2500 hosts") {
		t.Errorf("%d hosts", n)
	}
	if n := strings.Count(page, `<tr role="row" id="b-`); n != budgetsShown || !strings.Contains(page, "100 of 500 budgets") {
		t.Errorf("%d budgets", n)
	}
	if found := get(board, "/?find=HOST-2345", browser).Body.String(); strings.Count(found, `<tr role="row" id="h-`) != 2 {
		t.Error("a host isn't found by its name")
	}
	var all snapshot
	if err := json.Unmarshal(get(board, "/", "application/json").Body.Bytes(), &all); err != nil || len(all.Transports[1].Hosts) != 2500 {
		t.Errorf("%v, %d hosts", err, len(all.Transports[1].Hosts))
	}
}

func BenchmarkPage(b *testing.B) {
	board := busyBoard(b)
	for _, accept := range []string{"text/html", "application/json", "text/plain"} {
		b.Run(accept, func(b *testing.B) {
			for b.Loop() {
				b.SetBytes(int64(get(board, "/", accept).Body.Len()))
			}
		})
	}
}
