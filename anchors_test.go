package retry_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	literal  = regexp.MustCompile("(?s)```.*?```")
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	target   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	unlinked = regexp.MustCompile(`[^\pL\pN_ -]`)
	anchor   = regexp.MustCompile(`\]\(([^)#:\s]*)#([^)\s]+)\)`)
)

// anchors returns the names that GitHub gives to the headings of a page.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(literal.ReplaceAllString(page, ""), -1) {
		text := strings.ToLower(target.ReplaceAllString(m[1], "$1"))
		all[strings.ReplaceAll(unlinked.ReplaceAllString(text, ""), " ", "-")] = true
	}
	return all
}

// A link to a section of a page leads to a heading that is there.
func TestLinksToSectionsLeadSomewhere(t *testing.T) {
	pages := documents(t)
	links := 0
	for p, text := range pages {
		for _, m := range anchor.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			links++
			to := p
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(p), filepath.FromSlash(m[1]))
			}
			if !anchors(pages[to])[m[2]] {
				t.Errorf("%s has a link to %s#%s, which there isn't", p, to, m[2])
			}
		}
	}
	if links < 20 {
		t.Errorf("there are %d links to sections, so most weren't found", links)
	}
}
