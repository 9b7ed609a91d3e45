package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	for host, want := range map[string]int{"": 200, "evil.example": 421, "127.0.0.1:1": 421} {
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
