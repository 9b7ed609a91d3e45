package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// serve serves a lab on loopback until the end of the test.
func serve(t *testing.T) (*lab, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(listener.Addr().String())
	s := &http.Server{Handler: l}
	go s.Serve(listener)
	t.Cleanup(func() { s.Close() })
	return l, "http://" + listener.Addr().String() + "/"
}

// browser starts a Chromium, and fails the test for what its console complains about.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1500, 1400))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%v\nThis test needs a Chromium: apt-get install chromium", err)
	}
	listen(t, ctx)
	return ctx
}

// newTab opens another tab.
func newTab(t *testing.T, ctx context.Context) (context.Context, context.CancelFunc) {
	t.Helper()
	tab, cancel := chromedp.NewContext(ctx)
	if err := chromedp.Do(tab); err != nil { // without a time limit: the tab would end with it
		t.Fatal(err)
	}
	return tab, cancel
}

// listen fails the test for what the page's console complains about.
func listen(t *testing.T, ctx context.Context) {
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err == nil && !strings.Contains(m.String(), "422") { // the answer to bad input
				t.Errorf("the console says: %v", m)
			}
		}
	}()
}

// do fails the test if the browser can't do the actions within a minute or two, which is for hanging only.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// idle waits until the page has shown the result of its last question.
const idle = `#note:not(:empty)`

// shoot keeps a picture of the page among the artifacts of the test.
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

// script runs statements.
func script(js string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (v chromedp.Void, err error) {
		_, err = chromedp.Evaluate[bool]("(() => {"+js+"; return true })()")(ctx, target)
		return v, err
	}
}

// text returns the sentences that the page shows.
func shown(t *testing.T, ctx context.Context) string {
	return evaluate[string](t, ctx, `document.getElementById('words').textContent`)
}

func set(name, value string) chromedp.Action[chromedp.Void] {
	return script(fmt.Sprintf(`const e = document.getElementById(%q); document.getElementById('note').textContent = '';
		if (e.type === 'checkbox') e.checked = %[2]q === 'true'; else e.value = %[2]q; e.dispatchEvent(new Event('input'))`, name, value))
}

// slide moves a slider to one of its steps.
func slide(name string, step int) chromedp.Action[chromedp.Void] {
	return script(fmt.Sprintf(`const e = document.querySelector('input[type=range][data-for="%s"]'); document.getElementById('note').textContent = '';
		e.value = %d; e.dispatchEvent(new Event('input'))`, name, step))
}

func TestThePageComparesTwoPolicies(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)), chromedp.WaitVisible(chromedp.CSS("#literals")))
	if n := evaluate[int](t, ctx, `document.querySelectorAll('#graphs svg').length`); n != 5 {
		t.Errorf("%d graphs; want 5", n)
	}
	words := shown(t, ctx)
	if !strings.Contains(words, "A adds ") || !strings.Contains(words, "B ") {
		t.Errorf("the words are %q", words)
	}
	for _, unit := range []string{"time, s", "attempts / s", "successful calls / s", "retries available", "capacity"} {
		if !evaluate[bool](t, ctx, fmt.Sprintf(`[...document.querySelectorAll('#graphs text')].some(e => e.textContent === %q)`, unit)) {
			t.Errorf("no axis or line says %q", unit)
		}
	}
	shoot(t, ctx, "light")

	// A slider changes the text beside it, and what is shown.
	do(t, ctx, slide("b.attempts", 0), chromedp.WaitVisible(chromedp.CSS(idle)))
	if got := shown(t, ctx); got == words || !strings.Contains(got, "B adds nothing to the load") {
		t.Errorf("after the slider the words are %q", got)
	}
	if v := evaluate[string](t, ctx, `document.getElementById('b.attempts').value`); v != "1" {
		t.Errorf("the text beside the slider is %q; want 1", v)
	}
	t.Logf("the slider took %v ms", evaluate[string](t, ctx, `document.body.dataset.took`))
}

