package migrate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callagain/retry/retryvet/migrate"
)

var update = flag.Bool("update", false, "write the .golden files of testdata")

// copied returns a copy of testdata.
func copied(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	mod := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	_, rel, _ := strings.Cut(string(text), "github.com/callagain/retry => ")
	rel = strings.TrimSpace(rel)
	root := rel
	if !filepath.IsAbs(rel) {
		if root, err = filepath.Abs(filepath.Join("testdata", rel)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(mod, []byte(strings.Replace(string(text), "=> "+rel, "=> "+root, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func gocmd(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Each program of testdata becomes what its rewritten.golden says, with the same list of what was done; it compiles and passes
// its tests before and after, which compare the times of its attempts; and rewriting it again changes nothing.
func TestRewrite(t *testing.T) {
	dir := copied(t)
	gocmd(t, dir, "test", "./...")
	got := map[string]*bytes.Buffer{} // by package
	in := func(name string) (*bytes.Buffer, string) {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		pkg, base := filepath.Split(rel)
		if got[pkg] == nil {
			got[pkg] = new(bytes.Buffer)
		}
		return got[pkg], base
	}
	var notes bytes.Buffer
	for _, patterns := range runs(t, dir) {
		r, err := migrate.Run(dir, patterns...)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range r.Items {
			out, base := in(i.Pos.Filename)
			i.Pos.Filename = base
			fmt.Fprintln(out, i)
		}
		for _, n := range r.Notes {
			fmt.Fprintln(&notes, n)
		}
		for _, f := range r.Files {
			out, base := in(f.Name)
			fmt.Fprintf(out, "\n-- %s --\n%s", base, f.New)
			if err := os.WriteFile(f.Name, f.New, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for pkg, out := range got {
		golden(t, filepath.Join("testdata", pkg, "rewritten.golden"), out.Bytes())
	}
	golden(t, filepath.Join("testdata", "notes.golden"), notes.Bytes())
	gocmd(t, dir, "vet", "./...")
	gocmd(t, dir, "test", "./...")

	for _, patterns := range runs(t, dir) {
		again, err := migrate.Run(dir, patterns...)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Files) > 0 {
			t.Errorf("rewritten again, %s and %d other files change", again.Files[0].Name, len(again.Files)-1)
		}
		for _, i := range again.Items {
			if i.Kind != migrate.Left {
				t.Errorf("rewritten again: %v", i)
			}
		}
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the result is not that of %s:\n%s", name, got)
	}
}

// runs returns the packages of dir that are rewritten together: most of them, and each of those called alone….
func runs(t *testing.T, dir string) (all [][]string) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all = [][]string{nil}
	seen := map[string]bool{}
	for _, f := range found {
		name := filepath.Base(filepath.Dir(f))
		switch {
		case seen[name]:
		case strings.HasPrefix(name, "alone"):
			all = append(all, []string{"./" + name})
		default:
			all[0] = append(all[0], "./"+name)
		}
		seen[name] = true
	}
	return all
}

// A program that doesn't compile isn't touched.
func TestBroken(t *testing.T) {
	dir := copied(t)
	if err := os.WriteFile(filepath.Join(dir, "v4", "broken.go"), []byte("package v4\n\nvar x int = \"\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if r, err := migrate.Run(dir, "./v4"); err == nil || r != nil {
		t.Errorf("the result is %v, %v; want an error", r, err)
	}
}
