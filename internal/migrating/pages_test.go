// Package migrating keeps the pages of docs/migrating true: the code on a page is code of the package of the same name below, which
// compiles with the other library and with this one, and whose tests compare what both do.
package migrating

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Where the pages are, and the package of each.
const pages = "../../docs/migrating"

func packageOf(page string) string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(page), ".md"), "-", "")
}

var (
	space = regexp.MustCompile(`\s+`)
	comma = regexp.MustCompile(`,([})\]])`)
	span  = regexp.MustCompile("`([^`]+)`")
	block = regexp.MustCompile("(?s)```go\n(.*?)```")
)

// plain makes code that differs in nothing but its lines the same.
func plain(code string) string { return comma.ReplaceAllString(space.ReplaceAllString(code, ""), "$1") }

func read(t *testing.T, files ...string) string {
	t.Helper()
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// absent returns the parts of a piece of code that aren't in the program. Parts are separated by "…".
func absent(code, program string) (all []string) {
	for part := range strings.SplitSeq(strings.ReplaceAll(code, `\|`, "|"), "…") {
		if p := strings.Trim(plain(part), ","); !strings.Contains(program, p) {
			all = append(all, part)
		}
	}
	return all
}

func TestPagesAreWhatCompiles(t *testing.T) {
	found, _ := filepath.Glob(pages + "/*.md")
	if len(found) < 13 {
		t.Fatalf("found only %d pages", len(found))
	}
	for _, page := range found {
		dir := packageOf(page)
		name := filepath.Base(page)
		text := read(t, page)
		after := plain(read(t, dir+"/after.go", dir+"/migrating_test.go", "names_test.go"))
		before := "" // pages for other languages have none
		if _, err := os.Stat(dir + "/before.go"); err == nil {
			before = plain(read(t, dir+"/before.go"))
		}
		rows := 0
		inTable := false
		for line := range strings.Lines(text) {
			cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
			if len(cells) != 4 {
				inTable = false
				continue
			}
			if strings.TrimSpace(cells[1]) == "you wrote" && strings.TrimSpace(cells[2]) == "you write" {
				inTable = true
				continue
			}
			if !inTable || strings.HasPrefix(strings.TrimSpace(cells[1]), "---") {
				continue
			}
			rows++
			for i, program := range []string{before, after} {
				if program == "" {
					continue
				}
				for _, m := range span.FindAllStringSubmatch(strings.ReplaceAll(cells[i+1], "\x00", "|"), -1) {
					for _, part := range absent(m[1], program) {
						t.Errorf("%s: %q isn't in %s/%s", name, part, dir, []string{"before.go", "after.go"}[i])
					}
				}
			}
		}
		if rows < 7 {
			t.Errorf("%s has only %d rows of what was written and what is", name, rows)
		}
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			if parts := absent(m[1], before+after); len(parts) > 0 {
				t.Errorf("%s: this isn't in %s:\n%s", name, dir, m[1])
			}
		}
	}
}

// Each package has its page, and docs/migrating.md leads to each page.
func TestPagesAreFound(t *testing.T) {
	index := read(t, "../../docs/migrating.md")
	found, _ := filepath.Glob(pages + "/*.md")
	var dirs []string
	for _, page := range found {
		dirs = append(dirs, packageOf(page))
		if !strings.Contains(index, "(migrating/"+filepath.Base(page)+")") {
			t.Errorf("docs/migrating.md doesn't lead to %s", filepath.Base(page))
		}
	}
	packages, _ := filepath.Glob("*/after.go")
	for _, p := range packages {
		if dir := filepath.Dir(p); !slices.Contains(dirs, dir) {
			t.Errorf("%s has no page", dir)
		}
	}
}

func TestAbsentIsSeen(t *testing.T) {
	program := plain("retry.Policy{\n\tAttempts: 4,\n\tWithin:   time.Minute,\n}\nretry.Do(ctx, policy, fetch)")
	if a := absent("retry.Policy{Attempts: 4, Within: time.Minute}", program); len(a) > 0 {
		t.Errorf("%q is there", a)
	}
	if a := absent("retry.Do(…, fetch)", program); len(a) > 0 {
		t.Errorf("%q is there", a)
	}
	if a := absent("retry.Do(…, load)", program); len(a) != 1 {
		t.Errorf("only %q is absent", a)
	}
}