func TestDarkModeIsReadable(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	for _, scheme := range []string{"light", "dark"} {
		do(t, ctx, func(ctx context.Context, target *chromedp.Target) (v chromedp.Void, err error) {
			_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return v, err
		},
			chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)))
		// The contrast of WCAG 2: 4.5 for text, 3 for lines.
		contrast := evaluate[map[string]float64](t, ctx, `(() => {
			const rgb = s => s.match(/[\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
			const light = s => { const [r, g, b] = rgb(s); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
			const paper = light(getComputedStyle(document.body).backgroundColor)
			const contrast = s => { const x = light(s); return (Math.max(x, paper) + 0.05) / (Math.min(x, paper) + 0.05) }
			const worst = (selector, property) => Math.min(...[...document.querySelectorAll(selector)].map(e => contrast(getComputedStyle(e)[property])))
			return { page: contrast(getComputedStyle(document.body).color), text: worst('#graphs text', 'fill'), lines: worst('#graphs path[style*="stroke:#1F8AD2"], #graphs path[style*="stroke:#E06C00"]', 'stroke') }
		})()`)
		if contrast["page"] < 4.5 || contrast["text"] < 4.5 || contrast["lines"] < 3 {
			t.Errorf("contrast in %s mode: %v", scheme, contrast)
		}
		shoot(t, ctx, scheme)
	}
}

func TestALinkReproducesThePage(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)),
		set("a.attempts", "7"), set("b.budget", "true"), set("b.jitter", "equal"), set("service", "9ms"), set("fault", "errors"), chromedp.WaitVisible(chromedp.CSS(idle)))
	first := evaluate[[]string](t, ctx, `[location.href, ...[...document.querySelectorAll('#words, #graphs svg, pre')].map(e => e.outerHTML)]`)
	other, cancel := newTab(t, ctx)
	defer cancel()
	do(t, other, chromedp.Navigate(first[0]), chromedp.WaitVisible(chromedp.CSS(idle)))
	second := evaluate[[]string](t, other, `[location.href, ...[...document.querySelectorAll('#words, #graphs svg, pre')].map(e => e.outerHTML)]`)
	if strings.Join(first, "\n") != strings.Join(second, "\n") {
		t.Errorf("%s shows another page", first[0])
	}
	if len(first) != 1+1+5+2 {
		t.Errorf("compared %d parts", len(first))
	}
}

func TestBadInputIsToldAtItsField(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)))
	for _, test := range []struct{ name, value, want string }{
		{"a.initial", "fast", "needs a number with a unit"},
		{"b.attempts", "0", "at least 1, or -1"},
		{"clients", "-5", "from 1 to 1000000"},
		{"part", "1.5", "from 0 to 1"},
		{"rate", "<img src=x onerror=alert(1)>", "needs a number"},
		{"lasts", "50m", "after the simulation"},
		{"for", "24h", "million calls"},
	} {
		message := `#` + strings.ReplaceAll(test.name, ".", `\.`) + `\.error`
		before := evaluate[string](t, ctx, fmt.Sprintf(`document.getElementById(%q).value`, test.name))
		do(t, ctx, set(test.name, test.value), chromedp.WaitVisible(chromedp.CSS(message)))
		if got := evaluate[string](t, ctx, fmt.Sprintf(`document.getElementById(%q).textContent`, test.name+".error")); !strings.Contains(got, test.want) {
			t.Errorf("%s = %q: the page says %q; want %q", test.name, test.value, got, test.want)
		}
		if n := evaluate[int](t, ctx, `document.querySelectorAll('.error:not([hidden])').length`); n != 1 {
			t.Errorf("%s: %d fields are told to be wrong", test.name, n)
		}
		if n := evaluate[int](t, ctx, `document.querySelectorAll('#graphs svg').length`); n != 5 {
			t.Errorf("%s: the page has lost its graphs", test.name)
		}
		do(t, ctx, set(test.name, before), chromedp.WaitVisible(chromedp.CSS(idle)), chromedp.WaitNotVisible(chromedp.CSS(message)))
	}
}

// long is a simulation that takes minutes.
const long = "?clients=200000&rate=1&workers=2400&for=1m30s"

func TestALongRunShowsProgressAndCanBeCanceled(t *testing.T) {
	l, url := serve(t)
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(url+long), chromedp.WaitVisible(chromedp.CSS("progress")), chromedp.WaitVisible(chromedp.CSS("#cancel")))
	if n := l.running.Load(); n != 1 {
		t.Errorf("%d simulations are running; want 1", n)
	}
	shoot(t, ctx, "progress")
	do(t, ctx, chromedp.Click(chromedp.CSS("#cancel")), chromedp.WaitNotVisible(chromedp.CSS("progress")))
	if note := evaluate[string](t, ctx, `document.getElementById('note').textContent`); note != "canceled" {
		t.Errorf("the page says %q", note)
	}
	l.settle(t)
}

