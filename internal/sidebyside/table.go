// Package sidebyside keeps the tables of the documentation true that say what an adapter and its peers do in the same scenario. The
// scenarios are tests, in modules of their own that have the peers.
package sidebyside

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A Table is a table of a page: a row for each question, a column for each way.
type Table struct {
	Page    string // its path, seen from the test
	Columns []string

	mu        sync.Mutex
	questions []string
	answers   map[[2]string]string
}

// Saw notes the answer to a question that the test has seen.
func (t *Table) Saw(question, column string, answer any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.Columns, column) {
		panic("sidebyside: there is no column " + column)
	}
	if t.answers == nil {
		t.answers = map[[2]string]string{}
	}
	if !slices.Contains(t.questions, question) {
		t.questions = append(t.questions, question)
	}
	t.answers[[2]string{question, column}] = fmt.Sprint(answer)
}

// Main runs the tests and returns the code to exit with. A row of which all columns were seen must be on the page as it is. With -v
// the rows are printed.
func (t *Table) Main(m *testing.M) int {
	code := m.Run()
	page, err := os.ReadFile(t.Page)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for _, row := range t.rows(testing.Verbose()) {
		if !strings.Contains(string(page), row+"\n") && code == 0 {
			fmt.Printf("%s hasn't the row that was seen:\n%s\n", t.Page, row)
			code = 1
		}
	}
	return code
}

// rows returns the rows that are whole, and prints all of them if it is asked to.
func (t *Table) rows(print bool) (whole []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, q := range t.questions {
		row, missing := "| "+q, false
		for _, c := range t.Columns {
			a, ok := t.answers[[2]string{q, c}]
			missing = missing || !ok
			row += " | " + a
		}
		row += " |"
		if print {
			fmt.Println(row)
		}
		if !missing {
			whole = append(whole, row)
		}
	}
	return whole
}
