package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry/retrysim"
)

func TestScenariosAreInOrder(t *testing.T) {
	for _, p := range presets {
		q, err := url.ParseQuery(strings.TrimPrefix(p.Link, "?"))
		if err != nil || q.Has("invalid") {
			t.Fatalf("%s: %s", p.Name, p.Link)
		}
		s, errs := parse(q)
		if len(errs) > 0 {
			t.Errorf("%s: %v", p.Name, errs)
		}
		if "?"+link(s) != p.Link {
			t.Errorf("%s: the link %s becomes %s", p.Name, p.Link, link(s))
		}
	}
}

func TestALinkHasAllFields(t *testing.T) {
	s := standard()
	for i, f := range fields { // another value for each
		switch p := f.at(&s).(type) {
		case *time.Duration:
			*p = time.Duration(i+1) * 7 * time.Millisecond
		case *int:
			*p = i + 1
		case *float64:
			*p = 1 / float64(i+2)
		case *bool:
			*p = !*p
		case *string:
			*p = f.Choices[len(f.Choices)-1]
		}
	}
	s.For, s.FaultAt, s.FaultFor = time.Minute, 11*time.Second, 7*time.Second
	q, _ := url.ParseQuery(link(s))
	if got, errs := parse(q); got != s || len(errs) > 0 {
		t.Errorf("%+v becomes %+v, %v", s, got, errs)
	}
}

// What the page offers to copy must compile, whatever is set.
func TestTheGoLiteralCompiles(t *testing.T) {
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n\t\"time\"\n\n\t\"github.com/callagain/retry\"\n)\n\nvar _ = time.Second\n\nfunc main() {\n")
	n := 0
	for _, change := range []func(*Side){
		func(*Side) {},
		func(s *Side) { s.Attempts = -1 },
		func(s *Side) { s.Kind, s.Initial = "constant", 1500*time.Millisecond },
		func(s *Side) { s.Initial, s.Max, s.Jitter = time.Microsecond, time.Hour, "equal" },
		func(s *Side) { s.Jitter, s.Timeout, s.Within = "decorrelated", 0, 90*time.Second },
		func(s *Side) { s.Jitter = "none"; s.Initial = 1234567 },
		func(s *Side) { s.Budget = true },
		func(s *Side) { s.Budget, s.Ratio, s.Min, s.Every = true, 0.25, 7, time.Second },
		func(s *Side) { s.Hedge = 30 * time.Millisecond },
		func(s *Side) { s.Hedge, s.HedgeFree = 30*time.Millisecond, true },
		func(s *Side) { s.HedgeQuantile, s.OnFailure = 0.95, true },
		func(s *Side) { s.Hedge, s.Budget, s.Attempts, s.Timeout = 30*time.Millisecond, true, 4, 0 },
	} {
		s := standard().B
		change(&s)
		text := s.literal()
		fmt.Fprintf(&b, "{\n%s\n_ = policy\n", text)
		if strings.Contains(text, "hedge :=") {
			b.WriteString("_ = hedge\n")
		}
		b.WriteString("}\n")
		n++
	}
	b.WriteString("}\n")
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", os.DevNull, path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, b.String())
	}
}

func get(t *testing.T, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// A page of somebody else whose name resolves to loopback gets nothing.
func TestOtherHostNamesAreRefused(t *testing.T) {
	_, base := serve(t)
	u, _ := url.Parse(base)
	port := u.Port()
	for host, want := range map[string]int{"": 200, "evil.example": 421, "127.0.0.1:1": 421, "127.0.0.1.evil.example:" + port: 421, "evil.example:" + port: 421,
		"localhost:" + port: 200, "localhost.:" + port: 421, "localhost": 421, "[::1]:" + port: 421, "127.0.0.1:" + port + "0": 421, "0x7f000001:" + port: 421} {
		status, body := get(t, base, func(r *http.Request) {
			if host != "" {
				r.Host = host
			}
		})
		if status != want {
			t.Errorf("host %q: %d %s; want %d", host, status, body, want)
		}
	}
}

func TestBadRequestsAreToldByField(t *testing.T) {
	_, base := serve(t)
	status, body := get(t, base+"run?a.initial=1&clients=x&b.jitter=some&drop=perhaps&seed=-1", nil)
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil || status != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", status, body)
	}
	for _, name := range []string{"a.initial", "clients", "b.jitter", "drop", "seed"} {
		if m.Errors[name] == "" {
			t.Errorf("nothing is said of %s: %v", name, m.Errors)
		}
	}
	// In the page the same is at the field, and nothing that was typed is markup.
	if _, body := get(t, base+"?clients="+url.QueryEscape(`"><script>alert(1)</script>`), nil); strings.Contains(body, "<script>alert") || !strings.Contains(body, "needs a whole number") {
		t.Error("the page repeats what was typed as markup, or doesn't say what is wrong")
	}
}

func TestWords(t *testing.T) {
	for x, want := range map[float64]string{1: "adds nothing to the load", 1.06: "adds up to 6 % to the load", 2.1: "doubles the load", 3: "triples the load", 7.23: "makes the load up to 7.2 times as high"} {
		if got := loadWords(x, "up to "); got != want {
			t.Errorf("%v: %q; want %q", x, got, want)
		}
	}
	if got := percent(0.99996); got != "99.99 %" {
		t.Errorf("%q; want that it isn't all", got)
	}
}

