package retrynats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callagain/retry/retrynats/internal/record"
)

// nextVersion builds the worker program of the next version: its records have another version and one field more.
func nextVersion(t *testing.T) string {
	t.Helper()
	d := t.TempDir()
	replace := map[string]string{}
	for path, edit := range map[string][2]string{
		"internal/record/record.go": {"const Version = 1\n", "const Version = 2\n"},
		"internal/store/calls.go":   {"r.Version = record.Version\n", "r.Version, r.More = record.Version, \"only the next version knows\"\n"},
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := strings.Replace(string(b), edit[0], edit[1], 1)
		if path == "internal/record/record.go" {
			s = strings.Replace(s, "type Record struct {\n", "type Record struct {\n\tMore string `json:\"more,omitempty\"`\n", 1)
		}
		if s == string(b) || !strings.Contains(s, edit[1]) {
			t.Fatalf("%s has changed: this test edits it", path)
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		replace[abs] = filepath.Join(d, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(replace[abs], []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, bin := filepath.Join(d, "overlay.json"), filepath.Join(d, "next")
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the next version: %v\n%s", err, out)
	}
	return bin
}

// Two programs of different versions share a directory, as during a deploy.
func TestRule10TwoVersionsSideBySide(t *testing.T) {
	bin, d := nextVersion(t), dir(t)
	e := open(t, quick(Settings{Dir: d})) // runs nothing: only looks, as the old version does
	f := register[job, string](t, e, "test.work", fast(5), nil)
	stored := func(key string) []byte {
		b, err := e.store.Raw(t.Context(), record.ID("test.work", key))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		return b
	}
	// isNew reports whether a record is of the next version, and whole.
	isNew := func(key string) bool {
		var r struct {
			Version int
			More    string
		}
		json.Unmarshal(stored(key), &r)
		if (r.Version == 2) != (r.More != "") {
			t.Errorf("%s was rewritten by an old worker: %s", key, stored(key))
		}
		return r.Version == 2
	}
	ends := func(prefix string, n int) {
		t.Helper()
		until(t, "the calls of "+prefix+" end", func() bool {
			done := 0
			for i := range n {
				var r record.Record
				json.Unmarshal(stored(fmt.Sprint(prefix, i)), &r)
				if r.State == record.Done {
					done++
				}
			}
			return done == n
		})
	}
	older, newer := launch(t, d), launchBy(t, bin, d)
	for i := range 20 {
		older.tell("start o%d 1 1ms 0", i)
		newer.tell("start n%d 2 1ms 0", i)
	}
	until(t, "all are accepted", func() bool { return older.count("started") == 20 && newer.count("started") == 20 })
	ends("o", 20)
	ends("n", 20)
	for i := range 20 {
		isNew(fmt.Sprint("o", i)) // either of them may have ended it
		if !isNew(fmt.Sprint("n", i)) {
			t.Errorf("n%d is of the old version", i)
		}
	}
	if n := older.count("begin n"); n > 0 {
		t.Errorf("the old worker has made %d attempts of the new one's calls", n)
	}

	// The new one takes over what an old one was at.
	newer.kill()
	for i := range 5 {
		older.tell("start p%d 0 1ms 0 1", i)
	}
	until(t, "the old worker is at them", func() bool { return older.count("begin p") == 5 })
	older.kill()
	newer = launchBy(t, bin, d)
	ends("p", 5)
	for i := range 5 {
		if key := fmt.Sprint("p", i); !isNew(key) || !newer.said("begin "+key+" 2") {
			t.Errorf("%s wasn't made by the new worker", key)
		}
	}

	// An old one leaves alone what a new one was at, and the new one finds it as it was.
	for i := range 5 {
		newer.tell("start q%d 0 1ms 0 1", i)
	}
	until(t, "the new worker is at them", func() bool { return newer.count("begin q") == 5 })
	newer.kill()
	var before [][]byte
	for i := range 5 {
		before = append(before, stored(fmt.Sprint("q", i)))
	}
	older = launch(t, d)
	older.tell("start last 0 3s 0") // longer than a lease, and until the ticks of the others have come more than once
	until(t, "an old call ends", func() bool { return older.said("end last") })
	e.sweep(t.Context(), true, 0)
	for i := range 5 {
		if b := stored(fmt.Sprint("q", i)); !bytes.Equal(b, before[i]) {
			t.Errorf("q%d was\n%s\nand is\n%s", i, before[i], b)
		}
	}
	if older.said("begin q") {
		t.Error("the old worker has made an attempt of a new call")
	}
	launchBy(t, bin, d)
	ends("q", 5)
	for i, err := range f.Calls(t.Context()) {
		if err != nil && i.State != Done {
			t.Errorf("%+v: %v", i, err)
		}
	}
}
