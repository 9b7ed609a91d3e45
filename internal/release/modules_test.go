package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree writes files below a new folder: their names and texts in turns.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(root, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestModulesComeAfterWhatTheyNeed(t *testing.T) {
	root := tree(t,
		"go.mod", "module x.org/m\n\ngo 1.26.0\n",
		"a/go.mod", "module x.org/m/a\n\ngo 1.26.0\n\nrequire (\n\tx.org/m v0.0.0\n\tx.org/m/z v0.0.0\n)\n",
		"z/go.mod", "module x.org/m/z\n\ngo 1.26.0\n\nrequire x.org/m v0.0.0\n",
		"z/internal/t/go.mod", "module x.org/m/z/internal/t\n\ngo 1.26.0\n\nrequire x.org/m/a v0.0.0\n",
		"z/testdata/go.mod", "module nonsense (\n",
		".x/go.mod", "module nonsense (\n",
	)
	ms, err := findModules(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range ms {
		name := m.tag("v1.2.3")
		if !m.published {
			name = "(" + m.dir + ")"
		}
		got = append(got, name)
	}
	if want := []string{"v1.2.3", "z/v1.2.3", "a/v1.2.3", "(z/internal/t)"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := sameGo(ms); err != nil {
		t.Error(err)
	}
}

func TestModulesThatCannotBeReleased(t *testing.T) {
	const top = "module x.org/m\n\ngo 1.26.0\n"
	for name, files := range map[string][]string{
		"need each other":       {"go.mod", top + "require x.org/m/a v0.0.0\n", "a/go.mod", "module x.org/m/a\n\ngo 1.26.0\n\nrequire x.org/m v0.0.0\n"},
		"a is published":        {"go.mod", top, "a/go.mod", "module x.org/m/a\n\ngo 1.26.0\n\nrequire x.org/m/bench v0.0.0\n", "bench/go.mod", "module x.org/m/bench\n\ngo 1.26.0\n"},
		"have the same path":    {"go.mod", top, "a/go.mod", top},
		"says go 1.27.0":        {"go.mod", top, "a/go.mod", "module x.org/m/a\n\ngo 1.27.0\n"},
		"has a toolchain line":  {"go.mod", top + "\ntoolchain go1.26.8\n"},
		"replaces x.org/other":  {"go.mod", top, "a/go.mod", "module x.org/m/a\n\ngo 1.26.0\n\nrequire x.org/m v0.0.0\n\nreplace x.org/other => ../b\n"},
		"replaces x.org/m,":     {"go.mod", top, "a/go.mod", "module x.org/m/a\n\ngo 1.26.0\n\nrequire x.org/m v0.0.0\n\nreplace x.org/m => x.org/fork v1.0.0\n"},
		"a/go.mod has no go li": {"go.mod", top, "a/go.mod", "module x.org/m/a\n"},
	} {
		ms, err := findModules(tree(t, files...))
		if err == nil {
			err = sameGo(ms)
		}
		for _, m := range ms {
			if _, editErr := m.require("v0.1.0", false); err == nil {
				err = editErr
			}
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, got %v", name, err)
		}
	}
}

func TestReleasedModulesRequireTheRelease(t *testing.T) {
	m := &module{dir: "a", needs: []string{"x.org/m"}, mod: []byte("module x.org/m/a\n\ngo 1.26.0\n\nrequire (\n\tx.org/b v1.0.0\n\tx.org/m v0.0.0\n)\n\nreplace x.org/m => ../\n")}
	for _, c := range []struct {
		replace bool
		want    string
	}{
		{false, "module x.org/m/a\n\ngo 1.26.0\n\nrequire (\n\tx.org/b v1.0.0\n\tx.org/m v0.1.0\n)\n"},
		{true, "module x.org/m/a\n\ngo 1.26.0\n\nrequire (\n\tx.org/b v1.0.0\n\tx.org/m v0.1.0\n)\n\nreplace x.org/m => ../\n"},
	} {
		if got, err := m.require("v0.1.0", c.replace); err != nil || string(got) != c.want {
			t.Errorf("got %q, %v; want %q", got, err, c.want)
		}
	}
}

func TestTestsBringNothingToUsers(t *testing.T) {
	const requires = "module x.org/m\n\ngo 1.26.0\n\nrequire x.org/a v0.0.0\n\nreplace x.org/a => ./a\n"
	files := []string{"go.mod", requires, "a/go.mod", "module x.org/a\n\ngo 1.26.0\n", "a/a.go", "package a\n"}
	for _, c := range []struct{ text, wrong string }{
		{"package m\n", "x.org/a"},
		{"package m\n\nimport _ \"x.org/a\"\n", ""},
		{"package main\n\nfunc main() {}\n", ""},
	} {
		test := "package " + strings.Fields(c.text)[1] + "\n\nimport _ \"x.org/a\"\n"
		root := tree(t, append(files, "m.go", c.text, "m_test.go", test)...)
		err := needsAll(t.Context(), root, &module{dir: ".", path: "x.org/m", mod: []byte(requires)})
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
