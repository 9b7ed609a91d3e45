// Defaults runs the simulations that the defaults were chosen by, and writes their tables into a document, between pairs of comments
// such as <!-- budgets --> and <!-- /budgets -->.
//
//	go run ./retrysim/internal/defaults                      # prints all tables; takes minutes
//	go run ./retrysim/internal/defaults budgets              # one of them
//	go run ./retrysim/internal/defaults -write docs/defaults.md
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var tables = []struct {
	name string
	make func() table
}{
	{"schedules", schedules},
	{"budgets", budgets},
	{"patience", patience},
	{"jitter", jitters},
	{"queues", queues},
	{"outages", outages},
}

func main() {
	path := flag.String("write", "", "write the tables into this document")
	flag.Parse()
	doc := ""
	if *path != "" {
		b, err := os.ReadFile(*path)
		if err != nil {
			fatal(err)
		}
		doc = string(b)
	}
	for _, t := range tables {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), t.name) {
			continue
		}
		text := t.make().String()
		fmt.Printf("%s:\n\n%s\n", t.name, text)
		if *path != "" {
			place := regexp.MustCompile(`(?s)(<!-- ` + t.name + ` -->\n).*?(<!-- /` + t.name + ` -->)`)
			if !place.MatchString(doc) {
				fatal(fmt.Errorf("defaults: %s has no place for the table %s", *path, t.name))
			}
			doc = place.ReplaceAllString(doc, "${1}"+text+"${2}")
		}
	}
	if *path != "" {
		if err := os.WriteFile(*path, []byte(doc), 0o644); err != nil {
			fatal(err)
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A table is rows of cells. The first row is the heading.
type table [][]string

// String returns the table in Markdown.
func (t table) String() string {
	var b strings.Builder
	for i, row := range t {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat(" --- |", len(row)))
		}
	}
	return b.String()
}

func (t *table) add(cells ...string) {
	*t = append(*t, cells)
	fmt.Fprintln(os.Stderr, strings.Join(cells, " | "))
}
