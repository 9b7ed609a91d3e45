package main

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// docs/migrating.md has the counts of all programs, and of no others.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+) (v\S+): [^|]*\|[^|]*\| (\d+) \| (\d+) \| (\d+) \|`).FindAllStringSubmatch(string(page), -1) {
		rows[m[1]+" "+m[2]] = fmt.Sprint(m[3:])
	}
	for _, p := range programs {
		name := p.module + " " + p.version
		if want := fmt.Sprint([]int{p.want.rewritten, p.want.explained, p.want.left}); rows[name] != want {
			t.Errorf("%s: the page has %s, want %s", name, rows[name], want)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("%s is on the page only", name)
	}
}

// A test that passed before and doesn't pass after, or isn't there any more, is told of.
func TestCompare(t *testing.T) {
	before := map[string]bool{"same": true, "broken": true, "gone": true, "bad": false}
	after := map[string]bool{"same": true, "broken": false, "bad": true}
	if wrong := compare(before, after); fmt.Sprint(wrong) != "[broken passed before the change only gone passed before the change only]" {
		t.Error(wrong)
	}
	if wrong := compare(nil, nil); len(wrong) != 1 {
		t.Error("no test at all:", wrong)
	}
}
