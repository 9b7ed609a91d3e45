package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestEveryModuleOfTheTreeIsFound(t *testing.T) {
	root := t.TempDir()
	for _, f := range []string{"go.mod", "a/go.mod", "a/b/go.mod", "retrynats/go.mod", ".hidden/go.mod", "x/testdata/go.mod", "c/main.go"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(f)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, f), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	got, err := modules(".")
	if want := []string{"retrynats", ".", "a", "a/b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %q, %v; want %q", got, err, want)
	}
	if _, err := modules("c"); err == nil {
		t.Error("a folder that is no root was taken for one")
	}
	if err := run(false, false, false, 1, "", false, []string{"nowhere"}); err == nil {
		t.Error("a folder that is no module was accepted")
	}
}

func TestFuzzTargetsAreThoseOfTheModuleItself(t *testing.T) {
	root := t.TempDir()
	for f, text := range map[string]string{
		"go.mod":               "",
		"a_test.go":            "func FuzzA(f *testing.F) {}\nfunc TestA(t *testing.T) {}\n// func FuzzNo(\n",
		"b/b_test.go":          "func FuzzB(f *testing.F) {}\nfunc FuzzC(f *testing.F) {}\n",
		"b/testdata/x_test.go": "func FuzzD(f *testing.F) {}\n",
		"c/go.mod":             "",
		"c/c_test.go":          "func FuzzE(f *testing.F) {}\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(f)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, f), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	all, err := modules(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := targets(all, ".")
	if want := []target{{".", ".", "FuzzA"}, {".", "b", "FuzzB"}, {".", "b", "FuzzC"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %v, %v; want %v", got, err, want)
	}
	if got, err := targets(all, "c"); err != nil || !slices.Equal(got, []target{{"c", ".", "FuzzE"}}) {
		t.Errorf("found %v, %v in the module below", got, err)
	}
}

func TestEndOfTheOutputIsKept(t *testing.T) {
	out := []byte("=== RUN X\n--- PASS: X\n    x_test.go:1: it broke\n--- FAIL: Y\nok  \tp\t0.1s\n")
	if got, want := tail(out), "    x_test.go:1: it broke\n--- FAIL: Y\nok  \tp\t0.1s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := packages(out); got != "      ok  \tp\t0.1s\n" {
		t.Errorf("got %q", got)
	}
}