func TestNothingIsLeftWhenTheTabCloses(t *testing.T) {
	l, url := serve(t)
	ctx := browser(t)
	tab, cancel := newTab(t, ctx)
	defer cancel()
	do(t, tab, chromedp.Navigate(url+long), chromedp.WaitVisible(chromedp.CSS("progress")))
	if n := l.running.Load(); n != 1 {
		t.Errorf("%d simulations are running; want 1", n)
	}
	if err := chromedp.Cancel(tab); err != nil { // closes the tab
		t.Fatal(err)
	}
	l.settle(t)

	// A slider that is moved quickly leaves no more behind than the last answer.
	tab, cancel = newTab(t, ctx)
	defer cancel()
	do(t, tab, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)))
	for i := range 10 {
		do(t, tab, slide("a.attempts", i))
	}
	do(t, tab, chromedp.WaitVisible(chromedp.CSS(idle)))
	l.settle(t)
}

// settle waits until no simulation runs.
func (l *lab) settle(t *testing.T) {
	t.Helper()
	until(t, func() bool { return l.running.Load() == 0 && len(l.slots) == 0 }, func() string {
		return fmt.Sprintf("%d simulations are still running", l.running.Load())
	})
}

// runs waits until n simulations run.
func (l *lab) runs(t *testing.T, n int64) {
	t.Helper()
	until(t, func() bool { return l.running.Load() == n }, func() string {
		return fmt.Sprintf("%d simulations are running; want %d", l.running.Load(), n)
	})
}

// until waits for a condition, for a minute at most; then the test fails with what the other function says.
func until(t *testing.T, holds func() bool, problem func() string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(problem())
		}
	}
}

func TestAPageLoadedAgainInTheMiddleAsksTheSame(t *testing.T) {
	l, url := serve(t)
	ctx := browser(t)
	progress := chromedp.WaitVisible(chromedp.CSS("progress"))
	do(t, ctx, chromedp.Navigate(url+long), progress, slide("a.attempts", 0))
	until(t, func() bool { return evaluate[bool](t, ctx, `location.search.includes('a.attempts=1&')`) }, func() string {
		return fmt.Sprintf("the address is %q", evaluate[string](t, ctx, `location.href`))
	})
	do(t, ctx, chromedp.Navigate(evaluate[string](t, ctx, `location.href`)), progress)
	if got := evaluate[[]string](t, ctx, `['a.attempts', 'clients', 'for'].map(name => document.getElementById(name).value)`); strings.Join(got, " ") != "1 200000 1m30s" {
		t.Errorf("the page that was loaded again has %q", got)
	}
	l.runs(t, 1) // that of the first page has ended

	// Another tab isn't kept waiting by the long run of this one.
	tab, cancel := newTab(t, ctx)
	defer cancel()
	do(t, tab, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)))
	if n := evaluate[int](t, tab, `document.querySelectorAll('#graphs svg').length`); n != 5 {
		t.Errorf("%d graphs; want 5", n)
	}
	if evaluate[bool](t, ctx, `document.querySelector('progress').hidden || document.querySelector('#graphs svg') !== null`) {
		t.Error("the first tab shows what the second asked for")
	}
	l.runs(t, 1)
	do(t, ctx, chromedp.Click(chromedp.CSS("#cancel")))
	l.settle(t)
}

func TestTheNarrowPage(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	do(t, ctx, func(ctx context.Context, target *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 740, DeviceScaleFactor: 1, Mobile: true})
		return v, err
	}, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(idle)))
	if w := evaluate[int](t, ctx, `document.documentElement.scrollWidth`); w > 360 {
		t.Errorf("a page of 360 pixels is %d wide", w)
	}
	shoot(t, ctx, "narrow")
}

func TestScenariosOpen(t *testing.T) {
	_, url := serve(t)
	ctx := browser(t)
	for _, p := range presets {
		do(t, ctx, chromedp.Navigate(url+p.Link), chromedp.WaitVisible(chromedp.CSS(idle)))
		if n := evaluate[int](t, ctx, `document.querySelectorAll('#graphs svg').length`); n != 5 {
			t.Errorf("%s: %d graphs; want 5", p.Name, n)
		}
		t.Logf("%s: %s", p.Name, shown(t, ctx))
		shoot(t, ctx, strings.ReplaceAll(p.Name, " ", "-"))
	}
}
