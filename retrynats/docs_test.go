package retrynats

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The document names the test of each rule and of each trap, and none that doesn't exist.
func TestTheDocumentNamesTheTests(t *testing.T) {
	b, err := os.ReadFile("../docs/durable.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, have := string(b), map[string]bool{}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(src, -1) {
			have[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(doc, -1) {
		if named[m[1]] = true; !have[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	rules := 0
	for name := range have {
		if !regexp.MustCompile(`^Test(Rule|Trap)\d`).MatchString(name) {
			continue
		}
		if rules++; !named[name] {
			t.Errorf("%s isn't named", name)
		}
	}
	// What had to be known is known by a test, each of it.
	_, known, _ := strings.Cut(doc, "\n## What had to be known\n")
	items := regexp.MustCompile(`(?m)^\d+\. `).Split(known, -1)[1:]
	for i, item := range items {
		if !strings.Contains(item, "`Test") {
			t.Errorf("number %d of what had to be known names no test", i+1)
		}
	}
	if len(items) < 12 {
		t.Errorf("only %d of what had to be known was found", len(items))
	}
	if rules < 40 {
		t.Errorf("only %d tests of rules and traps were found", rules)
	}
}
