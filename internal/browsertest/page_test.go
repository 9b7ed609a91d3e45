// Package browsertest opens the page of package retrydebug in a real Chromium.
package browsertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrydebug"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A site is a page under test, with a budget that can be shut.
type site struct {
	url    string
	board  *retrydebug.Board
	search retry.Policy
	budget *retry.Budget
}

var errBusy = errors.New("503 Service Unavailable")

func serve(t *testing.T) *site {
	t.Helper()
	board := retrydebug.New(retrydebug.Settings{
		Operate: func(*http.Request) (string, bool) { return "alice", true },
		Log:     slog.New(slog.DiscardHandler),
	})
	mux := http.NewServeMux()
	mux.Handle("/debug/retry/", board)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s := &site{url: server.URL + "/debug/retry/", board: board, budget: &retry.Budget{Name: "search"}}
	s.search = board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, 20 * time.Millisecond, 40 * time.Millisecond}, Budget: s.budget})
	return s
}

// call makes a call that fails with err so many times.
func (s *site) call(t *testing.T, p retry.Policy, fails int, err error) error {
	return retry.Do(t.Context(), p, func(context.Context) error {
		if fails--; fails >= 0 {
			return err
		}
		return nil
	})
}

// browser opens a tab. What the console complains about, a dialog, or a request to anywhere but the sites fails the test.
func browser(t *testing.T, allowed string, sites ...string) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 1000))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%v\nThis test needs a Chromium: apt-get install chromium", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	// As for a window that somebody looks at: without the focus, none of its elements has it.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	seen := make(chan struct{})
	messages, requests, dialogs := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent), chromedp.Events(ctx, page.JavascriptDialogOpening)
	go func() {
		for m, err := range messages {
			if err == nil && (allowed == "" || !strings.Contains(m.String(), allowed)) {
				t.Errorf("the console says: %v", m)
			}
		}
	}()
	go func() {
		var once sync.Once
		for r, err := range requests {
			if err != nil {
				return
			}
			ok := strings.HasPrefix(r.Request.URL, "data:")
			for _, s := range sites {
				ok = ok || strings.HasPrefix(r.Request.URL, s)
			}
			if !ok {
				t.Errorf("a request to %s", r.Request.URL)
			}
			if r.Request.URL == sites[0] {
				once.Do(func() { close(seen) })
			}
		}
	}()
	go func() {
		for d, err := range dialogs {
			if err == nil {
				t.Errorf("a dialog: %s", d.Message)
			}
		}
	}()
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		select { // requests are told of later than what they lead to
		case <-seen:
		case <-time.After(time.Minute):
			t.Error("requests aren't seen")
		}
	})
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // for hanging only
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// await waits until the page's text has s. After press, that's the page that it leads to.
func await(t *testing.T, ctx context.Context, s string) {
	t.Helper()
	text := `window.pressed ? "" : document.body?.innerText ?? ""`
	for deadline := time.Now().Add(time.Minute); !strings.Contains(evaluate[string](t, ctx, text), s); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the page doesn't show %q:\n%s", s, evaluate[string](t, ctx, `document.body.innerText`))
		}
	}
}

// press presses a button of a switch. It has the focus first, since the page doesn't change then: what moved under the mouse wouldn't be pressed.
func press(t *testing.T, ctx context.Context, label string) {
	t.Helper()
	button := fmt.Sprintf("button[aria-label=%q]", label)
	if !evaluate[bool](t, ctx, fmt.Sprintf("window.pressed = true; document.querySelector(%q)?.focus(); document.querySelector('form.switch :focus')?.ariaLabel === %q", button, label)) {
		t.Fatalf("no button %q has the focus", label)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS(button)))
}

func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	})
}

func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFailureIsShownAsItHappens(t *testing.T) {
	s := serve(t)
	ctx := browser(t, "", s.url)
	do(t, ctx, chromedp.Navigate(s.url))
	await(t, ctx, "Live")
	await(t, ctx, "No call gave up")
	evaluate[bool](t, ctx, `window.here = true; document.querySelector("form.switch button").focus(); document.activeElement.blur(); document.querySelector("#p-search a").focus(); true`)
	s.call(t, s.search, 9, errors.New("disk on fire"))
	await(t, ctx, "disk on fire")
	await(t, ctx, "1 call gave up in the last ten minutes: search 1.")
	if !evaluate[bool](t, ctx, `window.here === true && document.activeElement.textContent === "search"`) {
		t.Error("the page was loaded anew, or lost its focus")
	}
}

func TestSwitchShutsABudget(t *testing.T) {
	s := serve(t)
	ctx := browser(t, "", s.url)
	do(t, ctx, chromedp.Navigate(s.url))
	await(t, ctx, "Live")
	press(t, ctx, "Shut search for 15 minutes")
	await(t, ctx, "alice shut the budget of policy search for 15 minutes")
	if d := s.budget.Paused(); d < 10*time.Minute || d > 15*time.Minute {
		t.Errorf("it is shut for %v", d)
	}
	if err := s.call(t, s.search, 1, errBusy); !errors.Is(err, retry.ErrBudget) {
		t.Errorf("a call ended with %v", err)
	}
	await(t, ctx, "budget 1")
	press(t, ctx, "Open search")
	await(t, ctx, "alice opened the budget of policy search")
	if err := s.call(t, s.search, 1, errBusy); err != nil || s.budget.Paused() != 0 {
		t.Errorf("a call ended with %v", err)
	}
}

