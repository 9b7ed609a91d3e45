package migrate_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/callagain/retry/retryvet/migrate"
)

// A file whose lines end in CR LF is rewritten to what it would be otherwise, and its lines still end so; one in which only some do
// comes out with LF.
func TestLineEnds(t *testing.T) {
	dir := copied(t)
	raw := "package v4\n\nimport (\n\t\"errors\"\n\n\t\"github.com/cenkalti/backoff/v4\"\n)\n\n/* a comment\nof two lines */\nconst text = `a\nb`\n\n" +
		"func Raw() error {\n\t// before\n\tb := backoff.NewExponentialBackOff()\n\treturn backoff.Retry(func() error { return errors.New(text + `c\nd`) }, b)\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "v4", "raw.go"), []byte(raw), 0o666); err != nil {
		t.Fatal(err)
	}
	rewrite := func() *migrate.Result {
		r, err := migrate.Run(dir, "./v4", "./odd4", "./rh", "./oddavast")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	lf := rewrite()
	mixed := filepath.Join(dir, "v4", "b.go")
	dos := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
	for _, f := range lf.Files {
		text := dos(f.Old)
		if f.Name == mixed {
			text = bytes.Replace(f.Old, []byte("\n"), []byte("\r\n"), 2)
		}
		if f.Old == nil { // added
			continue
		}
		if err := os.WriteFile(f.Name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got := rewrite()
	if !slices.Equal(got.Items, lf.Items) {
		t.Errorf("with CR LF the list is\n%v\nwant\n%v", got.Items, lf.Items)
	}
	if len(got.Files) != len(lf.Files) {
		t.Fatalf("%d files change, want %d", len(got.Files), len(lf.Files))
	}
	for i, f := range lf.Files {
		want := dos(f.New)
		if f.Name == mixed || f.Old == nil {
			want = f.New
		}
		if now := got.Files[i]; now.Name != f.Name || !bytes.Equal(now.New, want) {
			t.Errorf("%s became %q, want %q", now.Name, now.New, want)
		}
		if f.Old != nil {
			if now, err := os.ReadFile(f.Name); err != nil || !bytes.Equal(now, got.Files[i].Old) {
				t.Errorf("%s: Old is not what is there (%v)", f.Name, err)
			}
		}
	}
}