// What is odd is told, and costs nothing.
func TestOddRequests(t *testing.T) {
	l, base := serve(t)
	field := func(name string) func(int, string) bool {
		return func(status int, body string) bool {
			var m message
			return status == http.StatusUnprocessableEntity && json.Unmarshal([]byte(body), &m) == nil && len(m.Errors) == 1 && m.Errors[name] != ""
		}
	}
	status := func(want int, text string) func(int, string) bool {
		return func(status int, body string) bool { return status == want && strings.Contains(body, text) }
	}
	for query, ok := range map[string]func(int, string) bool{
		"clients=1&clients=2":             field("clients"),
		"clients=0":                       field("clients"),
		"clients=99999999999999999999999": field("clients"),
		"rate=NaN":                        field("rate"),
		"rate=Inf":                        field("rate"),
		"rate=-1":                         field("rate"),
		"rate=1e400":                      field("rate"),
		"part=-0.1":                       field("part"),
		"spike=1e300":                     field("spike"),
		"for=-1s":                         field("for"),
		"for=9999999h":                    field("for"),
		"a.timeout=-1ns":                  field("a.timeout"),
		"a.attempts=-2":                   field("a.attempts"),
		"b.ratio=0":                       field("b.ratio"),
		"a.hedgeq=1":                      field("a.hedgeq"),
		"a.hedge=1ms&clients=1000000&for=1s&fault=none": field("clients"),
		"seed=" + strings.Repeat("9", 60_000):           field("seed"),
		"fault=" + url.QueryEscape("\x00"):              field("fault"),
		"clients=%zz":                                   status(http.StatusBadRequest, "the link is damaged"),
		"a=1;b=2":                                       status(http.StatusBadRequest, "the link is damaged"),
		"nonsense=1&for=1s&fault=none":                  status(http.StatusOK, `"words"`),
	} {
		if status, body := get(t, base+"run?"+query, nil); !ok(status, body) {
			t.Errorf("%.60s: %d %.300s", query, status, body)
		}
	}
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		if status, body := get(t, base+"run?for=1s&fault=none", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }); status != want {
			t.Errorf("from %s: %d %.100s; want %d", site, status, body, want)
		}
	}
	for _, method := range []string{"POST", "DELETE"} {
		if status, _ := get(t, base+"run", func(r *http.Request) { r.Method = method }); status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, status)
		}
	}
	if n := l.running.Load(); n != 0 || len(l.slots) != 0 {
		t.Errorf("%d simulations are running", n)
	}
}

// Simulations of several tabs at the same time are those of one after another, and what is known is what would be simulated.
func TestTabsDontMix(t *testing.T) {
	answers := func(m message) string { return fmt.Sprint(m.Words, m.Graphs, m.Literals, m.Error) }
	var setups []Setup
	for seed := range 4 {
		s := standard()
		s.Seed, s.Clients, s.For = seed, 100, 30*time.Second
		other := s
		other.A.Attempts = 2 // the same B
		setups = append(setups, s, other)
	}
	var want []string
	for _, s := range setups {
		want = append(want, answers(compare(t.Context(), s, new(results), new([2]atomic.Int64))))
	}
	var known results
	var all sync.WaitGroup
	for i := range 3 * len(setups) {
		all.Go(func() {
			s := setups[i%len(setups)]
			if got := answers(compare(t.Context(), s, &known, new([2]atomic.Int64))); got != want[i%len(setups)] {
				t.Errorf("setup %d gives another answer beside others", i%len(setups))
			}
		})
	}
	all.Wait()
	if len(known.known) != 12 {
		t.Errorf("%d results are known; want 12", len(known.known))
	}
	for i := range 100 {
		known.put(question{World: World{Seed: i}}, &retrysim.Result{})
	}
	if len(known.known) != mostKnown || len(known.latest) != mostKnown {
		t.Errorf("%d results are known; want %d", len(known.known), mostKnown)
	}
}

// Calls that are never answered stay in memory. The page isn't worth all of it.
func TestASimulationThatNeedsTooMuchMemoryEnds(t *testing.T) {
	defer func(n uint64) { mostMemory = n }(mostMemory)
	mostMemory = 1
	runtime.GC()
	if m := compare(t.Context(), standard(), new(results), new([2]atomic.Int64)); !strings.Contains(m.Error, "too much memory") {
		t.Errorf("%+.200v", m)
	}
}

// A tab that is closed in the middle, or before anything has been simulated, leaves nothing.
func TestALostConnectionEndsItsSimulation(t *testing.T) {
	l, base := serve(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for range 2 * cap(l.slots) { // the others wait
		all.Go(func() {
			r, _ := http.NewRequestWithContext(ctx, "GET", base+"run"+long, nil)
			resp, err := client.Do(r)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			resp.Body.Read(make([]byte, 1)) // progress
			cancel()
			io.Copy(io.Discard, resp.Body)
		})
	}
	all.Wait()
	l.settle(t)
}