// By keyboard alone, and without JavaScript.
func TestPageWithoutJavaScript(t *testing.T) {
	s := serve(t)
	s.call(t, s.search, 9, errBusy)
	ctx := browser(t, "", s.url)
	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(s.url), chromedp.WaitVisible(chromedp.CSS("#headline")))
	await(t, ctx, "Reload for newer figures.")
	await(t, ctx, errBusy.Error())
	for range 5 { // the search, its button, the policy, and two buttons of the switch
		do(t, ctx, chromedp.KeyEvent("\t"))
	}
	do(t, ctx, chromedp.KeyEvent("\r"))
	await(t, ctx, "alice shut the budget of policy search for 15 minutes")
}

func TestHostileTextDoesNothing(t *testing.T) {
	s := serve(t)
	evil := "<script>alert('x')</script><img src=x onerror=alert(1)>\x1b[31m\u202erevo <b id=pwned>bold</b>\r\ndata: 1\u2028"
	p := s.board.Watch(retry.Policy{Name: "evil" + evil, Backoff: retry.List{0, 0}, Budget: &retry.Budget{Name: evil}})
	ctx := browser(t, "", s.url)
	do(t, ctx, chromedp.Navigate(s.url))
	await(t, ctx, "Live")
	s.call(t, p, 9, errors.New(evil))
	s.call(t, p, 9, errors.New("huge"+strings.Repeat(evil, 1<<20/len(evil))))
	await(t, ctx, "<script>alert('x')</script>")
	await(t, ctx, "huge<script>")
	if n := evaluate[int](t, ctx, `document.querySelectorAll("#pwned, img, main script, main b").length`); n != 0 {
		t.Errorf("%d elements of a stranger", n)
	}
	if n := evaluate[int](t, ctx, `document.documentElement.outerHTML.length`); n > 100<<10 {
		t.Errorf("the page has %d characters", n)
	}
}

func TestPostOfAnotherOriginIsRefused(t *testing.T) {
	s := serve(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<link rel=icon href="data:,"><form method=post action="%sswitch"><input name=target value="policy:search"><button name=minutes value=60>Win a prize</button></form>`, s.url)
	}))
	defer other.Close()
	ctx := browser(t, "403", other.URL+"/", s.url)
	do(t, ctx, chromedp.Navigate(other.URL+"/"), chromedp.Click(chromedp.CSS("button")))
	await(t, ctx, "the switch takes requests of its own page only")
	if s.budget.Paused() != 0 {
		t.Error("the budget was shut")
	}
}

var picture = flag.String("picture", "", "where to write the picture of the docs")

// Nothing is cut off or has to be scrolled sideways at two widths, and all text has the contrast of WCAG 2, light and dark.
func TestLooks(t *testing.T) {
	s := serve(t)
	for range 40 {
		s.call(t, s.search, 0, errBusy)
	}
	s.call(t, s.search, 1, errBusy)
	s.call(t, s.search, 2, errBusy)
	s.call(t, s.search, 9, fmt.Errorf("GET https://u:p@search.example/%s?q=secret: connection refused", strings.Repeat("items/", 10)))
	resp, err := http.PostForm(s.url+"switch", url.Values{"target": {"policy:search"}, "minutes": {"15"}})
	if err != nil || s.budget.Paused() == 0 {
		t.Fatalf("%v, shut for %v", err, s.budget.Paused())
	}
	resp.Body.Close()
	s.call(t, s.board.Watch(retry.Policy{Name: "payment"}), 0, nil)
	ctx := browser(t, "", s.url)
	if *picture != "" {
		do(t, ctx, chromedp.EmulateViewport(1280, 600), scheme("light"), chromedp.Navigate(s.url))
		await(t, ctx, "Live")
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(*picture, png, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	hedged := retry.Hedge(s.board.Hedge(retry.HedgeSettings{Name: "suggestions", AtOnce: true}), func(ctx context.Context) (int, error) {
		if retry.Hedged(ctx) == 1 {
			<-ctx.Done()
		}
		return 0, nil
	})
	for range 3 {
		hedged(t.Context())
	}
	s.call(t, s.board.Watch(retry.Policy{Name: "a-policy-with-a-name-that-" + strings.Repeat("goes-on-and-", 8)}), 0, nil)
	for _, width := range []int64{360, 1280} {
		for _, light := range []string{"light", "dark"} {
			name := fmt.Sprintf("%d-%s", width, light)
			do(t, ctx, chromedp.EmulateViewport(width, 900), scheme(light), chromedp.Navigate(s.url))
			await(t, ctx, "Live")
			if over := evaluate[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
				t.Errorf("%s: %d pixels too wide", name, over)
			}
			worst := evaluate[float64](t, ctx, `(() => {
				const rgb = s => s.match(/[\d.]+/g).map(Number)
				const light = s => { const [r, g, b] = rgb(s).slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
				const paper = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return light(c) } return 1 }
				const texts = [...document.querySelectorAll("body *")].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.nodeValue.trim()) && e.tagName !== "SCRIPT")
				return Math.min(...texts.map(e => { const a = light(getComputedStyle(e).color), b = paper(e); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }))
			})()`)
			if worst < 4.5 {
				t.Errorf("%s: a contrast of %.1f", name, worst)
			}
			shoot(t, ctx, name)
		}
	}
}
