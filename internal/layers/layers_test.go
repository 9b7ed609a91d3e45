package layers

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCycles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go":      "package p\nimport \"time\"\ntype A struct{ d time.Duration }\nfunc (A) b() { C() }\n",
		"b.go":      "package p\nfunc B(a A) { a.b() }\n",
		"c.go":      "package p\nfunc C() { B(A{}) }\n",
		"d.go":      "package p\nvar D = C\n",
		"a_test.go": "package p\nvar _ = D\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	uses, err := Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := Cycles(uses); !slices.Equal(got, []string{"a.go uses C of c.go; c.go uses A of a.go", "a.go uses C of c.go; c.go uses B of b.go; b.go uses b of a.go"}) &&
		!slices.Equal(got, []string{"a.go uses C of c.go; c.go uses A of a.go", "a.go uses C of c.go; c.go uses B of b.go; b.go uses A of a.go"}) {
		t.Errorf("%q", got)
	}
	delete(uses, "a.go")
	if got := Cycles(uses); got != nil || uses["d.go"]["c.go"] != "C" {
		t.Errorf("%q %v", got, uses)
	}
}
